from typing import Any

import pytest

from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import (
    Plan,
    PlanNotOffered,
    PlanRequest,
    is_paid,
    is_sandbox,
    is_trial,
    plan_kind,
    resolve_plan,
)
from chalicelib.domain.catalog.programs import PlanKind, Program
from chalicelib.programs import program

AGENCY, FRANCHISE, SOLUTIONS = program("agency"), program("franchise"), program("solutions")
CONTACTS = "offered: 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000"


def plus(**choices: Any) -> PlanRequest:
    asked: dict[str, Any] = {
        "pricing_version": "V3",
        "product": "marketing",
        "tier": "plus",
        "contacts": 1000,
        "billing_frequency": Frequency.MONTHLY,
    }
    return PlanRequest(**asked | choices)


def faults_of(of: Program, requested: PlanRequest) -> list[tuple[str, str]]:
    with pytest.raises(PlanNotOffered) as refused:
        resolve_plan(program=of, requested=requested)
    return refused.value.faults


def test_a_plan_is_filled_in_with_the_first_limits() -> None:
    assert resolve_plan(program=AGENCY, requested=plus()) == Plan(
        pricing_version="V3",
        product="marketing",
        tier="plus",
        contacts=1000,
        billing_frequency=Frequency.MONTHLY,
        limits={"email_sends": 10000, "activities": 5000, "custom_reports": 10},
        add_ons=(),
    )


def test_a_resolved_plan_resolves_to_itself() -> None:
    plan = resolve_plan(program=AGENCY, requested=plus(limits={"email_sends": 12345}, add_ons=("sms",)))

    again = PlanRequest(
        plan.pricing_version,
        plan.product,
        plan.tier,
        plan.contacts,
        plan.billing_frequency,
        plan.limits,
        plan.add_ons,
    )

    assert resolve_plan(program=AGENCY, requested=again) == plan


def test_the_only_frequency_need_not_be_named() -> None:
    lite = resolve_plan(program=SOLUTIONS, requested=PlanRequest("S1", "email", "lite", contacts=500))
    child = resolve_plan(program=FRANCHISE, requested=PlanRequest("Franchise", "ACHQ", "standard", contacts=500))

    assert lite.billing_frequency is Frequency.MONTHLY
    assert child.billing_frequency is Frequency.ANNUAL


def test_a_trial_has_its_contacts_and_no_frequency() -> None:
    trial = resolve_plan(program=AGENCY, requested=PlanRequest("V1", "EM", "trial"))

    assert (trial.contacts, trial.billing_frequency, trial.add_ons) == (500, None, ())


def test_add_ons_are_in_the_order_of_the_price_list_each_once() -> None:
    plan = resolve_plan(program=AGENCY, requested=plus(add_ons=("seo", "sms", "seo")))

    assert plan.add_ons == ("sms", "seo")


@pytest.mark.parametrize(
    ("choices", "field", "message"),
    [
        pytest.param({"pricing_version": "V2"}, "plan.pricing_version", "'V2' is not offered; offered: V1, V3"),
        pytest.param({"product": "EM"}, "plan.product", "'EM' is not offered in V3; offered: marketing"),
        pytest.param(
            {"tier": "gold"},
            "plan.tier",
            "'gold' is not offered in V3/marketing; offered: starter, plus, professional, enterprise",
        ),
        pytest.param({"contacts": 999}, "plan.contacts", f"999 is not offered with this tier; {CONTACTS}"),
        pytest.param({"contacts": None}, "plan.contacts", f"must be chosen; {CONTACTS}"),
        pytest.param({"billing_frequency": None}, "plan.billing_frequency", "must be chosen; offered: monthly, annual"),
        pytest.param(
            {"limits": {"seats": 3}},
            "plan.limits.seats",
            "is not a limit of this tier; offered: email_sends, activities, custom_reports",
        ),
        pytest.param(
            {"limits": {"activities": 5001}}, "plan.limits.activities", "5001 is not offered; offered: 5000, 10000"
        ),
        pytest.param(
            {"limits": {"email_sends": -1}},
            "plan.limits.email_sends",
            "-1 is not offered; offered: 10000, 50000 or any other whole number",
        ),
        pytest.param(
            {"add_ons": ("fax",)},
            "plan.add_ons",
            "'fax' is not offered with this tier; offered: sms, seo, inbox_preview, newsletter_archive",
        ),
        pytest.param(
            {"tier": "starter", "add_ons": ("sms",)},
            "plan.add_ons",
            "'sms' is not offered with this tier; none is offered",
            id="no SMS on Starter",
        ),
    ],
)
def test_what_is_not_offered_is_refused_by_naming_what_is(choices: dict[str, Any], field: str, message: str) -> None:
    assert faults_of(AGENCY, plus(**choices)) == [(field, message)]


@pytest.mark.parametrize("tier", ["plus", "professional", "enterprise"])
def test_sms_is_offered_on_the_other_tiers(tier: str) -> None:
    assert resolve_plan(program=AGENCY, requested=plus(tier=tier, add_ons=("sms",))).add_ons == ("sms",)


@pytest.mark.parametrize("version", ["V3", "V1"])
def test_trials_are_offered_in_their_own_version_only(version: str) -> None:
    request = PlanRequest(version, "EM", "trial")

    if version == "V1":
        assert resolve_plan(program=AGENCY, requested=request).tier == "trial"
    else:
        assert faults_of(AGENCY, request)[0][0] == "plan.product"


@pytest.mark.parametrize("sends", [0, 1, 9999, 10**9])
def test_a_custom_limit_may_be_any_whole_number(sends: int) -> None:
    plan = resolve_plan(program=AGENCY, requested=plus(limits={"email_sends": sends}))

    assert plan.limits["email_sends"] == sends


@pytest.mark.parametrize(
    ("own_limits", "sends", "offered"),
    [
        pytest.param({}, 50_000, True, id="a listed one"),
        pytest.param({}, 49_999, False, id="a custom one"),
        pytest.param({"email_sends": 49_999}, 49_999, True, id="the custom one it has"),
        pytest.param({"email_sends": 49_999}, 50_001, False, id="more than it has"),
        pytest.param({"activities": 49_999}, 49_999, False, id="that of another limit"),
    ],
)
def test_a_client_has_listed_limits_or_those_it_has(own_limits: dict[str, int], sends: int, offered: bool) -> None:
    requested = plus(limits={"email_sends": sends})

    if offered:
        plan = resolve_plan(program=AGENCY, requested=requested, own_limits=own_limits)
        assert plan.limits["email_sends"] == sends
    else:
        with pytest.raises(PlanNotOffered) as refused:
            resolve_plan(program=AGENCY, requested=requested, own_limits=own_limits)
        assert refused.value.faults == [("plan.limits.email_sends", f"{sends} is not offered; offered: 10000, 50000")]


def test_a_trial_is_not_billed_by_period() -> None:
    trial = PlanRequest("V1", "EM", "trial", contacts=1000, billing_frequency=Frequency.MONTHLY, add_ons=("sms",))

    assert faults_of(AGENCY, trial) == [
        ("plan.contacts", "1000 is not offered with this tier; offered: 500"),
        ("plan.billing_frequency", "monthly is not offered with this tier; none is offered"),
        ("plan.add_ons", "'sms' is not offered with this tier; none is offered"),
    ]


@pytest.mark.parametrize(
    ("of", "requested"),
    [
        pytest.param(SOLUTIONS, PlanRequest("S1", "email", "lite", 500, Frequency.ANNUAL), id="solutions by the year"),
        pytest.param(
            FRANCHISE, PlanRequest("Franchise", "ACHQ", "standard", 500, Frequency.MONTHLY), id="franchise by the month"
        ),
    ],
)
def test_a_frequency_not_offered_is_refused(of: Program, requested: PlanRequest) -> None:
    assert [field for field, _ in faults_of(of, requested)] == ["plan.billing_frequency"]


def test_all_faults_are_found_in_the_order_of_the_choices() -> None:
    request = plus(
        contacts=7,
        billing_frequency=None,
        limits={"email_sends": -5, "seats": 1},
        add_ons=("fax", "sms", "telex"),
    )

    assert [field for field, _ in faults_of(AGENCY, request)] == [
        "plan.contacts",
        "plan.billing_frequency",
        "plan.limits.email_sends",
        "plan.limits.seats",
        "plan.add_ons",
        "plan.add_ons",
    ]


def test_what_depends_on_a_wrong_choice_is_not_checked() -> None:
    request = plus(pricing_version="V9", product="nothing", tier="none", contacts=7)

    assert [field for field, _ in faults_of(AGENCY, request)] == ["plan.pricing_version"]


def test_the_refusal_can_be_read() -> None:
    with pytest.raises(PlanNotOffered, match=r"plan\.tier: 'gold' is not offered in V3/marketing; offered: starter"):
        resolve_plan(program=AGENCY, requested=plus(tier="gold"))


@pytest.mark.parametrize(
    ("requested", "kind"),
    [
        (plus(), PlanKind.PAID),
        (PlanRequest("V1", "EM", "trial"), PlanKind.TRIAL),
        (PlanRequest("V1", "EM", "sandbox"), PlanKind.SANDBOX),
    ],
)
def test_a_plan_is_paid_a_trial_or_a_sandbox(requested: PlanRequest, kind: PlanKind) -> None:
    plan = resolve_plan(program=AGENCY, requested=requested)

    assert plan_kind(plan, AGENCY) is kind
    assert is_paid(plan, AGENCY) is (kind is PlanKind.PAID)
    assert is_trial(plan, AGENCY) is (kind is PlanKind.TRIAL)
    assert is_sandbox(plan, AGENCY) is (kind is PlanKind.SANDBOX)


def test_a_child_account_of_a_franchise_has_a_paid_plan_though_without_a_price() -> None:
    request = PlanRequest("Franchise", "ACHQ", "standard", contacts=500)

    assert is_paid(resolve_plan(program=FRANCHISE, requested=request), FRANCHISE)
