"""What is another's is to a partner, or a client, as if nobody had it; a new route is tried without a line here.

That it is refused, and changes nothing, is counted in test_tenancy.py.
"""

import json
from collections.abc import Iterator

import pytest
from chalice.test import Client

import app
from chalicelib.api.declared import Route
from tests.conftest import reset_aws
from tests.functional.conftest import PLUS, TRIAL, Api, LoggedIn, Partner
from tests.functional.estates import Estate
from tests.functional.routes import NOT_IN_THE_PROGRAM, ROUTES, asked, named, valid_body

PARTNERS = [route for route in ROUTES if route.scope in {"read", "write", "billing"}]
WITH_ID = [route for route in PARTNERS if "{" in route.path and route.path != "/v1/account-names/{name}"]
CLIENTS_WITH_ID = [route for route in ROUTES if route.scope == "client" and "{invoice_id}" in route.path]
CLIENTS_LISTS = [
    route for route in ROUTES if route.scope == "client" and route.method == "GET" and "{" not in route.path
]
WITHOUT_ID = [route for route in PARTNERS if route.method == "GET" and "{" not in route.path]


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
def test_an_id_of_another_account_is_to_a_client_what_nobody_has(
    theirs: Estate, their_own_client: LoggedIn, route: Route
) -> None:
    path = theirs.path(route)
    their_id = next(part for part in path.split("/") if "_" in part)
    nobodys = f"{their_id[:-4]}0000"

    answer = their_own_client.ask(route.method, path, valid_body(route)).json
    nothing = their_own_client.ask(route.method, path.replace(their_id, nobodys), valid_body(route)).json

    assert answer["detail"].replace(their_id, "") == nothing["detail"].replace(nobodys, "")


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
    assert "ecret" not in json.dumps(answer.json)
