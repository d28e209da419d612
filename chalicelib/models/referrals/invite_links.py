"""Invite links, in the table of set-ups; their names, in the table of names; counts in rows of their own.

A count is written with every visit. In the link's own row it would publish an event each time and get in the way of
whoever changes the link.
"""

from dataclasses import replace
from datetime import datetime

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.aws import Table
from chalicelib.config import TableName
from chalicelib.domain.referrals.invite_links import Experience, HighlightedPlan, InviteLink, Traffic
from chalicelib.models.base import DataAttribute, InstantAttribute, Row
from chalicelib.models.transactions import Put, subject_unchanged

PREFIX = "invite#"


class InviteLinkRow(Row[InviteLink]):
    holds = InviteLink

    class Meta:
        table_name = TableName("setups_table")

    id = UnicodeAttribute(hash_key=True)
    partner_id = UnicodeAttribute()
    pn = UnicodeAttribute()
    experiences = DataAttribute[tuple[Experience, ...]](tuple[Experience, ...])
    created_at = InstantAttribute()
    updated_at = InstantAttribute()
    highlighted_plans = DataAttribute[tuple[HighlightedPlan, ...]](tuple[HighlightedPlan, ...], null=True)
    earlier_pns = DataAttribute[tuple[str, ...]](tuple[str, ...], null=True)
    revision = NumberAttribute(null=True)
    version = NumberAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()


class PnRow(Table):
    """Whose a name is, for good: the row is the lock, and nothing deletes it. No account can have such a name."""

    class Meta:
        table_name = TableName("names_table")

    name = UnicodeAttribute(hash_key=True)
    partner_id = UnicodeAttribute()
    taken_at = InstantAttribute()


class TrafficRow(Table):
    class Meta:
        table_name = TableName("setups_table")

    id = UnicodeAttribute(hash_key=True)
    visits = NumberAttribute(null=True)
    sign_ups = NumberAttribute(null=True)


def subject(pn: str) -> str:
    """How a name is called when a write finds it taken."""
    return f"pn:{pn}"


def take_pn(pn: str, *, partner_id: str, now: datetime) -> Put:
    """The write that makes a name the partner's, unless it is another's."""
    free = PnRow.name.does_not_exist() | (PnRow.partner_id == partner_id)
    return Put(PnRow(f"pn#{pn}", partner_id=partner_id, taken_at=now), subject=subject(pn), condition=free)


def partner_of(pn: str) -> str | None:
    """The partner to whom a name leads, whether it has it now or had it earlier."""
    try:
        partner_id: str = PnRow.get(f"pn#{pn}", consistent_read=True).partner_id
    except PnRow.DoesNotExist:
        return None
    return partner_id


def put(link: InviteLink, *, actor: str, event: str) -> Put:
    """The write of a link. Without an ``event`` none is published."""
    revision = link.revision + (1 if event else 0)
    changed = replace(link, version=link.version + 1, revision=revision)
    row = InviteLinkRow.of(changed, id=_id(link.partner_id), actor=actor, event=event)
    return Put(row, subject=_id(link.partner_id), condition=subject_unchanged(InviteLinkRow, link.version))


def stored(put: Put) -> InviteLink:
    """The link as a ``put`` leaves it in the table."""
    assert isinstance(put.row, InviteLinkRow)
    return put.row.value()


def get(partner_id: str) -> InviteLink | None:
    try:
        return InviteLinkRow.get(_id(partner_id), consistent_read=True).value()
    except InviteLinkRow.DoesNotExist:
        return None


def traffic(partner_id: str) -> Traffic:
    """The counts of a partner's link; zero before the first visit."""
    try:
        row = TrafficRow.get(_traffic_id(partner_id))
    except TrafficRow.DoesNotExist:
        return Traffic()
    return Traffic(visits=int(row.visits or 0), sign_ups=int(row.sign_ups or 0))


def count_visit(partner_id: str) -> None:
    TrafficRow(_traffic_id(partner_id)).update(actions=[TrafficRow.visits.add(1)])


def count_sign_up(partner_id: str) -> None:
    TrafficRow(_traffic_id(partner_id)).update(actions=[TrafficRow.sign_ups.add(1)])


def _id(partner_id: str) -> str:
    return f"{PREFIX}{partner_id}"


def _traffic_id(partner_id: str) -> str:
    return f"traffic#{partner_id}"
