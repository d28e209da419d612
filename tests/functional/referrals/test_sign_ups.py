"""Sign-ups of clients: to whom they are credited, trials, purchases, repetitions (docs/rules.md §9, §10)."""

from typing import Any

import pytest

from chalicelib.domain.partners.partners import house_id
from chalicelib.models.accounts import accounts as account_rows
from tests.functional.api.test_repeated_requests import forget_answers
from tests.functional.conftest import Answer, Api, Partner, table_rows
from tests.functional.referrals.test_visits import named, visit

TRIAL = {"pricing_version": "V1", "product": "EM", "tier": "trial"}
PLUS = {
    "pricing_version": "V3",
    "product": "marketing",
    "tier": "plus",
    "contacts": 1000,
    "billing_frequency": "monthly",
}
PASSWORD = "correct horse battery"


def wanted(name: str = "acme", *, email: str = "owner@acme.example", plan: Any = TRIAL, **others: Any) -> Any:
    account = {
        "name": name,
        "client": {"name": "Acme Inc", "email": email},
        "country": "US",
        "language": "en",
        "time_zone": "America/Chicago",
        "plan": plan,
    }
    return {"account": account, "password": PASSWORD, **others}


def sign_up(api: Api, body: Any, **headers: str) -> Answer:
    return api.ask("POST", "/public/sign-ups", body, key=None, **headers)


def owner_of(answer: Answer) -> str:
    assert answer.status == 201, answer.text
    account = account_rows.get(answer.json["account"]["id"])
    assert account is not None
    return account.partner_id


def kept() -> dict[str, Any]:
    """All rows but the sandbox processor's, the rate limits', and the names that invoices refer to, which are stored
    ahead of them."""
    rows = {name: found for name, found in table_rows().items() if name not in ("sublet-sandbox", "sublet-guards")}
    rows["sublet-ledger"] = [row for row in rows["sublet-ledger"] if not row["id"]["S"].startswith("parties_")]
    return rows


@pytest.fixture
def link(partner: Partner) -> str:
    return named(partner, "brighter")


class TestCredit:
    def test_a_sign_up_after_a_visit_is_credited_to_the_partner(self, api: Api, partner: Partner, link: str) -> None:
        token = visit(api, link).json["attribution"]

        answer = sign_up(api, wanted(attribution=token))

        assert owner_of(answer) == partner.id
        assert answer.json["account"]["relationship"] == "referred"
        assert partner.get("/v1/invite-link")["sign_ups"] == 1

    def test_a_typed_name_is_the_last_resort(self, api: Api, partner: Partner, link: str) -> None:
        other = api.partner(name="Other Agency")
        named(other, "other")
        token = visit(api, link).json["attribution"]

        assert owner_of(sign_up(api, wanted(attribution=token, pn="other"))) == partner.id
        typed = wanted("acme-2", email="b@acme.example", attribution="nonsense", pn=" Other ")
        assert owner_of(sign_up(api, typed)) == other.id
        assert partner.get("/v1/invite-link")["sign_ups"] == 1

    def test_an_unknown_name_is_refused(self, api: Api) -> None:
        assert "leads to no partner" in sign_up(api, wanted(pn="nobody")).faults["pn"]

    @pytest.mark.parametrize("days", [89, 91])
    def test_after_90_days_the_account_is_the_houses(self, api: Api, partner: Partner, link: str, days: int) -> None:
        token = visit(api, link).json["attribution"]
        api.forward(days=days)

        answer = sign_up(api, wanted(attribution=token))

        assert owner_of(answer) == (partner.id if days < 90 else house_id("agency"))
        assert partner.get("/v1/invite-link")["sign_ups"] == (1 if days < 90 else 0)

    def test_a_token_that_is_not_ours_is_no_fault(self, api: Api) -> None:
        assert owner_of(sign_up(api, wanted(attribution="a.b.c", program="agency"))) == house_id("agency")

    def test_another_program_than_the_partners_is_refused(self, api: Api, link: str) -> None:
        token = visit(api, link).json["attribution"]

        assert "agency" in sign_up(api, wanted(attribution=token, program="solutions")).faults["program"]
        assert sign_up(api, wanted(attribution=token, program="agency")).status == 201

    @pytest.mark.parametrize("program", ["franchise", "nowhere"])
    def test_a_program_that_refers_nobody_takes_no_sign_ups(self, api: Api, program: str) -> None:
        assert sign_up(api, wanted(program=program)).faults["program"] == "must be one of agency, solutions"

    def test_without_partner_and_program_the_plan_decides(self, api: Api) -> None:
        assert owner_of(sign_up(api, wanted())) == house_id("agency")
        unknown = wanted("acme-2", plan={**TRIAL, "tier": "gold"})
        assert "is needed" in sign_up(api, unknown).faults["program"]

    def test_what_happens_later_to_names_and_tokens_changes_nothing(
        self, api: Api, partner: Partner, link: str
    ) -> None:
        answer = sign_up(api, wanted(pn=link))
        partner.ask("PATCH", "/v1/invite-link", {"pn": "brightest"})
        api.forward(days=100)

        assert owner_of(answer) == partner.id


class TestWhatPartnersSee:
    def test_the_partner_sees_its_account_and_the_event_and_nobody_else_does(
        self, api: Api, partner: Partner, link: str
    ) -> None:
        other = api.partner(name="Other Agency")
        answer = sign_up(api, wanted(pn=link, plan=PLUS, payment_method="pm_card_visa"))
        account_id = answer.json["account"]["id"]
        api.stream()

        seen = partner.get(f"/v1/accounts/{account_id}")
        assert (seen["name"], seen["relationship"], seen["payer"]) == ("acme", "referred", "client")
        assert (seen["billing_profile_id"], seen["notification_email"]) == (None, None)
        assert seen["allowed_actions"] == ["request_management"]
        (created,) = [e for e in partner.get("/v1/events")["data"] if e["type"] == "account.created"]
        assert (created["account_id"], created["actor"]) == (account_id, "client")
        assert "4242" not in str(partner.get("/v1/events"))
        assert other.ask("GET", f"/v1/accounts/{account_id}").code == "not_found"
        assert other.get("/v1/events")["data"] == [
            e for e in other.get("/v1/events")["data"] if e["account_id"] != account_id
        ]


class TestTrial:
    def test_needs_no_card_and_opens_a_session(self, api: Api, link: str) -> None:
        answer = sign_up(api, wanted(pn=link))

        token = answer.json["session"]["token"]
        assert api.ask("GET", "/public/session", key=None, Authorization=f"Bearer {token}").status == 200
        login = {"account": "acme", "username": "admin", "password": PASSWORD}
        assert api.ask("POST", "/public/login", login, key=None).status == 200

    @pytest.mark.parametrize("email", ["owner@acme.example", "OWNER@acme.example", "owner+2@ACME.example"])
    def test_there_is_one_for_each_person(self, api: Api, link: str, email: str) -> None:
        sign_up(api, wanted(pn=link))

        again = sign_up(api, wanted("acme-2", email=email))

        assert (again.status, again.code) == (409, "trial_used")
        assert sign_up(api, wanted("acme-2", email="else@acme.example")).status == 201

    def test_there_is_one_in_each_program(self, api: Api) -> None:
        sign_up(api, wanted())
        other = {"pricing_version": "S1", "product": "email", "tier": "trial"}

        assert sign_up(api, wanted("acme-2", plan=other)).status == 201

    def test_does_not_keep_the_client_from_buying_nor_a_partner_from_trials(self, api: Api, partner: Partner) -> None:
        sign_up(api, wanted())

        assert sign_up(api, wanted("acme-2", plan=PLUS, payment_method="pm_card_visa")).status == 201
        client = {"name": "Acme Inc", "email": "owner@acme.example"}
        trials = [partner.create(name=name, plan=TRIAL, client=client)["id"] for name in ("acme-3", "acme-4")]
        assert len(set(trials)) == 2

    def test_a_refused_one_is_not_used_up(self, api: Api) -> None:
        assert sign_up(api, {**wanted(), "password": "short"}).status == 422
        assert sign_up(api, wanted("acme", plan={**TRIAL, "contacts": 7})).status == 422

        assert sign_up(api, wanted()).status == 201

    @pytest.mark.parametrize(
        "refused",
        [
            {"expect_due_today": 1},
            {"payment_method": "pm_card_nobody_knows"},
            {"password": "short"},
            {"program": "solutions"},
        ],
        ids=lambda refused: next(iter(refused)),
    )
    def test_a_request_that_makes_nothing_does_not_reveal_whether_there_was_one(
        self, api: Api, link: str, refused: Any
    ) -> None:
        sign_up(api, wanted(pn=link))

        used = sign_up(api, {**wanted("acme-2", pn=link), **refused})
        unused = sign_up(api, {**wanted("acme-2", pn=link, email="else@acme.example"), **refused})

        assert unused.status in (409, 422)
        assert used.json | {"request_id": ""} == unused.json | {"request_id": ""}

    def test_has_listed_limits_only(self, api: Api) -> None:
        plan = {**PLUS, "limits": {"email_sends": 10**12}}

        answer = sign_up(api, wanted(plan=plan, payment_method="pm_card_visa"))

        assert "offered: 10000, 50000" in answer.faults["account.plan.limits.email_sends"]
        assert "whole number" not in answer.text

    def test_a_sandbox_is_for_partners(self, api: Api) -> None:
        answer = sign_up(api, wanted(program="agency", plan={**TRIAL, "tier": "sandbox"}))

        assert "account.plan.tier" in answer.faults


class TestPurchase:
    def test_charges_the_first_period_at_list_price(self, api: Api, partner: Partner, link: str) -> None:
        answer = sign_up(api, wanted(pn=link, plan=PLUS, payment_method="pm_card_visa", expect_due_today=4900))

        assert owner_of(answer) == partner.id
        assert answer.json["account"]["price_per_cycle"] == {"amount": 4900, "currency": "USD"}
        assert partner.get("/v1/invoices")["data"] == []

    def test_a_declined_card_makes_nothing(self, api: Api, partner: Partner, link: str) -> None:
        before = kept()
        body = wanted(pn=link, plan=PLUS, payment_method="pm_card_chargeDeclined")

        answer = sign_up(api, body)

        assert (answer.status, answer.code) == (402, "card_declined")
        assert kept() == before
        assert partner.get("/v1/invite-link")["sign_ups"] == 0
        assert sign_up(api, {**body, "payment_method": "pm_card_visa"}).status == 201

    def test_another_price_than_expected_charges_nothing(self, api: Api, link: str) -> None:
        body = wanted(pn=link, plan=PLUS, payment_method="pm_card_visa", expect_due_today=4800)

        answer = sign_up(api, body)

        assert (answer.status, answer.code) == (409, "quote_changed")
        assert answer.json["quote"]["due_today"] == 4900

    def test_needs_a_card(self, api: Api, link: str) -> None:
        assert "payment_method" in sign_up(api, wanted(pn=link, plan=PLUS)).faults

    def test_a_taken_name_is_refused_before_anything_is_charged(self, api: Api, link: str) -> None:
        sign_up(api, wanted(pn=link))

        answer = sign_up(api, wanted(pn=link, plan=PLUS, payment_method="pm_card_visa"))

        assert (answer.status, answer.code) == (409, "name_taken")


class TestFaults:
    def test_are_named_by_their_place_in_the_body(self, api: Api) -> None:
        body = wanted("A!", plan={**PLUS, "contacts": 3}, program="agency", payment_method="pm_card_visa")

        assert set(sign_up(api, body).faults) == {"account.name", "account.plan.contacts"}
        assert set(sign_up(api, {**wanted(plan=PLUS), "billing_day": 5}).faults) == {"billing_day", "payment_method"}

    @pytest.mark.parametrize("field", ["relationship", "metadata", "notification_email", "single_bill"])
    def test_takes_nothing_that_is_for_partners(self, api: Api, field: str) -> None:
        body = wanted()
        body["account"][field] = "x"

        assert f"account.{field}" in sign_up(api, body).faults

    def test_the_password_is_in_no_table_and_no_answer(self, api: Api) -> None:
        answers = [sign_up(api, wanted(), Idempotency_Key="mine") for _ in range(2)]

        assert PASSWORD not in str(table_rows())
        assert not [answer for answer in answers if PASSWORD in answer.text]


class TestRepetition:
    def test_the_same_request_again_gets_the_same_answer_without_the_token(self, api: Api, link: str) -> None:
        body = wanted(pn=link)
        first, again = (sign_up(api, body, Idempotency_Key="mine") for _ in range(2))

        assert (again.status, again.headers["Idempotent-Replayed"]) == (201, "true")
        assert again.json == {**first.json, "session": {**first.json["session"], "token": None, "product_token": None}}

    def test_a_forgotten_answer_finds_the_same_account_and_charges_once(
        self, api: Api, partner: Partner, link: str
    ) -> None:
        body = wanted(pn=link, plan=PLUS, payment_method="pm_card_visa")
        first = sign_up(api, body, Idempotency_Key="mine")
        forget_answers()
        again = sign_up(api, body, Idempotency_Key="mine")

        assert again.json["account"] == first.json["account"]
        assert again.json["session"]["token"]
        assert partner.get("/v1/invite-link")["sign_ups"] == 1
        invoices = [row for row in table_rows()["sublet-ledger"] if row["id"]["S"].startswith("inv_")]
        assert len(invoices) == 1

    def test_a_repetition_after_the_password_was_changed_opens_nothing(self, api: Api, link: str) -> None:
        sign_up(api, wanted(pn=link), Idempotency_Key="mine")
        forget_answers()
        change = {"account": "acme", "username": "admin", "password": PASSWORD, "new_password": "another horse battery"}
        assert api.ask("POST", "/public/password", change, key=None).status == 200

        again = sign_up(api, wanted(pn=link), Idempotency_Key="mine")

        assert (again.status, again.code) == (409, "signed_up_before")
        assert "token" not in again.text

    def test_a_strangers_key_neither_blocks_nor_reveals(self, api: Api, link: str) -> None:
        mine = sign_up(api, wanted(pn=link), Idempotency_Key="1")
        theirs = sign_up(api, wanted("other", email="other@x.example", pn=link), Idempotency_Key="1")

        assert theirs.status == 201
        assert theirs.json["account"]["id"] != mine.json["account"]["id"]
        forget_answers()
        guessed = sign_up(api, {**wanted(pn=link), "password": "a guess of mine"}, Idempotency_Key="1")
        assert (guessed.status, guessed.code) == (409, "name_taken")


def test_one_network_address_signs_up_twenty_times_an_hour_whatever_comes_of_it(api: Api) -> None:
    statuses = {sign_up(api, wanted(f"acme-{number}", pn="nobody")).status for number in range(19)}
    first = sign_up(api, wanted(), Idempotency_Key="k1")

    refused = sign_up(api, wanted("acme-20", email="other@acme.example"))

    assert (statuses, first.status) == ({422}, 201)
    assert (refused.status, refused.code) == (429, "too_many_tries")
    assert sign_up(api, wanted(), Idempotency_Key="k1").status == 201  # a repetition is not counted
