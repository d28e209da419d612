"""What is refused is refused whole and in words: one problem document, nothing changed, never a 500."""

import json
from typing import Any

import pytest

from tests.functional.conftest import OPERATOR, PARTNER, PLUS, SANDBOX, TRIAL, Api, Partner, table_rows


def money(wallets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The wallets without their count of writes."""
    return [{name: value for name, value in wallet.items() if name != "version"} for wallet in wallets]


class TestCreatingAnAccount:
    def test_all_faults_of_a_body_come_at_once(self, partner: Partner) -> None:
        body = partner.wanted(
            name="No Name!",
            plan=PLUS | {"tier": "gold"},
            time_zone="Mars/Olympus",
            client={"name": "", "email": "nobody"},
            country="XX",
            billing_profile_id="bp_unknown",
            colour="red",
        )

        faults = partner.post("/v1/accounts", body).faults

        assert set(faults) == {
            "name",
            "plan.tier",
            "time_zone",
            "client.name",
            "client.email",
            "country",
            "billing_profile_id",
            "colour",
        }
        assert "starter, plus, professional, enterprise" in faults["plan.tier"]
        assert "such as America/Chicago" in faults["time_zone"]

    def test_faults_of_the_rules_alone_come_at_once(self, partner: Partner) -> None:
        body = partner.wanted(
            name="-acme", plan=PLUS | {"contacts": 7}, billing_profile_id="bp_x", billing_day=3, single_bill=True
        )

        faults = partner.post("/v1/accounts", body).faults

        assert set(faults) == {"name", "plan.contacts", "billing_profile_id", "billing_day", "single_bill"}

    def test_nothing_is_said_against_what_was_left_out_or_is_at_fault_already(self, partner: Partner) -> None:
        assert set(partner.post("/v1/accounts", {}).faults) == {
            "name",
            "client",
            "notification_email",
            "country",
            "language",
            "time_zone",
            "plan",
        }
        assert partner.post("/v1/accounts", partner.wanted(plan={**PLUS, "tier": 5})).faults == {
            "plan.tier": "must be a string"
        }

    @pytest.mark.parametrize(
        ("plan", "field", "said"),
        [
            (PLUS | {"pricing_version": "V9"}, "plan.pricing_version", "V1, V3"),
            (PLUS | {"product": "shoes"}, "plan.product", "marketing"),
            (PLUS | {"tier": "gold"}, "plan.tier", "starter, plus, professional, enterprise"),
            (PLUS | {"contacts": 999}, "plan.contacts", "500, 1000, 2500, 5000, 10000, 25000, 50000, 100000"),
            (PLUS | {"billing_frequency": "weekly"}, "plan.billing_frequency", "monthly or annual"),
            (PLUS | {"limits": {"custom_reports": -1}}, "plan.limits.custom_reports", "at least 0"),
            (PLUS | {"tier": "starter", "add_ons": ["sms"]}, "plan.add_ons", "none is offered"),
            (PLUS | {"add_ons": ["fax"]}, "plan.add_ons", "sms, seo, inbox_preview, newsletter_archive"),
            ({k: v for k, v in PLUS.items() if k != "billing_frequency"}, "plan.billing_frequency", "monthly, annual"),
            (TRIAL | {"add_ons": ["sms"]}, "plan.add_ons", "none is offered"),
        ],
    )
    def test_what_is_not_offered_is_refused_with_what_is(
        self, partner: Partner, plan: dict[str, Any], field: str, said: str
    ) -> None:
        for path, body in (("/v1/accounts", partner.wanted(plan=plan)), ("/v1/quotes", {"plan": plan})):
            assert said in partner.post(path, body).faults[field]

    @pytest.mark.parametrize(
        ("override", "field"),
        [
            ({"name": 5}, "name"),
            ({"name": "ab"}, "name"),
            ({"name": "a" * 64}, "name"),
            ({"name": "a" * 5000}, "name"),
            ({"name": "www"}, "name"),
            ({"name": "acme\u0000"}, "name"),
            ({"client": None}, "client"),
            ({"client": {"name": "x"}}, "client.email"),
            ({"client": {"name": "x", "email": "a@b.example", "phone": "1"}}, "client.phone"),
            ({"country": "us"}, "country"),
            ({"language": "english"}, "language"),
            ({"plan": []}, "plan"),
            ({"plan": {**PLUS, "contacts": "1000"}}, "plan.contacts"),
            ({"billing_profile_id": ""}, "billing_profile_id"),
            ({"billing_profile_id": "b" * 5000}, "billing_profile_id"),
            ({"billing_profile_id": None}, "billing_profile_id"),
            ({"billing_day": 32}, "billing_day"),
            ({"single_bill": "no"}, "single_bill"),
            ({"custom_domain": "<script>"}, "custom_domain"),
            ({"metadata": {"team": 1}}, "metadata.team"),
            ({"metadata": {str(n): "x" for n in range(21)}}, "metadata"),
            ({"expect_due_today": "4900"}, "expect_due_today"),
            ({"status": "active"}, "status"),
        ],
    )
    def test_each_field_has_its_words(self, partner: Partner, override: dict[str, Any], field: str) -> None:
        faults = partner.post("/v1/accounts", partner.wanted(**override)).faults

        assert list(faults) == [field]
        assert faults[field]

    def test_a_taken_name_is_refused_with_free_ones(self, api: Api, partner: Partner) -> None:
        partner.create(name="acme", plan=TRIAL)
        other = api.partner()

        answer = other.post("/v1/accounts", other.wanted(name="acme", plan=TRIAL))

        assert (answer.status, answer.code) == (409, "name_taken")
        assert answer.json["suggestions"] == ["acme-hq", "acme-team", "acme-online"]
        assert other.post("/v1/accounts", other.wanted(name=answer.json["suggestions"][0], plan=TRIAL)).status == 201

    @pytest.mark.parametrize(
        ("card", "code"),
        [
            ("pm_card_chargeDeclined", "generic_decline"),
            ("pm_card_insufficientFunds", "insufficient_funds"),
            ("pm_card_expired", "expired_card"),
        ],
    )
    def test_a_declined_card_leaves_nothing_behind(self, api: Api, partner: Partner, card: str, code: str) -> None:
        body = partner.wanted(name="acme", billing_profile_id=partner.card(card))
        partner.buy(1000)
        before = kept_rows()
        wallet = before.pop("sublet-wallets")

        answer = partner.post("/v1/accounts", body)

        assert (answer.status, answer.code, answer.json["decline_code"]) == (402, "card_declined", code)
        after = kept_rows()
        assert money(after.pop("sublet-wallets")) == money(wallet)
        assert after == before
        assert partner.get("/v1/account-names/acme")["available"] is True
        assert partner.get("/v1/accounts")["data"] == partner.get("/v1/invoices")["data"] == []
        assert partner.get("/v1/partner")["discount"]["active_paid_accounts"] == 0
        partner.create(name="acme")
        (invoice,) = partner.get("/v1/invoices")["data"]
        assert invoice["number"] == "000001"
        api.stream()
        assert len(partner.get("/v1/events?type=account.created")["data"]) == 1

    def test_a_price_that_is_not_the_expected_one_is_reported_and_not_charged(self, partner: Partner) -> None:
        body = partner.wanted(name="acme", expect_due_today=4899)

        answer = partner.post("/v1/accounts", body)

        assert (answer.status, answer.code) == (409, "quote_changed")
        assert answer.json["quote"] == partner.post("/v1/quotes", {"plan": PLUS}).json
        assert partner.get("/v1/accounts")["data"] == []
        assert partner.post("/v1/accounts", body | {"expect_due_today": 4900}).status == 201

    @pytest.mark.parametrize("plan", [TRIAL, SANDBOX])
    def test_a_plan_that_costs_nothing_is_not_expected_to_cost(self, partner: Partner, plan: Any) -> None:
        answer = partner.post("/v1/accounts", partner.wanted(plan=plan, expect_due_today=1))

        assert (answer.status, answer.code, answer.json["quote"]["due_today"]) == (409, "quote_changed", 0)
        assert partner.post("/v1/accounts", partner.wanted(plan=plan, expect_due_today=0)).status == 201

    @pytest.mark.parametrize("name", ["Zoë & Søn 🍕", "مطعم البيت", "ผู้ใหญ่บ้าน", "👩‍👩‍👧‍👦", "<b>'; DROP TABLE--"])
    def test_names_of_people_are_kept_as_they_are_written(self, api: Api, partner: Partner, name: str) -> None:
        account = partner.create(plan=TRIAL, client={"name": name, "email": "a@b.example"}, metadata={name[:9]: name})

        read = partner.get(f"/v1/accounts/{account['id']}")

        assert (read["client"]["name"], read["metadata"]) == (name, {name[:9]: name})
        api.stream()
        (event,) = partner.get(f"/v1/accounts/{account['id']}/events")["data"]
        assert event["after"]["client"]["name"] == name


class TestBuyingPrepaidMoney:
    def test_a_declined_card_buys_nothing(self, partner: Partner) -> None:
        body = {"billing_profile_id": partner.card("pm_card_chargeDeclined"), "amount": 5000}

        answer = partner.post("/v1/credits/prepaid/purchases", body)

        assert (answer.status, answer.code, answer.json["decline_code"]) == (402, "card_declined", "generic_decline")
        assert partner.get("/v1/credits")["prepaid"]["balance"] == 0
        assert partner.get("/v1/credits/prepaid/transactions")["data"] == []

    def test_less_than_the_minimum_is_refused(self, partner: Partner) -> None:
        body = {"billing_profile_id": partner.card(), "amount": 999}

        assert "at least 1000" in partner.post("/v1/credits/prepaid/purchases", body).faults["amount"]
        assert partner.buy(1000)["amount"] == 1000

    def test_an_amount_that_is_not_the_expected_one_is_not_charged(self, partner: Partner) -> None:
        body = {"billing_profile_id": partner.card(), "amount": 5000, "expect_due_today": 4000}

        answer = partner.post("/v1/credits/prepaid/purchases", body)

        assert (answer.status, answer.code, answer.json["quote"]["due_today"]) == (409, "quote_changed", 5000)
        assert partner.get("/v1/credits")["prepaid"]["balance"] == 0

    @pytest.mark.parametrize("amount", [0, -5000, 50.5, "5000", True, None, 10**15])
    def test_an_amount_is_whole_minor_units(self, partner: Partner, amount: Any) -> None:
        body = {"billing_profile_id": "bp_x", "amount": amount}

        assert "amount" in partner.post("/v1/credits/prepaid/purchases", body).faults

    @pytest.mark.parametrize(
        ("field", "value", "status"),
        [
            ("billing_profile_id", "bp_x", 404),
            ("billing_profile_id", "", 422),
            ("account_id", "acct_x", 404),
            ("account_id", "", 422),
            ("account_id", "a" * 3000, 422),
        ],
    )
    def test_what_it_names_must_be_there(self, partner: Partner, field: str, value: str, status: int) -> None:
        body = {"billing_profile_id": partner.card(), "amount": 5000, field: value}

        answer = partner.post("/v1/credits/prepaid/purchases", body)

        assert (answer.status, answer.code) == (status, {404: "not_found", 422: "invalid_request"}[status])
        assert partner.get("/v1/credits")["prepaid"]["balance"] == 0

    def test_money_is_not_set_aside_for_an_account_that_has_ended(self, partner: Partner) -> None:
        account = partner.create(plan=SANDBOX)
        partner.post(f"/v1/accounts/{account['id']}/cancel")
        body = {"billing_profile_id": partner.card(), "amount": 5000, "account_id": account["id"]}

        answer = partner.post("/v1/credits/prepaid/purchases", body)

        assert (answer.status, answer.code) == (409, "account_has_ended")

    def test_franchise_partners_are_granted_credits(self, api: Api) -> None:
        partner = api.partner(program="franchise")
        body = {"billing_profile_id": partner.card(), "amount": 5000}

        answer = partner.post("/v1/credits/prepaid/purchases", body)

        assert (answer.status, answer.code) == (409, "credits_not_for_sale")


class TestOthers:
    @pytest.mark.parametrize(
        ("override", "field"),
        [
            ({"program": "lottery"}, "program"),
            ({"currency": "EUR"}, "currency"),
            ({"currency": "usd"}, "currency"),
            ({"time_zone": "Mars"}, "time_zone"),
            ({"email": "x"}, "email"),
            ({"name": " "}, "name"),
        ],
    )
    def test_a_partner_needs_all_in_order(self, api: Api, override: dict[str, str], field: str) -> None:
        answer = api.ask("POST", "/v1/operator/partners", PARTNER | override, key=OPERATOR)

        assert list(answer.faults) == [field]

    @pytest.mark.parametrize(
        ("override", "field"),
        [
            ({"scopes": []}, "scopes"),
            ({"scopes": ["operator"]}, "scopes.0"),
            ({"scopes": ["write"]}, "scopes"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
            ({"expires_at": "2030-01-01T00:00:00"}, "expires_at"),
            ({"expires_at": "9999-12-31T23:59:59-23:00"}, "expires_at"),
            ({"expires_at": 4102444800}, "expires_at"),
        ],
    )
    def test_a_key_gives_no_more_than_it_has(self, partner: Partner, override: dict[str, Any], field: str) -> None:
        small = partner.post("/v1/api-keys", {"name": "Small", "scopes": ["read", "billing"]}).json["key"]
        writer = partner.post("/v1/api-keys", {"name": "Writer", "scopes": ["write"]}).json["key"]
        body = {"name": "New", "scopes": ["read"]} | override

        if override == {"scopes": ["write"]}:
            assert partner.post("/v1/api-keys", body, key=small).code == "insufficient_scope"
            body = {"name": "New", "scopes": ["billing"]}
        key = writer if body["scopes"] == ["billing"] else partner.key

        assert list(partner.post("/v1/api-keys", body, key=key).faults) == [field]

    def test_an_unknown_card_is_refused_with_those_there_are(self, partner: Partner) -> None:
        body = {"name": "Card", "payment_method": "pm_card_gold"}

        assert "pm_card_visa" in partner.post("/v1/billing-profiles", body).faults["payment_method"]

    def test_a_card_that_pays_for_accounts_stays(self, partner: Partner) -> None:
        card = partner.card()
        account = partner.create(billing_profile_id=card)

        answer = partner.ask("DELETE", f"/v1/billing-profiles/{card}")

        assert (answer.status, answer.code) == (409, "billing_profile_in_use")
        assert answer.json["account_ids"] == [account["id"]]

    @pytest.mark.parametrize("day", ["2020-01-01", "9999-12-31", "2027-02-30", "tomorrow", 20270101])
    def test_an_account_is_not_canceled_for_just_any_day(self, partner: Partner, day: Any) -> None:
        account = partner.create(plan=TRIAL)

        answer = partner.post(f"/v1/accounts/{account['id']}/cancel", {"effective_date": day})

        assert list(answer.faults) == ["effective_date"]

    def test_a_fault_reads_as_a_sentence(self, partner: Partner) -> None:
        body = partner.wanted(billing_profile_id="bp_x", plan=PLUS | {"tier": "gold"})

        detail = partner.post("/v1/accounts", body).json["detail"]

        assert detail.endswith(".")
        assert ".." not in detail
        assert json.dumps(detail, ensure_ascii=False).count("bp_x is no billing profile of yours") == 1


def kept_rows() -> dict[str, list[dict[str, Any]]]:
    """Every row but the sandbox's, and the names of seller and customer, which are stored before anybody is charged."""
    tables = {name: rows for name, rows in table_rows().items() if name != "sublet-sandbox"}
    tables["sublet-ledger"] = [row for row in tables["sublet-ledger"] if not row["id"]["S"].startswith("parties_")]
    return tables
