"""Who may have a trial, and which program a sign-up is for (docs/rules.md §9)."""

import pytest

from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.domain.emails import same_person
from chalicelib.domain.referrals.sign_ups import kind_of, programs_that_offer
from chalicelib.programs import program
from tests.builders import agency

PROGRAMS = [program(name) for name in ("agency", "franchise", "solutions")]


@pytest.mark.parametrize(
    "email",
    [
        "owner@acme.example",
        "Owner@acme.example",
        "OWNER+trial@acme.example",
        "owner+a+b@acme.example",
        "ｏｗｎｅｒ@acme.example",
        "owner@ACME.example",
    ],
)
def test_one_person_has_many_ways_to_write_an_address(email: str) -> None:
    assert same_person(email) == "owner@acme.example"


@pytest.mark.parametrize("email", ["own.er@acme.example", "owner@mail.acme.example", "owner-2@acme.example"])
def test_other_people_have_other_addresses(email: str) -> None:
    assert same_person(email) != "owner@acme.example"


def test_an_address_that_is_nothing_but_a_tag_is_its_own() -> None:
    assert same_person("+tag@acme.example") == "+tag@acme.example"


def test_a_plan_tells_the_program_if_one_alone_offers_it_to_clients() -> None:
    assert [p.name for p in programs_that_offer(PlanRequest("V3", "marketing", "plus"), PROGRAMS)] == ["agency"]
    assert [p.name for p in programs_that_offer(PlanRequest("S1", "email", "trial"), PROGRAMS)] == ["solutions"]
    assert programs_that_offer(PlanRequest("Franchise", "ACHQ", "standard"), PROGRAMS) == []
    assert programs_that_offer(PlanRequest("V1", "EM", "sandbox"), PROGRAMS) == []


def test_a_plan_has_a_kind_only_where_it_is_offered() -> None:
    assert kind_of(PlanRequest("V1", "EM", "trial"), agency()) is PlanKind.TRIAL
    assert kind_of(PlanRequest("V1", "EM", "gold"), agency()) is None
