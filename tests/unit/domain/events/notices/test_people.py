"""Who signs in to the portal is told what changes about its sign-in and in its teams (docs/rules.md §8, §11)."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.events.events import Event
from chalicelib.domain.events.notices import people
from chalicelib.domain.events.notices.facts import Moment
from chalicelib.domain.events.notices.kinds import ABOUT_A_PERSON, Kind
from chalicelib.domain.events.notices.places import Errand
from chalicelib.domain.events.notices.recipients import Reason
from tests.builders import NOW
from tests.notices import make_event

PORTAL = "https://api.example/portal"
ANN = {"person_id": "prs_1", "email": "ann@agency.example", "name": "Ann", "language": "de"}
TOLD = [
    ("member.password_changed", {}, Kind.OWN_PASSWORD_CHANGED),
    ("member.app_set_up", {}, Kind.APP_SET_UP),
    ("member.app_turned_off", {}, Kind.APP_TURNED_OFF),
    ("member.recovery_codes_renewed", {}, Kind.RECOVERY_CODES_RENEWED),
    ("member.recovery_code_used", {"codes_left": 9}, Kind.RECOVERY_CODE_USED),
    ("member.role_changed", {"role": "billing", "before": "owner"}, Kind.ROLE_CHANGED),
    ("member.removed", {"role": "owner"}, Kind.REMOVED_FROM_TEAM),
]
EACH = pytest.mark.parametrize(("type", "says", "kind"), TOLD)


def told(type: str, **says: Any) -> Event:
    return make_event(type, data=ANN | says)


@EACH
def test_the_person_is_told_in_its_language_when_it_was_and_in_which_team(
    type: str, says: dict[str, Any], kind: Kind
) -> None:
    notice = people.compose(told(type, **says), team="Bright Agency", time_zone="Europe/Dublin", portal=PORTAL)

    to = notice.recipient
    assert (notice.kind, to.address, to.language, to.reason) == (kind, ANN["email"], "de", Reason.PERSON)
    assert (notice.facts["at"], notice.facts["team"]) == (Moment(NOW, "Europe/Dublin"), "Bright Agency")
    assert notice.facts.items() >= {name: says[name] for name in says if name != "before"}.items()


def test_every_notice_to_a_person_is_in_the_table() -> None:
    assert {kind for _, _, kind in TOLD} == ABOUT_A_PERSON


@pytest.mark.parametrize(
    ("type", "errand", "page"),
    [
        ("member.password_changed", Errand.SET_PASSWORD, f"{PORTAL}/password"),
        ("member.role_changed", Errand.SEE_TEAM, f"{PORTAL}/team"),
        ("member.removed", None, None),
    ],
)
def test_it_leads_to_where_somebody_else_is_shut_out(type: str, errand: Errand | None, page: str | None) -> None:
    notice = people.compose(told(type, role="owner"), team="Bright Agency", time_zone="UTC", portal=PORTAL)

    assert (notice.errand, notice.page) == (errand, page)
    assert people.compose(told(type), team="Bright Agency", time_zone="UTC", portal=None).page is None


def test_an_event_of_before_languages_were_in_it_is_told_in_english() -> None:
    event = make_event("member.password_changed", data={name: ANN[name] for name in ANN if name != "language"})

    assert people.compose(event, team="Bright Agency", time_zone="UTC", portal=None).recipient.language == ""


class TestOnce:
    """Each team of a person has an event of its own about the person's sign-in."""

    @pytest.mark.parametrize(("type", "once"), [("member.password_changed", True), ("member.removed", False)])
    def test_a_sign_in_is_told_once_for_all_teams_a_team_each(self, type: str, once: bool) -> None:
        here, there = told(type), replace(told(type), id="evt_2", partner_id="prt_2")

        assert (people.once_of(here) == people.once_of(there)) is once

    def test_another_change_and_another_instant_are_told_too(self) -> None:
        first = told("member.app_set_up")
        others = (
            told("member.app_turned_off"),
            replace(first, at=NOW.replace(year=NOW.year + 1)),
            told("member.app_set_up", person_id="prs_2"),
        )

        assert people.once_of(first) not in {people.once_of(each) for each in others}
