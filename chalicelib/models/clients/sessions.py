"""Sessions that were ended by logging out. A session is a signed token; only its end is stored."""

from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.accounts.accounts import Account
from chalicelib.models.clients.client_access import AccessRow
from chalicelib.models.transactions import Put

_KEPT_FOR = timedelta(days=1)
"""After the token has expired, since DynamoDB deletes by its own clock, not by ours."""


class EndedSessionRow(AccessRow):
    """Its id is a claim of the session's signed token; the id alone opens nothing."""

    class Meta(AccessRow.Meta):
        pass

    session_id = UnicodeAttribute()


def has_ended(session_id: str) -> bool:
    """Whether somebody logged out of this session."""
    try:
        EndedSessionRow.get(_id(session_id), consistent_read=True)
    except EndedSessionRow.DoesNotExist:
        return False
    return True


def put_ended(account: Account, session_id: str, *, now: datetime, ends_at: datetime, actor: str) -> Put:
    """The write of a log-out, once for each session. It publishes no event, and neither does a log-in."""
    row = EndedSessionRow(
        _id(session_id),
        session_id=session_id,
        account_id=account.id,
        partner_id=account.partner_id,
        updated_at=now,
        actor=actor,
        event="",
        revision=1,
        expires_at=int((ends_at + _KEPT_FOR).timestamp()),
    )
    return Put(row, subject=row.id, condition=EndedSessionRow.id.does_not_exist())


def _id(session_id: str) -> str:
    return f"session#{session_id}"
