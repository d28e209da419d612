"""Sessions of the portal, by a hash of the token that the browser holds."""

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.people.roles import Role
from chalicelib.domain.people.sessions import Session
from chalicelib.models.base import EnumAttribute, InstantAttribute, Row
from chalicelib.models.transactions import Put, Remove


class PortalSessionRow(Row[Session]):
    holds = Session

    class Meta:
        table_name = TableName("people_table")

    id = UnicodeAttribute(hash_key=True)
    person_id = UnicodeAttribute()
    team_id = UnicodeAttribute()
    email = UnicodeAttribute()
    name = UnicodeAttribute()
    language = UnicodeAttribute()
    role = EnumAttribute(Role)
    csrf = UnicodeAttribute()
    begun_at = InstantAttribute()
    ends_at = InstantAttribute()
    app_needed = BooleanAttribute(null=True)
    expires_at = NumberAttribute()
    """When DynamoDB may delete the row, in Unix seconds. No rule depends on it."""


def get(session_id: str) -> Session | None:
    """A session, read consistently, so that one that was ended is found no more."""
    try:
        return PortalSessionRow.get(session_id, consistent_read=True).value()
    except PortalSessionRow.DoesNotExist:
        return None


def put(session: Session) -> Put:
    """The write of a new session."""
    row = PortalSessionRow.of(session, expires_at=int(session.ends_at.timestamp()))
    return Put(row, subject=session.id, condition=PortalSessionRow.id.does_not_exist())


def put_changed(session: Session) -> Put:
    """The write of a session of whose person something is different now, if it has not ended."""
    row = PortalSessionRow.of(session, expires_at=int(session.ends_at.timestamp()))
    return Put(row, subject=session.id, condition=PortalSessionRow.id.exists())


def remove(session_id: str) -> Remove:
    """The write that ends a session. DynamoDB may have deleted it before."""
    whatever = PortalSessionRow.id.exists() | PortalSessionRow.id.does_not_exist()
    return Remove(PortalSessionRow(session_id), subject=session_id, condition=whatever)
