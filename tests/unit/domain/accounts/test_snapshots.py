"""What a new account takes over from a snapshot, and what the request decides (docs/rules.md §12)."""

from typing import Any

import pytest

from chalicelib.domain.accounts.snapshots import plan_request, snapshot_faults
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import Plan, PlanNotOffered, PlanRequest, resolve_plan
from chalicelib.domain.setup import named_lists
from chalicelib.domain.setup.named_lists import NamedList
from chalicelib.programs import program

AGENCY, SOLUTIONS = program("agency"), program("solutions")
SANDBOX = PlanRequest("V1", "EM", "sandbox")


def plus(**choices: Any) -> PlanRequest:
    return PlanRequest(
        **{"pricing_version": "V3", "product": "marketing", "tier": "plus", "contacts": 1000}
        | {"billing_frequency": Frequency.MONTHLY}
        | choices
    )


def taken_over(was: PlanRequest, asked: PlanRequest | None) -> Plan:
    plan = resolve_plan(program=AGENCY, requested=was)
    return resolve_plan(program=AGENCY, requested=plan_request(plan, asked, program=AGENCY))


def test_without_a_plan_in_the_request_the_snapshots_plan_is_built_again() -> None:
    was = plus(limits={"email_sends": 12345, "activities": 10000}, add_ons=("sms", "seo"))

    assert taken_over(was, None) == resolve_plan(program=AGENCY, requested=was)


def test_what_the_request_says_wins_and_the_rest_of_the_same_tier_is_the_snapshots() -> None:
    was = plus(limits={"email_sends": 12345, "activities": 10000}, add_ons=("sms", "seo"))

    plan = taken_over(was, PlanRequest("V3", "marketing", "plus", contacts=2500, limits={"email_sends": 50000}))

    assert (plan.contacts, plan.billing_frequency, plan.add_ons) == (2500, Frequency.MONTHLY, ("sms", "seo"))
    assert plan.limits == {"email_sends": 50000, "activities": 10000, "custom_reports": 10}


def test_no_add_ons_in_the_request_are_no_add_ons() -> None:
    assert taken_over(plus(add_ons=("sms",)), plus(add_ons=())).add_ons == ()


def test_another_tier_takes_over_what_was_chosen_and_is_offered_there() -> None:
    was = plus(limits={"email_sends": 12345, "activities": 10000, "custom_reports": 10}, add_ons=("sms",))

    plan = taken_over(was, PlanRequest("V3", "marketing", "professional"))

    assert (plan.contacts, plan.billing_frequency, plan.add_ons) == (1000, Frequency.MONTHLY, ("sms",))
    assert plan.limits == {"email_sends": 12345, "activities": 10000, "custom_reports": 25}


def test_a_tier_without_add_ons_takes_none_over() -> None:
    assert taken_over(plus(add_ons=("sms",)), PlanRequest("V3", "marketing", "starter")).add_ons == ()


def test_a_sandbox_gives_a_paid_account_none_of_its_own_limits() -> None:
    assert taken_over(SANDBOX, plus()) == resolve_plan(program=AGENCY, requested=plus())


def test_a_sandbox_leaves_contacts_and_frequency_of_a_paid_plan_to_be_chosen() -> None:
    with pytest.raises(PlanNotOffered) as refused:
        taken_over(SANDBOX, PlanRequest("V3", "marketing", "plus"))

    assert [field for field, _ in refused.value.faults] == ["plan.contacts", "plan.billing_frequency"]


def test_what_is_not_offered_any_more_is_told_of_the_snapshot_and_the_rest_of_the_request() -> None:
    was = Plan("V3", "marketing", "plus", 1234, Frequency.MONTHLY, {"activities": 7}, ("sms", "fax"))
    asked = PlanRequest("V3", "marketing", "plus", limits={"custom_reports": 11})
    requested = plan_request(was, asked, program=AGENCY)

    with pytest.raises(PlanNotOffered) as refused:
        resolve_plan(program=AGENCY, requested=requested)
    told = list(snapshot_faults(refused.value.faults, asked, requested))

    assert [field for field, _ in told] == ["snapshot_id", "snapshot_id", "plan.limits.custom_reports", "snapshot_id"]
    assert told[0][1].startswith("has a contacts that is not offered now: 1234 is not offered with this tier;")
    assert told[1][1].endswith("Give plan.limits.activities to choose another")


def test_a_whole_plan_that_is_not_in_the_program_any_more_is_told_of_the_snapshot() -> None:
    was = Plan("V2", "marketing", "plus", 1000, Frequency.MONTHLY, {}, ())
    requested = plan_request(was, None, program=AGENCY)

    with pytest.raises(PlanNotOffered) as refused:
        resolve_plan(program=AGENCY, requested=requested)

    assert [field for field, _ in snapshot_faults(refused.value.faults, None, requested)] == ["snapshot_id"]
    assert plan_request(was, plus(), program=AGENCY).contacts == 1000  # and another plan can still be given


def test_a_name_is_there_once_whatever_its_capitals() -> None:
    named_list = named_lists.holding(NamedList("prt_1"), id="snap_1", name="Straße", most=2, what="snapshot")

    with pytest.raises(named_lists.NameInUse) as refused:
        named_lists.holding(named_list, id="snap_2", name="STRASSE", most=2, what="snapshot")

    assert refused.value.extra == {"id": "snap_1"}
    assert named_lists.without(named_list, "snap_1").names == {}


def test_a_shelf_takes_as_many_as_it_holds_and_not_one_more() -> None:
    named_list = NamedList("prt_1")
    for number in range(2):
        named_list = named_lists.holding(named_list, id=f"snap_{number}", name=f"No. {number}", most=2, what="snapshot")

    with pytest.raises(named_lists.ListFull):
        named_lists.holding(named_list, id="snap_3", name="No. 3", most=2, what="snapshot")
