"""Operators' messages about accounts: rows of a table whose stream publishes them and so has them mailed."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.events.messages import Message, MessageKind
from chalicelib.models.base import EnumAttribute, InstantAttribute, Row
from chalicelib.models.transactions import Put

PREFIX = "msg_"


class MessageRow(Row[Message]):
    holds = Message

    class Meta:
        table_name = TableName("access_table")

    id = UnicodeAttribute(hash_key=True)
    account_id = UnicodeAttribute()
    partner_id = UnicodeAttribute()
    kind = EnumAttribute(MessageKind)
    subject = UnicodeAttribute()
    text = UnicodeAttribute()
    to = UnicodeAttribute()
    sent_at = InstantAttribute()
    fingerprint = UnicodeAttribute()
    revision = NumberAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()


def put(message: Message, *, actor: str) -> Put:
    """The write of a new message."""
    row = MessageRow.of(message, revision=1, actor=actor, event="account.message_sent")
    return Put(row, subject=message.id, condition=MessageRow.id.does_not_exist())


def get(message_id: str) -> Message | None:
    """The message, read consistently; other ids in the table name none."""
    if not message_id.startswith(PREFIX):
        return None
    try:
        return MessageRow.get(message_id, consistent_read=True).value()
    except MessageRow.DoesNotExist:
        return None
