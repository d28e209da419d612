"""People for tests: who is in a team without having been invited."""

from dataclasses import replace

from chalicelib.config import settings
from chalicelib.domain.events.events import Event
from chalicelib.domain.people.persons import Person, id_of
from chalicelib.domain.people.roles import Role
from chalicelib.domain.people.teams import Membership
from chalicelib.models import changes
from chalicelib.models.partners import partners as partner_rows
from chalicelib.models.people import persons as person_rows
from chalicelib.models.people import teams as team_rows
from chalicelib.models.people.teams import TeamRow
from chalicelib.models.transactions import commit
from chalicelib.services.accounts import passwords
from chalicelib.services.events import payloads
from tests import notices
from tests.builders import NOW

PARTNER = "prt_1"
PASSWORD = "twelve-green-bottles"


def make_partner(partner_id: str = PARTNER, *, house: bool = False) -> None:
    """A partner that teams and invitations may name."""
    partner = notices.make_partner(id=partner_id, house=house)
    commit([partner_rows.put(partner, actor="test", event="partner.created")])


def make_person(email="ann@agency.example", *, team=PARTNER, role=Role.OWNER, name="Ann", password=PASSWORD) -> Person:
    """A person in a team; the same address again joins another team."""
    person = person_rows.get(id_of(email)) or Person(
        id=id_of(email),
        email=email,
        name=name,
        language="en",
        password_hash=passwords.hash_password(password),
        created_at=NOW,
        updated_at=NOW,
    )
    joined = team_rows.get(team)
    joined = replace(joined, members=(*joined.members, Membership(person.id, role, NOW)))
    put = team_rows.put(joined, event="member.joined", payload={}, actor=person.actor, now=NOW)
    commit([person_rows.put(replace(person, teams=(*person.teams, team))), put])
    return person_rows.get(person.id)


def last_event(team: str = PARTNER) -> Event | None:
    """What the last write of a team is published as."""
    image = TeamRow.get(f"team#{team}").serialize()
    return next(payloads.event_of(each) for each in changes.to_publish(settings().people_table, None, image))
