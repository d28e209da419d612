"""Notices to a person about its own sign-in, and its place in a team (docs/rules.md §8, §11)."""

from chalicelib.domain.events.events import Event
from chalicelib.domain.events.notices.composition import Notice
from chalicelib.domain.events.notices.facts import Moment
from chalicelib.domain.events.notices.kinds import ABOUT_A_SIGN_IN, kind_of
from chalicelib.domain.events.notices.places import place_of
from chalicelib.domain.events.notices.recipients import Reason, Recipient


def compose(event: Event, *, team: str, time_zone: str, portal: str | None) -> Notice:
    """The notice of an event about a person: to its address and in its language, whoever did it.

    ``team`` is what the team is called, ``time_zone`` where it is, ``portal`` the portal's address, if it is known.
    """
    kind = kind_of(event)
    assert kind is not None
    data = event.data
    to = Recipient(data["email"], data.get("language", ""), Reason.PERSON)  # events of before had no language
    place = place_of(event, kind, reason=to.reason) if portal else None
    return Notice(
        kind=kind,
        recipient=to,
        facts={
            "at": Moment(event.at, time_zone),
            "team": team,
            "role": data.get("role"),
            "codes_left": data.get("codes_left"),
        },
        errand=place.errand if place else None,
        page=f"{portal}/{place.path}" if place else None,
    )


def once_of(event: Event) -> str:
    """By what two notices to an address are the same one, so that it is mailed once.

    A change of a sign-in is an event in the log of each of the person's teams, at the same instant: one notice."""
    if kind_of(event) not in ABOUT_A_SIGN_IN:
        return event.id
    return f"{event.type}:{event.data['person_id']}:{event.at.isoformat()}"
