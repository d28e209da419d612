"""What the partner of a referred account sees of it over HTTP, and that it can do nothing to it (docs/rules.md §9)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from chalice.test import Client as HttpClient

import app
from chalicelib.api.declared import Route
from chalicelib.domain.accounts.accounts import Client
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.ids import new_id
from chalicelib.models.billing import invoice_lists
from chalicelib.services.accounts import own_accounts
from chalicelib.services.accounts.account_requests import NewAccountRequest
from chalicelib.services.partners import partners
from tests.conftest import reset_aws
from tests.functional.conftest import OPERATOR, Api, Partner
from tests.functional.routes import ROUTES, filled, named, valid_body

STANDARD = PlanRequest("S1", "email", "standard", 1000, Frequency.MONTHLY)
OF_AN_ACCOUNT = [route for route in ROUTES if route.path.startswith("/v1/accounts/{account_id}")]
FOR_ITS_PARTNER = {
    "GET /v1/accounts/{account_id}",
    "POST /v1/accounts/{account_id}/management-request",
    "DELETE /v1/accounts/{account_id}/management-request",
}
SHOWN = {
    "id",
    "name",
    "status",
    "payment_state",
    "relationship",
    "payer",
    "client",
    "plan",
    "allowed_actions",
    "management_request",
    "earned",
}


@pytest.fixture(scope="module")
def provider(_mocked: None) -> Iterator[Partner]:
    """A solution provider with a Single Bill; nothing here changes anything."""
    reset_aws()
    with HttpClient(app.app) as client:
        partner = Api(client).partner(program="solutions")
        answer = partner.ask("PATCH", "/v1/single-bill", {"bill_day": 5, "billing_profile_id": partner.card()})
        assert answer.status == 200, answer.text
        yield partner


@pytest.fixture(scope="module")
def referred(provider: Partner) -> str:
    now = datetime.now(UTC)
    return own_accounts.create_own_account(
        account_id=new_id("acct", at=now),
        partner_id=provider.id,
        request=NewAccountRequest(
            name="referred",
            client=Client("Acme Inc", "owner@acme.example"),
            notification_email="",
            country="DE",
            language="de",
            time_zone="Europe/Berlin",
            plan=STANDARD,
        ),
        password="a-long-password",
        payment_method="pm_card_visa",
        now=now,
    ).id


def test_it_sees_name_client_status_plan_and_payment_state_and_the_rest_is_null(
    provider: Partner, referred: str
) -> None:
    shown = provider.get(f"/v1/accounts/{referred}")

    assert {name for name, value in shown.items() if value is not None} == SHOWN - {"management_request", "earned"}
    assert (shown["relationship"], shown["payer"], shown["status"]) == ("referred", "client", "active")
    assert shown["client"] == {"name": "Acme Inc", "email": "owner@acme.example"}
    assert shown["plan"]["tier"] == "standard"
    assert shown["allowed_actions"] == ["request_management"]


def test_the_overview_shows_the_same(provider: Partner, referred: str) -> None:
    listed = [each for each in provider.all("/v1/accounts") if each["id"] == referred]

    assert listed == [provider.get(f"/v1/accounts/{referred}")]
    assert provider.all("/v1/accounts?relationship=referred&q=acme") == listed
    assert provider.all("/v1/accounts?country=DE") == []


@pytest.mark.parametrize("route", [route for route in OF_AN_ACCOUNT if named(route) not in FOR_ITS_PARTNER], ids=named)
def test_whatever_else_it_asks_or_wants_of_it_is_refused(provider: Partner, referred: str, route: Route) -> None:
    answer = provider.ask(route.method, filled(route, referred), valid_body(route))

    assert (answer.status, answer.code) == (409, "not_managed"), answer.text


def test_nothing_it_paid_is_among_its_partners_invoices(provider: Partner, referred: str) -> None:
    assert provider.all("/v1/invoices") == []


def test_an_account_its_partner_pays_for_says_so(provider: Partner) -> None:
    plan = {"pricing_version": "S1", "product": "email", "tier": "trial"}

    account: dict[str, Any] = provider.create(plan=plan, billing_profile_id=None)

    assert (account["payer"], account["management_request"], account["earned"]) == ("partner", None, None)


def test_an_operator_lists_it_with_all_there_is_of_it(provider: Partner, referred: str) -> None:
    answer = provider.ask("GET", f"/v1/operator/accounts?partner_id={provider.id}", key=OPERATOR)

    shown = next(each for each in answer.json["data"] if each["id"] == referred)
    assert (shown["country"], shown["language"], shown["price_per_cycle"]["amount"]) == ("DE", "de", 3900)
    unknown = provider.ask("GET", "/v1/operator/accounts?partner_id=prt_x", key=OPERATOR)
    assert (unknown.status, unknown.code) == (404, "not_found")


def test_an_operator_refunds_what_its_client_paid(provider: Partner, referred: str) -> None:
    (invoice,) = invoice_lists.of_payer(referred, status=None, since=None, until=None, limit=1, start=None)[0]
    path = f"/v1/operator/accounts/{referred}/invoices/{invoice.id}/refunds"

    answer = provider.post(path, {"amount": 100}, key=OPERATOR)

    assert answer.status == 201, answer.text
    assert answer.json["invoice"]["refunded"] == 100
    assert provider.all("/v1/invoices") == []
    nobodys = provider.post(path.replace(invoice.id, "inv_x"), {"amount": 100}, key=OPERATOR)
    assert (nobodys.status, nobodys.code) == (404, "not_found")


def test_the_house_gets_no_key(provider: Partner) -> None:
    house = partners.house_of("solutions", now=datetime.now(UTC), actor="test")

    answer = provider.post(f"/v1/operator/partners/{house.id}/api-keys", {"name": "Key"}, key=OPERATOR)

    assert (answer.status, answer.code) == (409, "house_has_no_keys")
