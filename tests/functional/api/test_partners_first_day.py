"""A partner's first day over HTTP: every answer has the shape that is promised."""

import re
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import pytest

from tests.functional.conftest import OPERATOR, PARTNER, PLUS, SANDBOX, TRIAL, Api, Partner

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
DATE = re.compile(r"\d{4}-\d\d-\d\d")


def an(prefix: str) -> re.Pattern[str]:
    """An id of that prefix."""
    return re.compile(rf"{prefix}_[0-7][0-9A-HJKMNP-TV-Z]{{25}}")


PERIOD = {"start": DATE, "end": DATE}
EXPLANATION = {
    "rule": str,
    "text": str,
    "item": (str, None),
    "list_price": (int, None),
    "migration_percent": str,
    "partner_percent": str,
    "price_per_cycle": (int, None),
    "days": (int, None),
    "of_days": (int, None),
    "limit": (int, None),
    "times": (int, None),
    "rounding": "half_up",
}
LINE = {"kind": str, "description": str, "amount": int, "period": (PERIOD, None), "explanation": EXPLANATION}
PLAN = {
    "pricing_version": str,
    "product": str,
    "tier": str,
    "contacts": (int, None),
    "billing_frequency": (str, None),
    "limits": dict,
    "add_ons": [str],
}
ACCOUNT = {
    "id": an("acct"),
    "name": str,
    "status": re.compile("active|expired|canceled|archived|disabled"),
    "payment_state": re.compile("ok|past_due"),
    "relationship": "managed",
    "payer": "partner",
    "management_request": None,
    "earned": None,
    "client": {"name": str, "email": str},
    "notification_email": str,
    "country": "US",
    "data_region": "us-east-1",
    "language": "en",
    "time_zone": "America/Chicago",
    "custom_domain": (str, None),
    "login_url": re.compile(r"https://[a-z0-9-]+\.example\.com"),
    "plan": PLAN,
    "price_per_cycle": ({"amount": int, "currency": "USD"}, None),
    "billing_profile_id": (an("bp"), None),
    "single_bill": False,
    "current_period": (PERIOD, None),
    "renews_at": (INSTANT, None),
    "expires_at": (INSTANT, None),
    "pending_change": None,
    "cancels_on": (DATE, None),
    "allowed_actions": [str],
    "next_action": (str, None),
    "provisioning": "ready",
    "created_at": INSTANT,
    "updated_at": INSTANT,
    "metadata": dict,
}
QUOTE = {
    "currency": "USD",
    "value_of_plan": int,
    "migration_discount": int,
    "partner_discount": int,
    "price_per_cycle": int,
    "billing_frequency": (str, None),
    "lines": [LINE],
    "prorated_amount": (int, None),
    "due_today": int,
    "prepaid_applied": int,
    "card_charge": int,
    "taxes_included": False,
    "effective": re.compile("now|renewal"),
}
INVOICE = {
    "id": an("inv"),
    "number": re.compile(r"\d{6}"),
    "account_id": an("acct"),
    "status": re.compile("open|paid|uncollectible|void"),
    "currency": "USD",
    "period": (PERIOD, None),
    "lines": [LINE],
    "total": int,
    "prepaid_applied": int,
    "card_charged": int,
    "wallet_balance_after": (int, None),
    "payment": {
        "card": ({"brand": str, "last4": re.compile(r"\d{4}")}, None),
        "processor": (str, None),
        "reference": (str, None),
        "attempts": [{"number": int, "at": INSTANT, "outcome": str, "decline_code": (str, None)}],
    },
    "bill_id": (an("bill"), None),
    "created_at": INSTANT,
    "paid_at": (INSTANT, None),
}
ENTRY = {
    "id": an("txn"),
    "at": INSTANT,
    "kind": re.compile("purchase|grant|set_aside|take_back|applied|returned|allocated|used|refund"),
    "amount": int,
    "currency": "USD",
    "balance_after": int,
    "set_aside_change": (int, None),
    "account_id": (an("acct"), None),
    "invoice_id": (an("inv"), None),
    "to_card": (int, None),
    "purchase_id": (an("txn"), None),
    "refunded": (int, None),
}
KEY = {
    "id": an("key"),
    "name": str,
    "scopes": [str],
    "last4": re.compile(".{4}"),
    "created_at": INSTANT,
    "expires_at": (INSTANT, None),
    "last_used_at": (INSTANT, None),
    "revoked_at": (INSTANT, None),
}
PROFILE = {
    "id": an("bp"),
    "name": str,
    "card": {"brand": str, "last4": re.compile(r"\d{4}"), "exp_month": int, "exp_year": int},
    "address": ({"line1": str, "city": str, "postal_code": str, "country": str}, None),
    "default": bool,
    "created_at": INSTANT,
    "updated_at": INSTANT,
}
EVENT = {
    "id": an("evt"),
    "type": re.compile(r"[a-z_]+\.[a-z_]+"),
    "at": INSTANT,
    "actor": str,
    "account_id": (an("acct"), None),
    "before": dict,
    "after": dict,
    "data": dict,
}
PAGE = {"next_cursor": (str, None)}


def differences(value: Any, shape: Any, where: str = "") -> list[str]:
    """Where a value is not of a shape: types, patterns and literals; a tuple is a choice, a list is of one shape.

    What a value has beyond the shape is no difference: answers may grow.
    """
    if isinstance(shape, tuple):
        found = [differences(value, choice, where) for choice in shape]
        return [] if any(not differing for differing in found) else found[0]
    if isinstance(shape, dict) and isinstance(value, dict):
        missing = [f"{where}.{name} is missing" for name in shape.keys() - value.keys()]
        inside = (differences(value[name], shape[name], f"{where}.{name}") for name in shape.keys() & value.keys())
        return [*missing, *chain.from_iterable(inside)]
    if isinstance(shape, list) and isinstance(value, list):
        return list(chain.from_iterable(differences(part, shape[0], f"{where}[]") for part in value))
    if isinstance(shape, re.Pattern):
        right = isinstance(value, str) and shape.fullmatch(value) is not None
    elif isinstance(shape, type):
        right = type(value) is shape
    else:
        right = value == shape
    return [] if right else [f"{where} is {value!r}, not {shape}"]


def assert_shape(value: Any, shape: Any) -> None:
    assert differences(value, shape) == []


@pytest.fixture
def api(api: Api) -> Api:
    api.at(NOW)
    return api


class TestPartners:
    def test_an_operator_takes_a_partner_into_a_program(self, api: Api) -> None:
        answer = api.ask("POST", "/v1/operator/partners", PARTNER, key=OPERATOR)

        assert answer.status == 201
        partner = {**PARTNER, "id": an("prt"), "currency": "USD", "created_at": INSTANT}
        first_key = {"id": an("key"), "key": re.compile(r"sk_[\w-]{43}"), "scopes": [str]}
        assert_shape(answer.json, {**partner, "api_key": first_key})
        assert answer.json["api_key"]["scopes"] == ["read", "write", "billing"]
        assert_shape(api.ask("GET", f"/v1/operator/partners/{answer.json['id']}", key=OPERATOR).json, partner)

    def test_a_partner_learns_who_it_is(self, partner: Partner) -> None:
        partner.create()
        me = partner.get("/v1/partner")

        assert (me["id"], me["program"], me["currency"]) == (partner.id, "agency", "USD")
        assert me["scopes"] == ["read", "write", "billing"]
        assert me["endpoints"] == {"api": "/v1", "openapi": "/openapi.json", "docs": "/docs", "health": "/health"}
        assert me["limits"] == {
            "page_size": 100,
            "body_bytes": 1_000_000,
            "metadata_keys": 20,
            "requests_per_second": None,
            "requests_at_once": None,
        }
        assert me["discount"] == {
            "active_paid_accounts": 1,
            "percent": "0",
            "next_tier": {"from_accounts": 2, "percent": "25"},
            "accounts_to_next_tier": 1,
            "next_tier_saves_percent": "25",
            "next_tier_saves_per_month": 1225,
        }

    @pytest.mark.parametrize("name", ["agency", "franchise", "solutions"])
    def test_a_program_says_what_is_offered(self, api: Api, name: str) -> None:
        program = api.partner(program=name).get("/v1/program")

        prices = {"contacts": int, "monthly": (int, None), "annual": (int, None)}
        pack = {"quantity": int, "price": int}
        promised = {
            "program": name,
            "version": int,
            "currency": "USD",
            "house": {"name": str, "email": str, "country": str, "time_zone": str},
            "trial_days": (int, None),
            "partner_discount": [{"from_accounts": int, "percent": re.compile(r"\d+(\.\d+)?")}],
            "prepaid": {"minimum": int},
            "credit_packs": {"sms": [pack], "inbox_preview": [pack]},
        }
        assert_shape({field: program[field] for field in promised}, promised)
        for add_on in program["add_ons"]:
            assert {"name", "tiers", "prices"} <= add_on.keys()
        for plan in program["plans"]:
            assert_shape(plan["prices"], [prices])
            assert_shape(list(plan["limits"].values()), [{"values": [int], "custom": bool}])
            assert {"pricing_version", "product", "tier", "billing_frequencies", "add_ons"} <= plan.keys()

    def test_keys_are_made_listed_and_revoked(self, api: Api, partner: Partner) -> None:
        made = partner.post("/v1/api-keys", {"name": "Till", "scopes": ["read"], "expires_at": "2027-01-01T00:00:00Z"})

        assert made.status == 201
        assert_shape(made.json, {**KEY, "key": re.compile(r"sk_[\w-]{43}")})
        key = made.json["key"]
        assert partner.get("/v1/partner", key=key)["scopes"] == ["read"]
        assert_shape(partner.get("/v1/api-keys"), {**PAGE, "data": [KEY]})
        assert partner.ask("DELETE", f"/v1/api-keys/{made.json['id']}").status == 204
        assert partner.ask("GET", "/v1/partner", key=key).status == 401
        assert partner.ask("DELETE", f"/v1/api-keys/{made.json['id']}").status == 204

    def test_a_key_ends_when_it_says(self, api: Api, partner: Partner) -> None:
        body = {"name": "Till", "scopes": ["read", "read"], "expires_at": "2026-11-22T15:00:00+00:00"}
        made = partner.post("/v1/api-keys", body).json

        assert made["scopes"] == ["read"]
        assert partner.ask("GET", "/v1/partner", key=made["key"]).status == 200
        api.forward(days=1)
        assert partner.ask("GET", "/v1/partner", key=made["key"]).status == 401


class TestBillingProfiles:
    def test_a_card_is_put_on_file_changed_and_taken_off(self, partner: Partner) -> None:
        address = {"line1": "1 Main St", "city": "Chicago", "postal_code": "60601", "country": "US"}
        made = partner.post(
            "/v1/billing-profiles",
            {"name": "Company card", "payment_method": "pm_card_visa", "address": address, "default": True},
        )

        assert made.status == 201
        assert_shape(made.json, PROFILE)
        assert (made.json["address"], made.json["default"]) == (address, True)
        path = f"/v1/billing-profiles/{made.json['id']}"
        assert partner.get(path) == made.json
        changed = partner.ask("PATCH", path, {"name": "Other", "address": None})
        assert (changed.status, changed.json["name"], changed.json["address"]) == (200, "Other", None)
        assert changed.json["card"] == made.json["card"]
        assert partner.ask("DELETE", path).status == 204
        assert partner.ask("GET", path).status == 404
        assert partner.get("/v1/billing-profiles") == {"data": [], "next_cursor": None}

    def test_a_change_of_nothing_changes_nothing(self, partner: Partner) -> None:
        path = f"/v1/billing-profiles/{partner.card()}"
        before = partner.ask("GET", path)

        assert partner.ask("PATCH", path, {}).json == before.json
        assert partner.ask("PATCH", path, {"name": None}).faults == {
            "name": "must not be null; leave it out to keep it"
        }
        assert partner.ask("GET", path).headers["ETag"] == before.headers["ETag"]

    def test_a_change_of_what_changed_meanwhile_is_refused(self, partner: Partner) -> None:
        path = f"/v1/billing-profiles/{partner.card()}"
        seen = partner.ask("GET", path).headers["ETag"]
        assert partner.ask("PATCH", path, {"name": "First"}, If_Match=seen).status == 200

        late = partner.ask("PATCH", path, {"name": "Second"}, If_Match=seen)

        assert (late.status, late.code) == (412, "changed_meanwhile")
        assert partner.get(path)["name"] == "First"

    @pytest.mark.parametrize(
        "card", ["pm_card_chargeDeclined", "pm_card_insufficientFunds", "pm_card_expired", "pm_card_timeout"]
    )
    def test_any_sandbox_card_is_accepted_since_it_is_not_charged(self, partner: Partner, card: str) -> None:
        assert partner.card(card)


class TestAccounts:
    def test_a_paid_account_is_created_charged_and_read(self, partner: Partner) -> None:
        quote = partner.post("/v1/quotes", {"plan": PLUS})
        body = partner.wanted(metadata={"team": "red"}, expect_due_today=quote.json["due_today"])
        made = partner.post("/v1/accounts", body)

        assert (quote.status, made.status) == (200, 201)
        assert_shape(quote.json, QUOTE)
        credentials = {
            "login_url": made.json["login_url"],
            "username": "admin",
            "password": re.compile("[A-Za-z0-9]{20}"),
        }
        assert_shape(made.json, {**ACCOUNT, "credentials": credentials})
        account = {name: value for name, value in made.json.items() if name != "credentials"}
        assert partner.get(f"/v1/accounts/{account['id']}") == account
        assert account["price_per_cycle"] == {"amount": 4900, "currency": "USD"}
        assert account["current_period"] == {"start": "2026-11-21", "end": "2026-12-21"}
        assert (account["renews_at"], account["expires_at"]) == ("2026-12-21T06:00:00Z", None)
        assert account["metadata"] == {"team": "red"}
        invoices = partner.get("/v1/invoices")
        assert_shape(invoices, {**PAGE, "data": [INVOICE]})
        (invoice,) = invoices["data"]
        assert [invoice[name] for name in ("number", "status", "total", "card_charged")] == [
            "000001",
            "paid",
            4900,
            4900,
        ]
        assert invoice["lines"] == quote.json["lines"]
        assert partner.get(f"/v1/invoices/{invoice['id']}") == invoice
        assert partner.get(f"/v1/accounts/{account['id']}/invoices") == invoices

    def test_a_trial_costs_nothing_and_ends(self, partner: Partner) -> None:
        account = partner.create(plan=TRIAL)

        assert_shape({k: v for k, v in account.items() if k != "credentials"}, ACCOUNT)
        assert (account["price_per_cycle"], account["billing_profile_id"], account["renews_at"]) == (None, None, None)
        assert account["expires_at"] == "2026-12-05T06:00:00Z"
        assert partner.get("/v1/invoices")["data"] == []

    def test_a_sandbox_never_ends(self, partner: Partner) -> None:
        account = partner.create(plan=SANDBOX)

        assert_shape({k: v for k, v in account.items() if k != "credentials"}, ACCOUNT)
        assert (account["current_period"], account["renews_at"], account["expires_at"]) == (None, None, None)

    @pytest.mark.parametrize(
        ("program", "plan", "due"),
        [
            pytest.param("solutions", {"pricing_version": "S1", "product": "email", "tier": "trial"}, None, id="trial"),
            pytest.param(
                "solutions",
                {"pricing_version": "S1", "product": "email", "tier": "lite", "contacts": 500},
                "priced",
                id="lite",
            ),
            pytest.param(
                "franchise",
                {"pricing_version": "Franchise", "product": "ACHQ", "tier": "standard", "contacts": 500},
                None,
                id="unpriced",
            ),
        ],
    )
    def test_every_program_runs_on_the_same_routes(
        self, api: Api, program: str, plan: dict[str, Any], due: str | None
    ) -> None:
        partner = api.partner(program=program)
        more = {"billing_profile_id": partner.card()} if due else {"billing_profile_id": None}

        account = partner.create(plan=plan, **more)

        assert account["plan"]["tier"] == plan["tier"]
        assert (account["price_per_cycle"] is not None) is (due is not None)
        assert len(partner.get("/v1/invoices")["data"]) == (1 if due else 0)

    def test_what_a_card_answers_late_is_created_all_the_same(self, partner: Partner) -> None:
        account = partner.create(billing_profile_id=partner.card("pm_card_timeout"))

        assert account["status"] == "active"
        assert len(partner.get("/v1/invoices")["data"]) == 1

    def test_a_name_is_free_until_it_is_taken(self, partner: Partner) -> None:
        assert partner.get("/v1/account-names/acme") == {"name": "acme", "available": True, "suggestions": []}

        partner.create(name="acme", plan=TRIAL)

        taken = partner.get("/v1/account-names/acme")
        assert taken == {"name": "acme", "available": False, "suggestions": ["acme-hq", "acme-team", "acme-online"]}
        for name in taken["suggestions"]:
            assert partner.get(f"/v1/account-names/{name}")["available"] is True

    def test_cancel_ends_a_paid_account_with_its_period(self, partner: Partner) -> None:
        account = partner.create()
        body = {"reason": "Sold the shop", "retain_data": False}

        answer = partner.post(f"/v1/accounts/{account['id']}/cancel", body)

        assert answer.status == 200
        assert_shape(answer.json, ACCOUNT)
        assert (answer.json["status"], answer.json["renews_at"]) == ("canceled", None)
        assert answer.json["expires_at"] == "2026-12-21T06:00:00Z"
        again = partner.post(f"/v1/accounts/{account['id']}/cancel", body)
        assert (again.status, again.code) == (409, "transition_refused")
        assert again.json["account_status"] == "canceled"
        assert again.json["action"] == "cancel"
        assert again.json["allowed_actions"] == answer.json["allowed_actions"]

    def test_cancel_for_a_later_date_is_shown(self, partner: Partner) -> None:
        account = partner.create()

        canceled = partner.post(f"/v1/accounts/{account['id']}/cancel", {"effective_date": "2027-02-01"}).json

        assert (canceled["status"], canceled["cancels_on"]) == ("active", "2027-02-01")
        assert canceled["renews_at"] == account["renews_at"]

    def test_cancel_needs_no_body(self, partner: Partner) -> None:
        account = partner.create(plan=SANDBOX)

        assert partner.post(f"/v1/accounts/{account['id']}/cancel").json["status"] == "expired"


class TestPrepaid:
    def test_money_is_bought_used_and_accounted_for(self, partner: Partner) -> None:
        assert partner.get("/v1/credits") == {
            "prepaid": {"balance": 0, "currency": "USD", "set_aside": []},
            "sms": {"balance": 0},
            "inbox_preview": {"balance": 0},
        }

        bought = partner.buy(6000, expect_due_today=6000)
        account = partner.create()

        assert_shape(bought, ENTRY)
        assert (bought["kind"], bought["amount"], bought["balance_after"]) == ("purchase", 6000, 6000)
        journal = partner.get("/v1/credits/prepaid/transactions")
        assert_shape(journal, {**PAGE, "data": [ENTRY]})
        used, first = journal["data"]
        assert first == bought
        assert (used["kind"], used["amount"], used["balance_after"]) == ("applied", -4900, 1100)
        assert used["account_id"] == account["id"]
        invoice = partner.get(f"/v1/invoices/{used['invoice_id']}")
        assert [invoice[name] for name in ("prepaid_applied", "card_charged", "wallet_balance_after")] == [
            4900,
            0,
            1100,
        ]
        assert partner.get("/v1/credits")["prepaid"]["balance"] == 1100

    def test_money_for_one_account_is_set_aside_at_once(self, partner: Partner) -> None:
        account = partner.create()

        bought = partner.buy(5000, account_id=account["id"])

        assert (bought["amount"], bought["set_aside_change"], bought["account_id"]) == (5000, 5000, account["id"])
        assert partner.get("/v1/credits")["prepaid"] == {
            "balance": 5000,
            "currency": "USD",
            "set_aside": [{"account_id": account["id"], "amount": 5000}],
        }

    def test_a_quote_shows_how_prepaid_money_and_card_share(self, partner: Partner) -> None:
        partner.buy(2000)

        quote = partner.post("/v1/quotes", {"plan": PLUS}).json
        partner.create()

        (invoice,) = partner.get("/v1/invoices")["data"]
        assert (quote["prepaid_applied"], quote["card_charge"]) == (2000, 2900)
        assert (invoice["prepaid_applied"], invoice["card_charged"]) == (2000, 2900)


class TestEvents:
    def test_everything_that_happened_is_listed_newest_first(self, api: Api, partner: Partner) -> None:
        account = partner.create()
        api.forward(seconds=2)
        partner.post(f"/v1/accounts/{account['id']}/cancel", {})
        api.stream()

        events = partner.get("/v1/events")

        assert_shape(events, {**PAGE, "data": [EVENT]})
        types = [event["type"] for event in events["data"]]
        assert types[0] == "account.canceled"
        assert {"partner.created", "api_key.created", "billing_profile.created", "invoice.paid"} < set(types)
        assert all(event["actor"].startswith("api_key:key_") for event in events["data"])
        canceled = events["data"][0]
        assert (canceled["before"]["status"], canceled["after"]["status"]) == ("active", "canceled")

    def test_they_are_filtered_by_type_and_account(self, api: Api, partner: Partner) -> None:
        first, second = partner.create(plan=TRIAL), partner.create(plan=TRIAL)
        api.stream()

        created = partner.get("/v1/events?type=account.created")["data"]
        of_first = partner.get(f"/v1/events?account_id={first['id']}&type=account.created")["data"]

        assert {event["account_id"] for event in created} == {first["id"], second["id"]}
        assert [event["account_id"] for event in of_first] == [first["id"]]
        assert partner.get(f"/v1/accounts/{first['id']}/events")["data"] == of_first
