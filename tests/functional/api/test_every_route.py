"""What holds on every route, tried on every route there is: a new one is tried without a line here."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from chalice.test import Client

import app
from chalicelib.api.declared import Route
from tests.conftest import reset_aws
from tests.functional.conftest import SANDBOX, Api, Partner
from tests.functional.routes import (
    NOT_IN_THE_PROGRAM,
    ROUTES,
    SCHEMAS,
    closed_choices,
    filled,
    key_for,
    named,
    valid_body,
)

WITH_ID = [route for route in ROUTES if "{" in route.path and route.path != "/v1/account-names/{name}"]
WITH_BODY = [route for route in ROUTES if route.takes_body and not route.raw_body]
LISTS = [route for route in ROUTES if route.query is not None and "cursor" in route.query.model_fields]

HOSTILE = {
    "nothing": "%20",
    "NUL": "a%00b",
    "a line end": "a%0d%0aSet-Cookie:%20x",
    "another folder": "..%2F..%2Fetc%2Fpasswd",
    "SQL": "1%27%20OR%20%271%27=%271",
    "a dollar and braces": "%24%7Bjndi:ldap:%7D",
    "an emoji": "%F0%9F%92%A9",
    "right to left": quote("مرحبا"),
    "no UTF-8": "%ff",
    "a row of another kind": "prt_01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "as long as may be": "a" * 255,
    "too long": quote("é" * 2000),
    "encoded twice": "%252e%252e%252f",
}


@pytest.fixture(scope="module")
def agency(_mocked: None) -> Iterator[Partner]:
    """One partner for all: nothing here is ever done."""
    reset_aws()
    with Client(app.app) as client:
        yield Api(client).partner()


@pytest.fixture(scope="module")
def account_id(agency: Partner) -> str:
    account_id: str = agency.create(plan=SANDBOX)["id"]
    return account_id


@pytest.mark.parametrize("what", HOSTILE)
def test_takes_no_hostile_id(agency: Partner, what: str) -> None:
    for route in WITH_ID:
        answer = agency.api.ask(
            route.method, filled(route, HOSTILE[what]), valid_body(route), key=key_for(route, agency)
        )
        assert answer.code in {"not_found", *NOT_IN_THE_PROGRAM}, named(route)


@pytest.mark.parametrize("what", HOSTILE)
def test_takes_no_hostile_name(agency: Partner, what: str) -> None:
    answer = agency.ask("GET", f"/v1/account-names/{HOSTILE[what]}")

    assert (answer.status, answer.code) in {(404, "not_found"), (422, "invalid_request")}


@pytest.mark.parametrize("route", WITH_BODY, ids=named)
def test_takes_no_malformed_body(agency: Partner, route: Route) -> None:
    def sent(raw: bytes, **headers: str) -> tuple[int, str]:
        answer = agency.api.ask(route.method, filled(route, "x"), raw=raw, key=key_for(route, agency), **headers)
        return answer.status, answer.code

    assert sent(b'{"name": ') == (400, "malformed_json")
    assert sent(b"\xff\xfe") == (400, "malformed_json")
    assert sent(b'{"a":' * 1000 + b"1" + b"}" * 1000) == (400, "malformed_json")
    assert sent(b"[" * 200_000) == (400, "malformed_json")
    assert sent(b'{"a": 1, "a": 2}') == (400, "malformed_json")
    assert sent(b'{"name": "' + b"a" * 1_000_000 + b'"}') == (413, "body_too_large")
    assert sent(b"name=acme", Content_Type="application/x-www-form-urlencoded") == (415, "unsupported_media_type")
    for raw in (b"[]", b"null", b'"text"', b"1", b'{"nobody_knows_this": 1}'):
        assert sent(raw) == (422, "invalid_request")


def test_takes_no_body_of_ten_megabytes(agency: Partner) -> None:
    answer = agency.post("/v1/accounts", raw=b'{"name": "' + b"a" * 10_000_000 + b'"}')

    assert (answer.status, answer.code) == (413, "body_too_large")


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_takes_no_parameter_it_does_not_know(agency: Partner, route: Route) -> None:
    path = f"{filled(route, 'x')}?colour=red"
    answer = agency.api.ask(route.method, path, valid_body(route), key=key_for(route, agency))

    assert answer.faults["colour"].startswith("is not known here")


WITH_CHOICES = [route for route in ROUTES if any(closed_choices(route))]
PYTHON = re.compile(r"<|chalicelib|pydantic|Input should|\b[A-Z]\w+\.[A-Z]+\b|\w_(?!\w)|None\b")


@pytest.mark.parametrize("route", WITH_CHOICES, ids=named)
def test_names_the_value_and_those_that_are_possible(agency: Partner, route: Route) -> None:
    query, body = {"colour": "red"}, {"colour": "red", **(valid_body(route) or {})}
    choices = list(closed_choices(route))
    for place, field, _ in choices:
        if place == "query":
            query[field] = "unheard_of"
        else:
            _put(body, field.split("."), "unheard_of")

    answer = agency.api.ask(
        route.method,
        f"{filled(route, 'x')}?{urlencode(query)}",
        body if route.takes_body else None,
        key=key_for(route, agency),
    )

    for _, field, values in choices:
        message = answer.faults[field]
        assert "unheard_of" in message
        assert all(value in message for value in values), message
    assert "colour" in answer.faults
    assert PYTHON.findall(answer.text) == []


def _put(body: Any, path: list[str], value: Any) -> None:
    if path[-1] == "0":
        path, value = path[:-1], [value]
    for step in path[:-1]:
        body = body.setdefault(step, {})
    body[path[-1]] = value


@pytest.mark.parametrize("path", ["/v1/invoices", "/v1/accounts/{account_id}/invoices"])
def test_names_parameters_as_clients_know_them(agency: Partner, account_id: str, path: str) -> None:
    path = path.format(account_id=account_id)

    assert "from, to" in agency.ask("GET", f"{path}?from_=2026-01-01").faults["from_"]
    answer = agency.ask("GET", f"{path}?from=2026-02-01&to=2026-01-31")
    assert answer.faults == {"to": "must not be before from"}
    assert agency.ask("GET", f"{path}?from=2026-01-31&to=2026-01-31").status == 200


NAMES = ["name", "client.name", "description", "subject", "note", "reason", "message", "product_name", "address.city"]


@pytest.mark.parametrize("route", WITH_BODY, ids=named)
def test_takes_no_name_in_which_nothing_can_be_seen(agency: Partner, route: Route) -> None:
    """Those of accounts, cards, keys and so on; what is no text for people is refused in other words."""
    for field in NAMES:
        body = valid_body(route) or {}
        properties = SCHEMAS[route.body.__name__]["properties"] if route.body else {}
        if field.partition(".")[0] not in properties:
            continue
        _put(body, field.split("."), "\u200b")
        answer = agency.api.ask(route.method, filled(route, "x"), body, key=key_for(route, agency))
        assert field in answer.faults, named(route)


@pytest.mark.parametrize("route", LISTS, ids=named)
@pytest.mark.parametrize("cursor", ["", "AAAA", "%00", "%F0%9F%92%A9", "a" * 3000], ids=lambda c: c[:9] or "empty")
def test_list_takes_no_cursor_but_ours(agency: Partner, account_id: str, route: Route, cursor: str) -> None:
    path = f"{filled(route, account_id)}?cursor={cursor}"

    answer = agency.api.ask("GET", path, key=key_for(route, agency))

    assert answer.status in {400, 422}
    assert answer.code in {"invalid_cursor", "invalid_request"}


@pytest.mark.parametrize(
    "query", ["account_id=", "from=0001-01-01", "to=9999-12-31", "from=2026-02-30", "limit=0", "status=unheard_of"]
)
def test_list_takes_no_filter_out_of_bounds(agency: Partner, account_id: str, query: str) -> None:
    for route in LISTS:
        assert route.query is not None
        field = query.partition("=")[0]
        if any(field in (name, info.alias) for name, info in route.query.model_fields.items()):
            answer = agency.ask("GET", f"{filled(route, account_id)}?{query}", key=key_for(route, agency))
            assert field in answer.faults, named(route)


def test_problem_names_its_request(agency: Partner) -> None:
    answer = agency.ask("GET", "/v1/accounts/acct_x")

    assert answer.json == {
        "type": "urn:sublet:problem:not_found",
        "title": "Not found",
        "status": 404,
        "code": "not_found",
        "detail": "There is no account acct_x.",
        "request_id": answer.headers["X-Request-Id"],
    }
