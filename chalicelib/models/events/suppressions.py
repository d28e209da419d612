"""Addresses that get no more mail: it bounced, or somebody complained of it."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError

from chalicelib.config import TableName
from chalicelib.domain.events.suppressions import Reason, Suppression
from chalicelib.models.base import EnumAttribute, InstantAttribute, Row


class SuppressionRow(Row[Suppression]):
    """Partner and account are those whose mail it was; the address is suppressed for all."""

    holds = Suppression

    class Meta:
        table_name = TableName("suppressions_table")

    address = UnicodeAttribute(hash_key=True)
    reason = EnumAttribute(Reason)
    detail = UnicodeAttribute()
    at = InstantAttribute()
    partner_id = UnicodeAttribute(null=True)
    account_id = UnicodeAttribute(null=True)
    revision = NumberAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()

    @property
    def id(self) -> str:
        """The source of its event's id."""
        return str(self.address)


def add(suppression: Suppression, *, actor: str) -> bool:
    """Suppress an address; False if it already was."""
    event = "notice.bounced" if suppression.reason is Reason.BOUNCE else "notice.complained"
    row = SuppressionRow.of(suppression, revision=1, actor=actor, event=event)
    try:
        row.save(condition=SuppressionRow.address.does_not_exist())
    except PutError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        return False
    return True


def is_suppressed(address: str) -> bool:
    return SuppressionRow.count(address.casefold(), consistent_read=True) > 0
