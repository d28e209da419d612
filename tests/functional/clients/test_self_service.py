"""A client sees to its own account, by the session of its log-in; over HTTP, on moto."""

import io
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from pypdf import PdfReader

from chalicelib.domain.accounts.accounts import Relationship
from chalicelib.gateways import documents, lambdas
from tests.conftest import ENVIRONMENT
from tests.functional.conftest import PASSWORD, PLUS, TRIAL, Api, LoggedIn, Partner
from tests.functional.routes import ROUTES, filled, named, valid_body
from tests.paying_clients import let_client_pay

OWN = {route.path: route for route in ROUTES if route.scope == "client"}
OPEN_TO_ALL = {"/client/account", "/client/management"}
OF_WHOEVER_PAYS = {
    path for path in OWN if path.startswith(("/client/invoices", "/client/payment-method", "/client/retry-payment"))
}


@pytest.fixture
def drawn(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty bucket, and the app's own function to draw into it."""
    documents._s3.cache_clear()
    boto3.client("s3").create_bucket(Bucket=ENVIRONMENT["DOCUMENTS_BUCKET"])
    monkeypatch.setattr(lambdas, "call", api.invoke)
    yield
    documents._s3.cache_clear()


@pytest.fixture
def partners(partner: Partner) -> LoggedIn:
    """The client of an account that its partner pays for."""
    return partner.logged_in(partner.create(metadata={"margin": "high"}))


@pytest.fixture
def managed(partner: Partner) -> LoggedIn:
    """The client of a managed account that pays for it."""
    account = partner.create(plan=TRIAL)
    let_client_pay(account["id"], relationship=Relationship.MANAGED)
    return partner.logged_in(account)


def refused(client: LoggedIn) -> set[str]:
    """The paths of the client's routes that are not its own to use."""
    found = set()
    for route in ROUTES:
        if route.scope == "client":
            answer = client.ask(route.method, filled(route, "inv_x"), valid_body(route))
            if answer.status == 403:
                assert answer.code == "not_yours_to_change", named(route)
                found.add(route.path)
    return found


def test_a_client_whose_partner_pays_sees_its_account_and_no_more(partners: LoggedIn) -> None:
    assert refused(partners) == set(OWN) - OPEN_TO_ALL


def test_a_client_who_pays_for_a_managed_account_sees_to_the_payment(managed: LoggedIn) -> None:
    assert refused(managed) == set(OWN) - OPEN_TO_ALL - OF_WHOEVER_PAYS


def test_a_referred_client_sees_to_everything(partner: Partner) -> None:
    assert refused(partner.client) == set()


def test_what_the_partner_pays_and_how_is_not_shown_to_the_client(partner: Partner, partners: LoggedIn) -> None:
    account = partners.account
    (theirs,) = partner.get("/v1/accounts")["data"]
    theirs = partner.get(f"/v1/accounts/{theirs['id']}")

    hidden = {"notification_email", "metadata", "billing_profile_id", "single_bill", "next_action"}
    hidden |= {"management_request", "earned"}
    assert account.keys() == theirs.keys() - hidden
    assert account["payer"] == "partner"
    assert (account["price_per_cycle"], account["payment_state"], account["allowed_actions"]) == (None, None, [])
    same = account.keys() - {"price_per_cycle", "payment_state", "allowed_actions"}
    assert {name: account[name] for name in same} == {name: theirs[name] for name in same}


def test_a_client_who_pays_logs_in_while_the_account_is_disabled_but_not_to_the_product(
    api: Api, partner: Partner
) -> None:
    account = partner.create(plan=TRIAL)
    partner.post(f"/v1/accounts/{account['id']}/disable", {"message": "Call us."})
    let_client_pay(account["id"])

    client = partner.logged_in(account)

    assert (client.account["status"], client.account["disabled_message"]) == ("disabled", "Call us.")
    product = client.ask("GET", "/public/session")
    assert (product.status, product.code, product.json["account_status"]) == (401, "session_over", "disabled")
    assert client.ask("POST", "/public/logout").status == 204
    assert client.ask("GET", "/client/account").code == "session_over"


@pytest.mark.parametrize(("days", "status"), [(20, "expired"), (400, "archived")])
def test_a_client_who_pays_logs_in_after_the_account_has_ended(
    api: Api, partner: Partner, days: int, status: str
) -> None:
    name = partner.sign_up(None, plan=TRIAL).account["name"]
    api.forward(days=20)
    api.run_schedules()
    api.forward(days=days - 20)
    api.run_schedules()

    client = api.logged_in(name, PASSWORD)

    assert client.account["status"] == status
    assert client.ask("GET", "/public/session").code == "session_over"


def test_the_products_token_opens_the_product_and_not_the_clients_card(api: Api, partner: Partner) -> None:
    name = partner.client.account["name"]
    body = {"account": name, "username": "admin", "password": PASSWORD}
    opened = api.ask("POST", "/public/login", body, key=None).json
    client, product = LoggedIn(api, opened["token"]), LoggedIn(api, opened["product_token"])

    assert product.get("/public/session") == client.get("/public/session")
    for path in ("/client/account", "/client/payment-method"):
        refusal = product.ask("GET", path)
        assert (refusal.status, refusal.code) == (403, "not_the_client")
    assert product.ask("POST", "/public/logout").status == 204
    assert client.ask("GET", "/client/account").code == "session_over", "both tokens end with the session"


def test_a_client_whose_partner_pays_loses_its_session_with_the_product(partner: Partner) -> None:
    account = partner.create(plan=TRIAL)
    client = partner.logged_in(account)

    partner.post(f"/v1/accounts/{account['id']}/disable", {})

    assert client.ask("GET", "/client/account").code == "session_over"


def test_a_client_without_invoices_has_an_empty_list(partner: Partner) -> None:
    client = partner.client

    assert client.get("/client/invoices?from=2026-01-01&to=2026-01-31&status=paid") == {"data": [], "next_cursor": None}
    assert client.ask("GET", "/client/invoices?from=2026-02-01&to=2026-01-31").faults == {
        "to": "must not be before from"
    }


def test_there_is_nothing_to_retry_unless_it_is_past_due(partner: Partner) -> None:
    answer: Any = partner.client.ask("POST", "/client/retry-payment")

    assert (answer.status, answer.code) == (409, "transition_refused")


def renews(api: Api) -> None:
    """A month passes, and the worker renews what is due."""
    api.forward(days=32)
    api.run_schedules()


def test_a_trial_becomes_paid_by_its_client_at_list_price(api: Api, partner: Partner, drawn: None) -> None:
    partner.create()
    client = partner.sign_up(None, plan=TRIAL)

    assert client.get("/client/payment-method") == {"card": None, "updated_at": None}
    without = client.put("/client/plan", {"plan": PLUS})
    assert (without.status, without.code) == (409, "no_card")
    card = client.put("/client/payment-method", {"payment_method": "pm_card_visa"})
    assert (card.status, card.json["card"]["last4"]) == (200, "4242")
    quote = client.put("/client/plan?preview=true", {"plan": PLUS}).json
    assert quote["due_today"] == 4900
    assert client.account["plan"]["tier"] == "trial"
    answer = client.put("/client/plan", {"plan": PLUS, "expect_due_today": 4900})

    assert (answer.status, answer.json["status"], answer.json["payer"]) == (200, "active", "client")
    assert answer.json["price_per_cycle"] == {"amount": 4900, "currency": "USD"}
    assert answer.json["allowed_actions"] == ["change_plan", "cancel"]
    (invoice,) = client.get("/client/invoices")["data"]
    assert (invoice["number"], invoice["status"], invoice["total"]) == ("000001", "paid", 4900)
    assert client.get(f"/client/invoices/{invoice['id']}") == invoice
    link = client.ask("GET", f"/client/invoices/{invoice['id']}/pdf")
    assert (link.status, "X-Amz-Expires=300" in link.headers["Location"]) == (303, True)
    pdf = api.client.http.request(
        "GET",
        f"/client/invoices/{invoice['id']}/pdf",
        headers={"Authorization": f"Bearer {client.token}", "Accept": "application/pdf"},
    )
    text = " ".join(PdfReader(io.BytesIO(pdf.body)).pages[0].extract_text().split())
    assert "Acme Inc" in text
    assert "Bright Agency" not in text


def test_a_declined_card_changes_nothing(partner: Partner) -> None:
    client = partner.sign_up("pm_card_chargeDeclined", plan=TRIAL)

    answer = client.put("/client/plan", {"plan": PLUS})

    assert (answer.status, answer.code) == (402, "card_declined")
    assert client.account["plan"]["tier"] == "trial"
    assert client.get("/client/invoices")["data"] == []


def test_another_price_than_expected_is_not_charged(partner: Partner) -> None:
    client = partner.sign_up(plan=TRIAL)

    answer = client.put("/client/plan", {"plan": PLUS, "expect_due_today": 4899})

    assert (answer.status, answer.code) == (409, "quote_changed")
    assert answer.json["quote"]["due_today"] == 4900
    assert client.get("/client/invoices")["data"] == []


def test_an_upgrade_is_charged_now_and_a_downgrade_waits(partner: Partner) -> None:
    client = partner.sign_up()

    larger = client.put("/client/plan", {"plan": PLUS | {"contacts": 2500}})
    smaller = client.put("/client/plan", {"plan": PLUS})
    kept = client.put("/client/plan", {"plan": PLUS | {"contacts": 2500}})

    assert (larger.status, larger.json["plan"]["contacts"], larger.json["pending_change"]) == (200, 2500, None)
    assert (smaller.status, smaller.json["plan"]["contacts"]) == (200, 2500)
    assert smaller.json["pending_change"]["plan"]["contacts"] == 1000
    assert "withdraw_change" in smaller.json["allowed_actions"]
    assert kept.json["pending_change"] is None
    assert len(client.get("/client/invoices")["data"]) == 2


def test_a_client_keeps_the_limits_it_has_and_chooses_listed_ones(api: Api, partner: Partner) -> None:
    account = partner.create(plan=TRIAL)
    let_client_pay(account["id"])
    client = partner.logged_in(account)
    client.put("/client/payment-method", {"payment_method": "pm_card_visa"})
    custom = {"email_sends": 10**12}

    assert "plan.limits.email_sends" in client.put("/client/plan", {"plan": PLUS | {"limits": custom}}).faults
    assert client.put("/client/plan", {"plan": PLUS | {"limits": {"email_sends": 50_000}}}).status == 200


def test_an_add_on_is_put_on_now_and_taken_off_at_the_renewal(partner: Partner) -> None:
    client = partner.sign_up()

    quote = client.put("/client/add-ons/sms?preview=true").json
    on = client.put("/client/add-ons/sms", {"expect_due_today": quote["due_today"]})
    off = client.ask("DELETE", "/client/add-ons/sms")

    assert (on.status, on.json["plan"]["add_ons"]) == (200, ["sms"])
    assert off.json["plan"]["add_ons"] == ["sms"]
    assert off.json["pending_change"]["plan"]["add_ons"] == []
    assert client.ask("DELETE", "/client/add-ons/sms?preview=true").json["due_today"] == 0


def test_a_cancellation_is_taken_back_for_free(partner: Partner) -> None:
    client = partner.sign_up()

    canceled = client.post("/client/cancel", {"reason": "Moved"})
    quote = client.post("/client/renew?preview=true")
    renewed = client.post("/client/renew", Idempotency_Key="k1")
    again = client.post("/client/renew", Idempotency_Key="k1")

    assert (canceled.status, canceled.json["status"]) == (200, "canceled")
    assert canceled.json["allowed_actions"] == ["renew"]
    assert quote.json["due_today"] == 0
    assert (renewed.status, renewed.json["status"]) == (200, "active")
    assert (again.json, again.headers["Idempotent-Replayed"]) == (renewed.json, "true")
    assert len(client.get("/client/invoices")["data"]) == 1


def test_a_client_who_has_not_paid_changes_its_card_and_recovers(api: Api, partner: Partner) -> None:
    name = partner.sign_up("pm_card_declinedOnRenewal").account["name"]
    renews(api)
    client = api.logged_in(name, PASSWORD)

    assert (client.account["payment_state"], client.account["allowed_actions"]) == (
        "past_due",
        ["cancel", "retry_payment"],
    )
    at_once = client.post("/client/retry-payment")
    assert (at_once.status, at_once.code) == (429, "retried_just_now")
    api.forward(minutes=2)
    assert client.post("/client/retry-payment").status == 402
    assert client.put("/client/payment-method", {"payment_method": "pm_card_visa"}).status == 200
    api.run_schedules()

    assert client.account["payment_state"] == "ok"
    assert [invoice["status"] for invoice in client.get("/client/invoices")["data"]] == ["paid", "paid"]


def test_a_client_who_expired_unpaid_logs_in_pays_and_uses_the_product_again(api: Api, partner: Partner) -> None:
    name = partner.sign_up("pm_card_declinedOnRenewal").account["name"]
    renews(api)
    for _ in range(4):
        api.forward(days=8)
        api.run_schedules()

    client = api.logged_in(name, PASSWORD)
    assert (client.account["status"], client.account["allowed_actions"]) == ("expired", ["change_plan", "renew"])
    assert client.ask("GET", "/public/session").code == "session_over"
    assert client.post("/client/renew").status == 402
    client.put("/client/payment-method", {"payment_method": "pm_card_visa"})
    answer = client.post("/client/renew", {"expect_due_today": 4900})

    assert (answer.status, answer.json["status"]) == (200, "active")
    assert client.ask("GET", "/public/session").status == 200


def test_what_has_changed_meanwhile_is_not_overwritten(partner: Partner) -> None:
    client = partner.sign_up()
    seen = client.ask("GET", "/client/account").headers["ETag"]
    card = client.ask("GET", "/client/payment-method").headers["ETag"]

    assert client.put("/client/plan", {"plan": PLUS | {"contacts": 2500}}, If_Match=seen).status == 200
    assert client.put("/client/plan", {"plan": PLUS}, If_Match=seen).code == "changed_meanwhile"
    assert client.put("/client/payment-method", {"payment_method": "pm_card_visa"}, If_Match=card).status == 200


@pytest.mark.parametrize("payment_method", ["pm_nobody_knows", "💳"])
def test_a_card_nobody_knows_is_not_put_on_file(partner: Partner, payment_method: str) -> None:
    client = partner.sign_up()

    answer = client.put("/client/payment-method", {"payment_method": payment_method})

    assert "payment_method" in answer.faults
    assert client.get("/client/payment-method")["card"]["last4"] == "4242"


def test_what_a_client_does_is_its_own_in_the_event_log(api: Api, partner: Partner) -> None:
    client = partner.sign_up()
    client.post("/client/cancel", {})
    api.stream()

    events = partner.get("/v1/events?type=account.canceled")["data"]

    assert [event["actor"] for event in events] == ["client"]


def test_ten_new_cards_and_changes_an_hour_are_the_most_whatever_the_bank_says(partner: Partner) -> None:
    client = partner.client

    cards = {client.ask("PUT", "/client/payment-method", {"payment_method": "pm_none"}).status for _ in range(9)}
    change = client.ask("PUT", "/client/plan", {"plan": PLUS})
    refused = client.ask("PUT", "/client/payment-method", {"payment_method": "pm_card_visa"})

    assert (cards, change.code) == ({422}, "no_card")
    assert (refused.status, refused.code) == (429, "too_many_tries")
