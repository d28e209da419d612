"""What is given in a request is used, or refused by name: nothing is accepted and lost."""

from typing import Any

import pytest

from tests.functional.conftest import OPERATOR, PLUS, SANDBOX, TRIAL, Api, Partner


def fields_at_fault(answer: Any) -> list[str]:
    assert answer.status == 422, answer.text
    return [error["field"] for error in answer.json["errors"]]


@pytest.mark.parametrize("plan", [pytest.param(TRIAL, id="a trial"), pytest.param(SANDBOX, id="a sandbox")])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("migrated", True),
        ("billing_day", 15),
        ("single_bill", True),
    ],
)
def test_an_account_that_nothing_is_paid_for_takes_no_terms_of_payment(
    partner: Partner, plan: Any, field: str, value: Any
) -> None:
    answer = partner.post("/v1/accounts", partner.wanted(plan=plan, **{field: value}))

    assert fields_at_fault(answer) == [field]


@pytest.mark.parametrize("field", ["contacts", "billing_frequency", "limits", "add_ons"])
def test_a_trial_takes_no_choices_it_does_not_offer(partner: Partner, field: str) -> None:
    values: dict[str, Any] = {
        "contacts": 999_999,
        "billing_frequency": "annual",
        "limits": {"no_such_limit": 1},
        "add_ons": ["sms"],
    }

    answer = partner.post("/v1/accounts", partner.wanted(plan={**TRIAL, field: values[field]}))

    (at_fault,) = fields_at_fault(answer)
    assert at_fault.startswith(f"plan.{field}")


def test_a_sandbox_takes_no_billing_profile_at_creation_or_later(partner: Partner) -> None:
    card = partner.card()
    account = partner.create(plan=SANDBOX)

    created = partner.post("/v1/accounts", partner.wanted(plan=SANDBOX, billing_profile_id=card))
    changed = partner.ask("PATCH", f"/v1/accounts/{account['id']}", {"billing_profile_id": card})

    assert fields_at_fault(created) == fields_at_fault(changed) == ["billing_profile_id"]


def test_a_trial_keeps_its_billing_profile_for_its_first_paid_period(partner: Partner) -> None:
    card = partner.card()
    account = partner.post("/v1/accounts", partner.wanted(plan=TRIAL, billing_profile_id=card)).json

    paid = partner.ask("PUT", f"/v1/accounts/{account['id']}/plan", {"plan": PLUS})

    assert (paid.status, paid.json["billing_profile_id"]) == (200, card)
    assert len(partner.get("/v1/invoices")["data"]) == 1


@pytest.mark.parametrize(("field", "value"), [("billing_day", 15), ("billing_profile_id", "a card")])
def test_a_change_of_a_running_plan_takes_nothing_of_a_first_period(partner: Partner, field: str, value: Any) -> None:
    account = partner.create(plan=PLUS)
    given = partner.card() if value == "a card" else value

    answer = partner.ask(
        "PUT", f"/v1/accounts/{account['id']}/plan", {"plan": {**PLUS, "tier": "professional"}, field: given}
    )

    assert fields_at_fault(answer) == [field]


def test_a_trial_cannot_be_canceled_for_a_day_after_its_end(partner: Partner) -> None:
    account = partner.create(plan=TRIAL)
    end = account["current_period"]["end"]
    path = f"/v1/accounts/{account['id']}/cancel"

    late = partner.post(path, {"effective_date": f"{int(end[:4]) + 1}{end[4:]}"})
    on_the_day = partner.post(path, {"effective_date": end, "retain_data": False, "reason": "too dear"})

    assert fields_at_fault(late) == ["effective_date"]
    assert (on_the_day.status, on_the_day.json["cancels_on"]) == (200, end)


@pytest.mark.parametrize(
    ("field", "value"), [("below", 1000), ("amount", 10_000), ("billing_profile_id", "bp_1"), ("below", 0)]
)
def test_an_automatic_top_up_that_is_turned_off_takes_nothing_else(partner: Partner, field: str, value: Any) -> None:
    answer = partner.ask("PUT", "/v1/credits/prepaid/auto-top-up", {"enabled": False, field: value})

    assert fields_at_fault(answer) == [field]


def test_turning_an_automatic_top_up_off_needs_nothing_else(partner: Partner) -> None:
    assert partner.ask("PUT", "/v1/credits/prepaid/auto-top-up", {"enabled": False}).status == 200


def test_an_account_that_is_ready_takes_no_reason(api: Api, partner: Partner) -> None:
    account = partner.create(plan=TRIAL, metadata={"sandbox_provisioning": "pending"})
    path = f"/v1/operator/accounts/{account['id']}/provisioning"

    answer = api.ask("PUT", path, {"status": "ready", "reason": "It went well."}, key=OPERATOR)

    assert fields_at_fault(answer) == ["reason"]
    assert api.ask("PUT", path, {"status": "ready"}, key=OPERATOR).status == 200


def test_a_preview_holds_its_quote_against_what_is_expected(partner: Partner) -> None:
    account = partner.create(plan=PLUS)
    body = {"plan": {**PLUS, "tier": "professional"}}
    path = f"/v1/accounts/{account['id']}/plan?preview=true"
    due = partner.ask("PUT", path, body).json["due_today"]

    answer = partner.ask("PUT", path, body | {"expect_due_today": due + 1})

    assert (answer.status, answer.json["quote"]["due_today"]) == (409, due)
    assert partner.ask("PUT", path, body | {"expect_due_today": due}).status == 200
