"""Teams, one row each, whose changes are published."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.people.roles import VENDOR
from chalicelib.domain.people.teams import Invitation, Membership, Team
from chalicelib.models.base import DataAttribute, InstantAttribute, Row
from chalicelib.models.transactions import Put, subject_unchanged

PREFIX = "team#"


class TeamRow(Row[Team]):
    holds = Team

    class Meta:
        table_name = TableName("people_table")

    id = UnicodeAttribute(hash_key=True)
    partner_id = UnicodeAttribute(null=True)
    updated_at = InstantAttribute()
    members = DataAttribute[tuple[Membership, ...]](tuple[Membership, ...], null=True)
    invitations = DataAttribute[tuple[Invitation, ...]](tuple[Invitation, ...], null=True)
    revision = NumberAttribute(null=True)
    version = NumberAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()
    payload: Any = JSONAttribute(null=True, attr_name="told")
    """What the event says."""


def get(team_id: str) -> Team:
    """A team, read consistently; one without people if there is no row."""
    try:
        team = TeamRow.get(_key(team_id), consistent_read=True).value()
    except TeamRow.DoesNotExist:
        return Team(team_id)
    return replace(team, id=team_id)


def put(team: Team, *, event: str, payload: Mapping[str, Any], actor: str, now: datetime) -> Put:
    """The write of a team and of the event that says what changed, on condition that nobody else has written it."""
    changed = replace(team, id=_key(team.id), updated_at=now, revision=team.revision + 1, version=team.version + 1)
    partner_id = None if team.id == VENDOR else team.id
    row = TeamRow.of(changed, partner_id=partner_id, event=event, payload=dict(payload), actor=actor)
    return Put(row, subject=changed.id, condition=subject_unchanged(TeamRow, team.version))


def _key(team_id: str) -> str:
    return f"{PREFIX}{team_id}"
