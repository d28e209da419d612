"""Which notices were sent to whom, so that a repeated event is not mailed again."""

import hashlib
from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError

from chalicelib.aws import Table
from chalicelib.config import TableName
from chalicelib.models.base import InstantAttribute

_CLAIMED_FOR = timedelta(minutes=10)
"""An unsent claim older than this is void: it is longer than a function runs."""
_KEPT = timedelta(days=60)
"""Longer than events are mailed, so that no record is deleted too early."""


class NoticeRow(Table):
    """One event and one address, stored only as a hash."""

    class Meta:
        table_name = TableName("notices_table")

    id = UnicodeAttribute(hash_key=True)
    claimed_by = UnicodeAttribute()
    claimed_at = InstantAttribute()
    sent_at = InstantAttribute(null=True)
    mail_id = UnicodeAttribute(null=True)
    expires_at = NumberAttribute()


class ClaimedByAnother(Exception):
    """Another message with the event is being mailed now; its outcome is unknown."""


def claim(event_id: str, address: str, *, by: str, now: datetime) -> NoticeRow | None:
    """Claim the sending of a notice; None when it was sent already.

    ``by`` is the id of the queue message: when it is delivered again, its first delivery is over, and
    it may use its own claim. Raises :class:`ClaimedByAnother`.
    """
    row = NoticeRow(
        f"{event_id}#{hashlib.sha256(address.casefold().encode()).hexdigest()[:16]}",
        claimed_by=by,
        claimed_at=now,
        expires_at=int((now + _KEPT).timestamp()),
    )
    is_free = NoticeRow.id.does_not_exist() | (NoticeRow.claimed_by == by) | (NoticeRow.claimed_at < now - _CLAIMED_FOR)
    try:
        row.save(condition=NoticeRow.sent_at.does_not_exist() & is_free)
    except PutError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        if NoticeRow.get(row.id, consistent_read=True).sent_at is None:
            raise ClaimedByAnother(event_id) from error
        return None
    return row


def remember_sent(row: NoticeRow, *, mail_id: str, now: datetime) -> None:
    """Record that a notice was sent."""
    row.sent_at = now
    row.mail_id = mail_id
    row.save()
