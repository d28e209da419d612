"""No partner sees, names or changes what is another's; a new route is tried without a line here."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import pytest
from chalice.local import LambdaContext
from chalice.test import Client

import app
from chalicelib.api.declared import Route
from tests.conftest import reset_aws
from tests.functional.conftest import OPERATOR, PLUS, SANDBOX, TRIAL, Api, LoggedIn, Partner, table_rows
from tests.functional.routes import NOT_IN_THE_PROGRAM, ROUTES, asked, named, valid_body

PARTNERS = [route for route in ROUTES if route.scope in {"read", "write", "billing"}]
WITH_ID = [route for route in PARTNERS if "{" in route.path and route.path != "/v1/account-names/{name}"]
CLIENTS_WITH_ID = [route for route in ROUTES if route.scope == "client" and "{invoice_id}" in route.path]
CLIENTS_LISTS = [
    route for route in ROUTES if route.scope == "client" and route.method == "GET" and "{" not in route.path
]
WITHOUT_ID = [route for route in PARTNERS if route.method == "GET" and "{" not in route.path]


NOT_MADE_HERE = {
    "bill_id": "bill_01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "add_on": "sms",
    "credit_note_id": "txn_01ARZ3NDEKTSV4RRFFQ69G5FAV",
}
"""Ids of kinds that take a story of their own to come about: nobody has these. Names that are nobody's secret."""


@dataclass
class Estate:
    """A partner that has one of everything that has an id."""

    partner: Partner
    account: dict[str, Any]
    ids: dict[str, str]

    @classmethod
    def of(cls, api: Api) -> "Estate":
        partner = api.partner()
        card = partner.card()
        account = partner.create(billing_profile_id=card, client={"name": "Secret Client", "email": "s@secret.example"})
        partner.buy(5000, account_id=account["id"])
        partner.create(plan=TRIAL)
        ids = {
            "account_id": account["id"],
            "profile_id": card,
            "invoice_id": partner.get("/v1/invoices")["data"][0]["id"],
            "key_id": partner.post("/v1/api-keys", {"name": "Till", "scopes": ["read"]}).json["id"],
            "webhook_id": partner.post("/v1/webhooks", {"url": "https://hooks.secret.example/"}).json["id"],
        }
        sandbox = partner.create(plan=SANDBOX)
        made = partner.post("/v1/snapshots", {"account_id": sandbox["id"], "name": "Secret set-up"})
        letter = {"name": "Secret letter", "html": "<p>Secret</p>"}
        template = partner.post(f"/v1/accounts/{sandbox['id']}/templates", letter)
        view = partner.post("/v1/views", {"name": "Secret view", "filters": {"q": "secret"}})
        work = {"account_id": account["id"], "kind": "design", "description": "Secret work"}
        ids["service_request_id"] = partner.post("/v1/service-requests", work).json["id"]
        move = {
            "direction": "in",
            "account": "secret-name",
            "owner_email": "s@secret.example",
            "relationship": "referred",
        }
        ids["transfer_id"] = partner.post("/v1/transfers", move).json["id"]
        refund = f"/v1/operator/partners/{partner.id}/invoices/{ids['invoice_id']}/refunds"
        refunded = partner.ask("POST", refund, {"amount": 100}, key=OPERATOR).json["invoice"]
        ids["credit_note_id"] = refunded["credit_notes"][0]["id"]
        ids["payout_id"] = held_payout(api, partner)
        ids |= {"snapshot_id": made.json["id"], "template_id": template.json["id"], "view_id": view.json["id"]}
        return cls(partner, account, ids)

    def path(self, route: Route) -> str:
        """The route's path with this partner's ids in it; a kind of id nobody knows here has to be added above."""
        return re.sub(r"{(\w+)}", lambda match: (self.ids | NOT_MADE_HERE)[match[1]], route.path)


def held_payout(api: Api, partner: Partner) -> str:
    """A payout of the partner that is too small to be made."""
    adjustment = {"amount": 1, "reason": "Secret reason"}
    partner.ask("POST", f"/v1/operator/partners/{partner.id}/earnings", adjustment, key=OPERATOR)
    partner.ask("POST", "/v1/operator/payout-runs", {"program": "agency"}, key=OPERATOR)
    with patch.object(LambdaContext, "get_remaining_time_in_millis", lambda _: 300_000):
        for _ in range(2):
            api.run_schedules()
    (payout,) = partner.get("/v1/payouts")["data"]
    payout_id: str = payout["id"]
    return payout_id


@pytest.fixture(scope="module")
def theirs(_mocked: None) -> Iterator[Estate]:
    """Made once: whatever a stranger tries, it stays as it is."""
    reset_aws()
    with Client(app.app) as client:
        api = Api(client)
        estate = Estate.of(api)
        api.stream()
        deliveries = estate.partner.get(f"/v1/webhooks/{estate.ids['webhook_id']}/deliveries")["data"]
        estate.ids["delivery_id"] = deliveries[0]["id"]
        yield estate


@pytest.fixture(scope="module")
def stranger(theirs: Estate) -> Partner:
    """Another partner, whose key was used before."""
    stranger = theirs.partner.api.partner()
    stranger.get("/v1/partner")
    return stranger


@pytest.mark.parametrize("route", WITH_ID, ids=named)
def test_an_id_of_another_partner_is_a_404_and_nothing_changes(theirs: Estate, stranger: Partner, route: Route) -> None:
    before = table_rows()

    answer = stranger.ask(route.method, theirs.path(route), valid_body(route))

    assert answer.code in {"not_found", *NOT_IN_THE_PROGRAM}
    assert "ecret" not in answer.text
    after = table_rows()
    assert after == before


@pytest.mark.parametrize("route", WITH_ID, ids=named)
def test_the_answer_is_the_same_as_for_an_id_nobody_has(theirs: Estate, stranger: Partner, route: Route) -> None:
    path = theirs.path(route)
    their_id = next(part for part in path.split("/") if "_" in part)
    nobodys = their_id[:-4] + ("0000" if their_id[-4:] != "0000" else "1111")

    problem = stranger.ask(route.method, path, valid_body(route)).json
    nothing = stranger.ask(route.method, path.replace(their_id, nobodys), valid_body(route)).json

    assert problem["detail"].replace(their_id, "") == nothing["detail"].replace(nobodys, "")
    assert {**problem, "detail": "", "request_id": ""} == {**nothing, "detail": "", "request_id": ""}


@pytest.mark.parametrize("route", WITHOUT_ID, ids=named)
def test_a_list_of_mine_holds_nothing_of_theirs(theirs: Estate, stranger: Partner, route: Route) -> None:
    answer = stranger.ask("GET", asked(route))

    assert answer.status == 200 or answer.code in NOT_IN_THE_PROGRAM
    assert theirs.partner.id not in answer.text
    assert not [value for value in theirs.ids.values() if value in answer.text]
    assert "ecret" not in answer.text


@pytest.fixture(scope="module")
def their_own_client(theirs: Estate) -> LoggedIn:
    """The client of another account of theirs, which pays for itself: to it, all the rest is another's."""
    return theirs.partner.client


@pytest.mark.parametrize("route", CLIENTS_WITH_ID, ids=named)
def test_an_id_of_another_account_is_a_404_to_a_client(
    theirs: Estate, their_own_client: LoggedIn, route: Route
) -> None:
    before = table_rows()
    path = theirs.path(route)
    their_id = next(part for part in path.split("/") if "_" in part)
    nobodys = f"{their_id[:-4]}0000"

    answer = their_own_client.ask(route.method, path, valid_body(route))
    nothing = their_own_client.ask(route.method, path.replace(their_id, nobodys), valid_body(route))

    assert (answer.status, answer.code) == (404, "not_found")
    assert answer.json["detail"].replace(their_id, "") == nothing.json["detail"].replace(nobodys, "")
    assert table_rows() == before


@pytest.mark.parametrize("route", CLIENTS_LISTS, ids=named)
def test_a_client_reads_its_own_account_only(theirs: Estate, their_own_client: LoggedIn, route: Route) -> None:
    answer = their_own_client.ask("GET", asked(route))

    assert answer.status == 200
    assert theirs.partner.id not in answer.text
    assert not [value for value in theirs.ids.values() if value in answer.text]
    assert "ecret" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/v1/events?account_id={account_id}",
        "/v1/invoices?account_id={account_id}",
        "/v1/service-requests?account_id={account_id}",
        "/v1/accounts?view={view_id}",
    ],
    ids=["events", "invoices", "service requests", "views"],
)
def test_a_filter_by_what_is_theirs_is_a_404(theirs: Estate, stranger: Partner, path: str) -> None:
    answer = stranger.ask("GET", path.format(**theirs.ids))

    assert (answer.status, answer.code) == (404, "not_found")


def test_their_ids_in_a_body_are_as_good_as_none(theirs: Estate, stranger: Partner) -> None:
    mine = stranger.card()
    account, card = theirs.ids["account_id"], theirs.ids["profile_id"]

    quoted = stranger.post("/v1/quotes", {"plan": PLUS, "account_id": account})
    for_theirs = {"billing_profile_id": mine, "amount": 5000, "account_id": account}
    with_theirs = {"billing_profile_id": card, "amount": 5000}

    assert quoted.code == "not_found"
    assert stranger.post("/v1/credits/prepaid/purchases", for_theirs).code == "not_found"
    assert stranger.post("/v1/credits/prepaid/purchases", with_theirs).code == "not_found"
    created = stranger.post("/v1/accounts", stranger.wanted(billing_profile_id=card))
    assert created.faults == {"billing_profile_id": f"{card} is no billing profile of yours"}
    assert stranger.get("/v1/credits")["prepaid"]["balance"] == 0


def test_an_idempotency_key_is_the_partners_own(theirs: Estate) -> None:
    first, second = theirs.partner.api.partner(), theirs.partner.api.partner()
    one = first.post("/v1/accounts", first.wanted(plan=TRIAL), Idempotency_Key="k1")
    other = second.post("/v1/accounts", second.wanted(plan=TRIAL), Idempotency_Key="k1")

    assert (one.status, other.status) == (201, 201)
    assert one.json["id"] != other.json["id"]
    assert "Idempotent-Replayed" not in other.headers


def test_an_operator_sees_partners_and_nothing_that_is_theirs(theirs: Estate) -> None:
    api = theirs.partner.api
    answer = api.ask("GET", f"/v1/operator/partners/{theirs.partner.id}", key=api.operator)

    assert answer.status == 200
    for route in WITH_ID:
        assert api.ask(route.method, theirs.path(route), valid_body(route), key=api.operator).status == 403
    assert "ecret" not in json.dumps(answer.json)
