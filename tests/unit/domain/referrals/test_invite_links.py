"""Invite links: their names, and what their pages show (docs/rules.md §10)."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain.referrals.invite_links import (
    MOST_PNS,
    Experience,
    HighlightedPlan,
    InviteLink,
    ReferredToNobody,
    TooManyNames,
    default_pns,
    faults,
    pn_fault,
    possible_experiences,
    refuse_unless_referring,
    renamed,
    shown_plans,
)
from chalicelib.programs import program
from tests.builders import NOW, agency

PLUS = HighlightedPlan("V3", "marketing", "plus")


def make_link(**overrides: Any) -> InviteLink:
    fields: dict[str, Any] = {
        "partner_id": "prt_1",
        "pn": "bright",
        "experiences": tuple(Experience),
        "created_at": NOW,
        "updated_at": NOW,
    }
    return InviteLink(**fields | overrides)


@pytest.mark.parametrize("pn", ["abc", "a-1", "9" * 40, "bright-agency"])
def test_a_name_has_3_to_40_letters_digits_and_hyphens(pn: str) -> None:
    assert pn_fault(pn) is None


@pytest.mark.parametrize("pn", ["", "ab", "9" * 41, "Bright", "bright agency", "brïght", "a_b", "bright\n", "bright/x"])
def test_no_other_name_will_do(pn: str) -> None:
    assert pn_fault(pn) is not None


@pytest.mark.parametrize(
    ("partner", "pn"),
    [
        ("Bright Agency", "bright-agency"),
        ("  Müller & Söhne GmbH ", "muller-sohne-gmbh"),
        ("AB", "partner-ab"),
        ("光通信", "partner"),
        ("A" * 100, "a" * 37),
        (f"{'a' * 36} bc", "a" * 36),
    ],
)
def test_a_name_is_made_from_the_partners_own(partner: str, pn: str) -> None:
    assert next(default_pns(partner_name=partner, partner_id="prt_01ARZ3NDEKTSV4RRFFQ69G5FAV")) == pn


@pytest.mark.parametrize("partner", ["Bright Agency", "光通信", "A" * 100])
def test_partners_of_one_name_get_names_that_differ_the_last_by_their_id(partner: str) -> None:
    names = list(default_pns(partner_name=partner, partner_id="prt_01ARZ3NDEKTSV4RRFFQ69G5FAV"))

    assert len(set(names)) == len(names)
    assert names[-1].endswith("-01arz3ndektsv4rrffq69g5fav")
    assert [name for name in names if pn_fault(name)] == []


def test_only_programs_with_referred_accounts_have_invite_links() -> None:
    refuse_unless_referring(agency())

    with pytest.raises(ReferredToNobody):
        refuse_unless_referring(program("franchise"))


def test_a_page_shows_all_plans_for_sale_until_some_are_highlighted() -> None:
    every = [offer.tier for offer in shown_plans(make_link(), agency())]
    some = [offer.tier for offer in shown_plans(make_link(highlighted_plans=(PLUS,)), agency())]

    assert every == ["starter", "plus", "professional", "enterprise"]
    assert some == ["plus"]


def test_a_highlighted_plan_that_is_no_longer_for_sale_is_left_out() -> None:
    gone = HighlightedPlan("V1", "marketing", "plus")

    assert [offer.tier for offer in shown_plans(make_link(highlighted_plans=(gone, PLUS)), agency())] == ["plus"]
    assert len(shown_plans(make_link(highlighted_plans=(gone,)), agency())) == 4


def test_plans_to_highlight_are_for_sale_and_each_there_once() -> None:
    wanted = [PLUS, HighlightedPlan("V1", "EM", "trial"), PLUS]

    found = dict(faults(highlighted_plans=wanted, experiences=[], program=agency()))

    assert found.keys() == {"highlighted_plans.1", "highlighted_plans.2"}
    assert "V3/marketing/plus" in found["highlighted_plans.1"]


def test_a_trial_is_offered_only_where_the_program_has_trials() -> None:
    without = replace(agency(), trial_days=None)

    assert possible_experiences(without) == (Experience.BUY_NOW,)
    assert list(faults(highlighted_plans=[], experiences=list(Experience), program=agency())) == []
    assert dict(faults(highlighted_plans=[], experiences=list(Experience), program=without)).keys() == {"experiences.0"}


def test_a_renamed_link_keeps_its_earlier_names() -> None:
    twice = renamed(renamed(make_link(), "second"), "third")
    back = renamed(twice, "bright")

    assert (twice.pn, twice.earlier_pns) == ("third", ("bright", "second"))
    assert (back.pn, back.earlier_pns) == ("bright", ("second", "third"))
    assert renamed(back, "bright") is back


def test_one_partner_does_not_take_names_without_end_but_may_return_to_one_it_had() -> None:
    link = make_link()
    for number in range(MOST_PNS - 1):
        link = renamed(link, f"name-{number}")

    with pytest.raises(TooManyNames):
        renamed(link, "one-more")
    assert renamed(link, "bright").pn == "bright"
