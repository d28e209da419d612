"""Changing an account's plan over HTTP."""

from typing import Any

import pytest

from tests.functional.conftest import PLUS, SANDBOX, TRIAL, Partner

PROFESSIONAL = PLUS | {"tier": "professional"}
STARTER = PLUS | {"tier": "starter"}
QUOTE = {
    *("currency", "value_of_plan", "migration_discount", "partner_discount", "price_per_cycle", "billing_frequency"),
    *("lines", "prorated_amount", "due_today", "prepaid_applied", "card_charge", "taxes_included", "effective"),
}


def put(partner: Partner, account: dict[str, Any], plan: dict[str, Any], *, preview: bool = False, **more: Any) -> Any:
    path = f"/v1/accounts/{account['id']}/plan{'?preview=true' if preview else ''}"
    return partner.ask("PUT", path, {"plan": plan, **more})


@pytest.fixture
def account(partner: Partner) -> Any:
    return partner.create()


def test_an_upgrade_is_previewed_then_charged(partner: Partner, account: Any) -> None:
    previewed = put(partner, account, PROFESSIONAL, preview=True)
    assert previewed.status == 200
    assert previewed.json.keys() == QUOTE
    assert previewed.json["effective"] == "now"
    assert partner.get(f"/v1/accounts/{account['id']}") == {k: v for k, v in account.items() if k != "credentials"}
    assert partner.post("/v1/quotes", {"plan": PROFESSIONAL, "account_id": account["id"]}).json == previewed.json

    answer = put(partner, account, PROFESSIONAL, expect_due_today=previewed.json["due_today"], effective="now")

    assert answer.status == 200
    assert answer.json["plan"]["tier"] == "professional"
    assert answer.json["price_per_cycle"]["amount"] == previewed.json["price_per_cycle"]
    invoice = partner.get(f"/v1/accounts/{account['id']}/invoices")["data"][0]
    assert [line["kind"] for line in invoice["lines"]] == ["credit", "plan"]
    assert invoice["lines"] == previewed.json["lines"]
    assert (invoice["total"], invoice["card_charged"], invoice["status"]) == (
        previewed.json["due_today"],
        previewed.json["card_charge"],
        "paid",
    )


def test_what_has_no_price_is_quoted_without_one_as_the_account_shows_it(partner: Partner) -> None:
    trial = partner.create(plan=TRIAL)

    quote = partner.post("/v1/quotes", {"plan": TRIAL}).json

    priced = ("value_of_plan", "migration_discount", "partner_discount", "price_per_cycle")
    assert [quote[name] for name in priced] == [trial["price_per_cycle"]] * 4 == [None] * 4
    assert (quote["lines"], quote["due_today"]) == ([], 0)


def test_a_line_can_be_worked_out_again_from_its_explanation(partner: Partner, account: Any) -> None:
    partner.create()  # two accounts: 25 % off

    (line,) = partner.post("/v1/quotes", {"plan": PROFESSIONAL}).json["lines"]

    why = line["explanation"]
    assert (why["rule"], why["item"], why["list_price"], why["partner_percent"]) == ("price", "plan", 7900, "25")
    assert line["amount"] == why["price_per_cycle"] == 7900 - 1975
    assert why["text"] == (
        "List price 79.00, less 25% partner discount (19.75): 59.25 per cycle. Each step is rounded half up."
    )


def test_a_downgrade_is_pending_until_it_is_withdrawn(partner: Partner, account: Any) -> None:
    answer = put(partner, account, STARTER)

    assert answer.status == 200
    assert answer.json["plan"]["tier"] == "plus"
    assert answer.json["pending_change"]["plan"]["tier"] == "starter"
    assert answer.json["pending_change"]["effective_on"] == account["current_period"]["end"]
    assert "withdraw_change" in answer.json["allowed_actions"]
    (listed,) = partner.get("/v1/accounts")["data"]
    assert listed["pending_change"] == answer.json["pending_change"]

    withdrawn = partner.ask("DELETE", f"/v1/accounts/{account['id']}/pending-change")

    assert (withdrawn.status, withdrawn.json["pending_change"]) == (200, None)
    again = partner.ask("DELETE", f"/v1/accounts/{account['id']}/pending-change")
    assert (again.status, again.code) == (409, "transition_refused")
    assert again.json["action"] == "withdraw_change"


def test_declined_is_a_402_and_nothing_has_changed(partner: Partner) -> None:
    account = partner.create(billing_profile_id=partner.card("pm_card_declinedOnRenewal"))
    before = partner.ask("GET", f"/v1/accounts/{account['id']}")

    answer = put(partner, account, PROFESSIONAL)

    assert (answer.status, answer.code) == (402, "card_declined")
    assert answer.json["decline_code"]
    after = partner.ask("GET", f"/v1/accounts/{account['id']}")
    assert (after.text, after.headers["ETag"]) == (before.text, before.headers["ETag"])


def test_another_price_than_expected_is_a_409_with_the_quote(partner: Partner, account: Any) -> None:
    answer = put(partner, account, PROFESSIONAL, expect_due_today=1)

    assert (answer.status, answer.code) == (409, "quote_changed")
    assert answer.json["quote"] == put(partner, account, PROFESSIONAL, preview=True).json


def test_a_trial_begins_to_pay(partner: Partner) -> None:
    trial = partner.create(plan=TRIAL)
    assert "change_plan" in trial["allowed_actions"]
    assert put(partner, trial, PLUS).faults.keys() == {"billing_profile_id"}
    assert put(partner, trial, PLUS, billing_profile_id="bp_x").faults.keys() == {"billing_profile_id"}
    assert put(partner, trial, PLUS, preview=True).json["due_today"] == 4900

    answer = put(partner, trial, PLUS, billing_profile_id=partner.card())

    assert answer.status == 200
    assert (answer.json["status"], answer.json["price_per_cycle"]["amount"]) == ("active", 4900)
    assert answer.json["renews_at"] is not None


def test_what_is_refused_says_why(partner: Partner, account: Any) -> None:
    sandbox = partner.create(plan=SANDBOX)

    never = put(partner, sandbox, PLUS)
    assert (never.status, never.code) == (409, "transition_refused")
    assert "change_plan" not in never.json["allowed_actions"]
    later = put(partner, account, STARTER, effective="now")
    assert (later.status, later.code) == (409, "transition_refused")
    assert "next renewal" in later.json["detail"]
    assert put(partner, account, PLUS | {"contacts": 7}).faults.keys() == {"plan.contacts"}
    assert put(partner, account, TRIAL).faults.keys() == {"plan.tier"}
    assert put(partner, account, PLUS, effective="tomorrow").faults.keys() == {"effective"}
    stale = partner.ask("PUT", f"/v1/accounts/{account['id']}/plan", {"plan": PROFESSIONAL}, If_Match='"old"')
    assert stale.status == 412


def test_what_happened_is_in_the_accounts_history(partner: Partner, account: Any) -> None:
    put(partner, account, STARTER)
    partner.ask("DELETE", f"/v1/accounts/{account['id']}/pending-change")
    put(partner, account, PROFESSIONAL)
    partner.api.stream()

    types = [event["type"] for event in partner.get(f"/v1/accounts/{account['id']}/events")["data"]]

    assert types[:4] != []
    assert {"account.plan_changed", "account.plan_change_withdrawn", "account.plan_change_scheduled"} <= set(types)
