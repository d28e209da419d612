"""From an HTTPS request to the invoices of more than a year, on the deployed stack."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from infra.local.advance import move
from infra.local.clock import StackClock
from infra.local.stack import LocalStack
from tests.proving import at_once
from tests.stack.client import TRIAL, Client, new_partner

pytestmark = pytest.mark.stack


@pytest.fixture
def partner(stack: LocalStack) -> Client:
    return new_partner(stack.base_url, stack.operator_key)


@pytest.mark.parametrize("months", [4, pytest.param(14, marks=pytest.mark.prove)])
def test_an_account_of_the_31st_has_an_invoice_for_each_month_prepaid_first_then_card(stack, partner, months):
    start = _go_to_a_31st(stack)
    card = partner.card()
    partner.post("/v1/credits/prepaid/purchases", {"billing_profile_id": card, "amount": 12_000})
    account = partner.post("/v1/accounts", partner.account_body(f"thirty-first-{months}", billing_profile_id=card))
    trial = partner.post("/v1/accounts", partner.account_body(f"just-trying-{months}", plan=TRIAL))

    move(stack.deployed, days=15)
    assert partner.get(f"/v1/accounts/{trial['id']}")["status"] == "expired"
    for month in range(1, months + 1):  # a stop in each, not one for each of its days
        StackClock(stack.deployed).move_to(_months_later(start, month))
        move(stack.deployed, days=0)

    invoices = partner.all(f"/v1/accounts/{account['id']}/invoices")[::-1]
    assert [invoice["number"] for invoice in invoices] == [f"{number:06d}" for number in range(1, months + 2)]
    assert [invoice["period"]["start"] for invoice in invoices] == _thirty_firsts(start, months + 1)
    assert [invoice["prepaid_applied"] for invoice in invoices[:4]] == [4900, 4900, 2200, 0]
    assert [invoice["card_charged"] for invoice in invoices[:4]] == [0, 0, 2700, 4900]
    journal = partner.all("/v1/credits/prepaid/transactions")
    balance = partner.get("/v1/credits")["prepaid"]["balance"]
    assert sum(entry["amount"] for entry in journal) == balance == journal[0]["balance_after"] == 0


def test_every_committed_change_of_an_account_is_in_its_history_with_its_actor(stack, partner):
    account = partner.post("/v1/accounts", partner.account_body("with-history", billing_profile_id=partner.card()))
    move(stack.deployed, days=33)

    history = partner.all(f"/v1/accounts/{account['id']}/events")[::-1]

    told = [event["type"] for event in history]
    assert sorted(told[:2]) == ["account.created", "invoice.paid"]
    assert Counter(told) == {
        "account.created": 1,
        "account.renewal_upcoming": 1,
        "account.renewed": 1,
        "invoice.paid": 2,
    }
    actors = {event["type"]: event["actor"] for event in history}
    assert actors["account.created"].startswith("api_key:key_")
    assert actors["account.renewed"] == "schedule:renewals"
    (renewed,) = [event for event in history if event["type"] == "account.renewed"]
    assert list(renewed["before"]) == list(renewed["after"])
    assert "period" in renewed["after"]


@at_once(4, prove=16)
def test_of_creations_of_one_name_at_once_one_wins_and_one_is_charged(partner, at_once):
    card = partner.card()
    body = partner.account_body(f"wanted-by-{at_once}", billing_profile_id=card)

    def create(_: int) -> int:
        return Client(partner.base_url, partner.key).request("POST", "/v1/accounts", body).status_code

    with ThreadPoolExecutor(at_once) as pool:
        statuses = Counter(pool.map(create, range(at_once)))

    assert statuses == {201: 1, 409: at_once - 1}
    assert len(partner.all("/v1/invoices")) == 1
    assert len(partner.all("/v1/accounts")) == 1


@at_once(4, prove=16)
def test_tries_of_one_purchase_at_once_under_one_idempotency_key_buy_once(partner, at_once):
    body = {"billing_profile_id": partner.card(), "amount": 5_000}

    def buy(_: int) -> int:
        client = Client(partner.base_url, partner.key)
        return client.request("POST", "/v1/credits/prepaid/purchases", body, Idempotency_Key="buy-once").status_code

    with ThreadPoolExecutor(at_once) as pool:
        statuses = Counter(pool.map(buy, range(at_once)))

    assert set(statuses) <= {201, 409}
    assert statuses[201] >= 1
    assert [entry["amount"] for entry in partner.all("/v1/credits/prepaid/transactions")] == [5_000]


@at_once(4, prove=8)
def test_accounts_created_at_once_are_counted_and_priced_one_by_one(partner, at_once):
    card = partner.card()

    def create(number: int) -> int:
        client = Client(partner.base_url, partner.key)
        body = client.account_body(f"one-of-{at_once}-{number}", billing_profile_id=card)
        price = client.post("/v1/accounts", body)["price_per_cycle"]["amount"]
        return int(price)

    with ThreadPoolExecutor(at_once) as pool:
        prices = Counter(pool.map(create, range(at_once)))

    # Which are in flight together is chance, and one in flight is not counted yet; the count is exact all the same.
    assert set(prices) <= {4900, 3675}
    assert prices[4900] >= 1
    assert partner.get("/v1/partner")["discount"]["active_paid_accounts"] == at_once
    numbers = [int(invoice["number"]) for invoice in partner.all("/v1/invoices")]
    assert numbers == list(range(at_once, 0, -1))


@at_once(4, prove=16)
def test_schedules_that_run_at_once_renew_each_account_once(stack, partner, at_once):
    card = partner.card()
    for number in range(5):
        partner.post("/v1/accounts", partner.account_body(f"swept-by-{at_once}-{number}", billing_profile_id=card))
    clock = StackClock(stack.deployed)
    clock.move_to(clock.now() + timedelta(days=32))
    functions = stack.deployed.functions
    name = stack.deployed.outputs["SweepRenewals"]

    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda _: functions.invoke(FunctionName=name, Payload=b"{}"), range(at_once)))
    move(stack.deployed, days=0)

    invoices = partner.all("/v1/invoices")
    assert [*Counter(invoice["account_id"] for invoice in invoices).values()] == [2] * 5


def test_an_unpaid_answer_that_was_lost_is_asked_for_again_and_the_account_is_created(partner):
    card = partner.card("pm_card_timeout")

    created = partner.post("/v1/accounts", partner.account_body("lost-answer", billing_profile_id=card))

    assert created["status"] == "active"
    assert len(partner.all("/v1/invoices")) == 1


def test_a_key_of_another_partner_opens_nothing_of_this_one(stack, partner):
    account = partner.post("/v1/accounts", partner.account_body("mine-alone", billing_profile_id=partner.card()))
    stranger = new_partner(stack.base_url, stack.operator_key)

    assert stranger.request("GET", f"/v1/accounts/{account['id']}").status_code == 404
    assert stranger.request("POST", f"/v1/accounts/{account['id']}/cancel", {}).status_code == 404
    assert stranger.all("/v1/accounts") == []


def test_no_key_and_a_wrong_key_are_refused_at_the_gateway(partner):
    for key in ("", "sk_wrong"):
        assert Client(partner.base_url, key).request("GET", "/v1/partner").status_code == 401


def _go_to_a_31st(stack: LocalStack) -> datetime:
    """Move the stack's clock to noon (Chicago) of the next 31st."""
    now = StackClock(stack.deployed).now()
    day = now + timedelta(days=1)
    while day.day != 31:
        day += timedelta(days=1)
    start = day.replace(hour=18, minute=0, second=0, microsecond=0)
    move(stack.deployed, to=start)
    return start


def _months_later(start: datetime, months: int) -> datetime:
    """Noon of the last day of the month that many months after ``start``."""
    year, month = divmod(start.month - 1 + months, 12)
    following = datetime(start.year + year + (month == 11), (month + 1) % 12 + 1, 1, 18, tzinfo=UTC)
    return following - timedelta(days=1)


def _thirty_firsts(start: datetime, count: int) -> list[str]:
    return [_months_later(start, index).date().isoformat() for index in range(count)]
