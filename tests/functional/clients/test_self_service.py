"""A client sees to its own account, by the session of its log-in; over HTTP, on moto."""

from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import Relationship
from tests.functional.conftest import TRIAL, Api, LoggedIn, Partner
from tests.functional.routes import ROUTES, filled, named, valid_body
from tests.paying_clients import let_client_pay

OWN = {route.path: route for route in ROUTES if route.scope == "client"}
OPEN_TO_ALL = {"/client/account"}
OF_WHOEVER_PAYS = {
    path for path in OWN if path.startswith(("/client/invoices", "/client/payment-method", "/client/retry-payment"))
}


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
    assert account.keys() == (theirs.keys() - hidden) | {"payer"}
    assert account["payer"] == "partner"
    assert (account["price_per_cycle"], account["payment_state"], account["allowed_actions"]) == (None, None, [])
    same = account.keys() - {"payer", "price_per_cycle", "payment_state", "allowed_actions"}
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
    account = partner.create(plan=TRIAL)
    api.forward(days=20)
    api.run_schedules()
    api.forward(days=days - 20)
    api.run_schedules()
    let_client_pay(account["id"])

    client = partner.logged_in(account)

    assert client.account["status"] == status
    assert client.ask("GET", "/public/session").code == "session_over"


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
