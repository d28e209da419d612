"""The account overview over HTTP: filters, search, orders, columns, saved views, and what it refuses."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from chalice.test import Client

import app
from tests.conftest import reset_aws
from tests.counting import requests_counted
from tests.functional.conftest import PLUS, SANDBOX, TRIAL, Api, Partner

RTL = "شركة النور"
ACCOUNTS: list[tuple[str, dict[str, Any]]] = [
    ("alpha", {"plan": PLUS | {"contacts": 5000, "add_ons": ["sms"]}, "metadata": {"team": "red", "tier.x": "1"}}),
    (
        "bravo",
        {"plan": PLUS | {"billing_frequency": "annual"}, "client": {"name": "Zürich AG", "email": "z@ag.example"}},
    ),
    ("charlie", {"plan": TRIAL, "country": "DE", "client": {"name": RTL, "email": "info@nur.example"}}),
    ("delta", {"plan": SANDBOX, "custom_domain": "mail.sandbox.example", "metadata": {"team": "🦊"}}),
    ("echo", {"plan": PLUS | {"tier": "starter"}, "client": {"name": "Echo 💌 Ltd", "email": "e@ltd.example"}}),
]


@pytest.fixture(scope="module")
def agency(_mocked: None) -> Iterator[Partner]:
    """A partner with accounts of all kinds, made a day apart, once: nothing here changes them."""
    reset_aws()
    with Client(app.app) as client:
        api = Api(client)
        partner = api.partner()
        card = partner.card()
        for day, (name, fields) in enumerate(ACCOUNTS):
            api.at(datetime(2026, 11, 1 + day, 15, 0, tzinfo=UTC))
            priced = {"billing_profile_id": card} if fields["plan"] not in (TRIAL, SANDBOX) else {}
            partner.create(name=name, **priced, **fields)
        api.at(datetime(2026, 11, 10, 15, 0, tzinfo=UTC))
        bravo = partner.get("/v1/accounts?q=bravo")["data"][0]
        assert partner.post(f"/v1/accounts/{bravo['id']}/cancel").status == 200
        yield partner


def asked(**parameters: str) -> str:
    return f"/v1/accounts?{urlencode({name.replace('__', '.'): value for name, value in parameters.items()})}"


def names(partner: Partner, **parameters: str) -> list[str]:
    return [account["name"] for account in partner.all(asked(**parameters))]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"status": "canceled"}, "bravo"),
        ({"status": "active,canceled"}, "alpha bravo charlie delta echo"),
        ({"plan": "trial,starter"}, "charlie echo"),
        ({"q": "ALPH"}, "alpha"),
        ({"q": "zÜRICH"}, "bravo"),
        ({"q": "Zu\u0308rich"}, "bravo"),
        ({"q": "@NUR.example"}, "charlie"),
        ({"q": "النور"}, "charlie"),
        ({"q": "💌"}, "echo"),
        ({"q": "sandbox.example"}, "delta"),
        ({"q": ".*"}, ""),
        ({"q": "' OR 1=1 --"}, ""),
        ({"q": ""}, "alpha bravo charlie delta echo"),
        ({"relationship": "managed", "country": "DE"}, "charlie"),
        ({"relationship": "referred"}, ""),
        ({"billing_profile_id": "bp_nobody"}, ""),
        ({"add_on": "sms"}, "alpha"),
        ({"single_bill": "false", "payment_state": "ok", "plan": "plus"}, "alpha bravo"),
        ({"single_bill": "true"}, ""),
        ({"payment_state": "past_due"}, ""),
        ({"created_from": "2026-11-02", "created_to": "2026-11-03"}, "bravo charlie"),
        ({"created_from": "2026-11-02T15:00:00Z", "created_to": "2026-11-04T14:59:59Z"}, "bravo charlie"),
        ({"expires_to": "2026-11-17"}, "charlie"),
        ({"expires_from": "2026-12-01", "expires_to": "2026-12-01"}, "alpha"),
        ({"expires_from": "2026-12-02"}, "bravo echo"),
        ({"metadata__team": "red"}, "alpha"),
        ({"metadata__team": "🦊"}, "delta"),
        ({"metadata__team": "re"}, ""),
        ({"metadata__tier.x": "1", "metadata__team": "red"}, "alpha"),
    ],
    ids=lambda value: urlencode(value) if isinstance(value, dict) else "",
)
def test_filters_choose(agency: Partner, parameters: dict[str, str], expected: str) -> None:
    assert names(agency, **parameters) == expected.split()
    assert names(agency, **parameters, limit="1") == expected.split()


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("name", "alpha bravo charlie delta echo"),
        ("created_at", "alpha bravo charlie delta echo"),
        ("plan_size", "charlie delta bravo echo alpha"),
        ("expires_at", "charlie alpha echo bravo delta"),
    ],
)
@pytest.mark.parametrize("limit", ["1", "2", "100"])
def test_orders_go_both_ways_page_by_page(agency: Partner, sort: str, expected: str, limit: str) -> None:
    assert names(agency, sort=sort, limit=limit) == expected.split()
    assert names(agency, sort=sort, limit=limit, order="desc") == expected.split()[::-1]


def test_a_row_is_the_account_itself_whatever_the_order(agency: Partner) -> None:
    for sort in ("name", "created_at", "plan_size", "expires_at"):
        for account in agency.all(asked(sort=sort)):
            assert agency.get(f"/v1/accounts/{account['id']}") == account


def test_columns_are_the_ones_asked_for_in_their_order(agency: Partner) -> None:
    page = agency.get(asked(columns="name,next_action,renews_at,name", limit="1"))

    assert [list(row) for row in page["data"]] == [["name", "next_action", "renews_at"]]
    assert page["data"][0]["name"] == "alpha"
    assert page["next_cursor"]
    assert agency.get(asked(columns="metadata", q="delta"))["data"] == [{"metadata": {"team": "🦊"}}]


@pytest.mark.parametrize(
    ("parameters", "field", "expected"),
    [
        ({"status": "activ"}, "status", "active, "),
        ({"plan": "gold"}, "plan", "must be enterprise, lite,"),
        ({"add_on": "sms,fax"}, "add_on", "must be "),
        ({"sort": "price"}, "sort", "plan_size"),
        ({"order": "up"}, "order", "asc or desc"),
        ({"columns": "name,password"}, "columns", "must be id, name, status"),
        ({"relationship": "x"}, "relationship", "managed or referred"),
        ({"country": "usa"}, "country", "must be a country's two letters"),
        ({"single_bill": "perhaps"}, "single_bill", "must be true or false"),
        ({"payment_state": "late"}, "payment_state", "past_due"),
        ({"created_from": "yesterday"}, "created_from", "must be a date, YYYY-MM-DD"),
        ({"created_from": "2026-02-30"}, "created_from", "must be a date"),
        ({"expires_to": "2026-02-01T25:00:00Z"}, "expires_to", "must be a time"),
        ({"created_from": "2026-03-01", "created_to": "2026-02-01"}, "created_to", "must not be before created_from"),
        ({"q": "a\x00b"}, "q", "must not contain control characters"),
        ({"q": "a\u2028b"}, "q", "must not contain control characters"),
        ({"q": "x" * 201}, "q", "must have at most 200 characters"),
        ({"metadata__a": "\x1b[31m"}, "metadata", "must not contain control characters"),
        ({"metadata__": "x"}, "metadata", "must have at least 1 character"),
        ({"colour": "red"}, "colour", "is not known here; known are limit, cursor, status, plan"),
    ],
    ids=lambda value: urlencode(value)[:40] if isinstance(value, dict) else "",
)
def test_a_bad_parameter_is_refused_with_what_is_possible(
    agency: Partner, parameters: dict[str, str], field: str, expected: str
) -> None:
    faults = agency.ask("GET", asked(**parameters)).faults

    ((at, message),) = faults.items()
    assert at.startswith(field)
    assert expected in message


def test_all_faults_come_at_once(agency: Partner) -> None:
    faults = agency.ask("GET", asked(status="x", sort="y", single_bill="z", limit="0")).faults

    assert {field.partition(".")[0] for field in faults} == {"status", "sort", "single_bill", "limit"}


@pytest.mark.parametrize("raw", ["q=%ff%fe", "q=%00", "q=a&q=b", "metadata=x", "sort=name&sort=name", "status=,,,"])
def test_nothing_in_a_query_is_a_500(agency: Partner, raw: str) -> None:
    assert agency.ask("GET", f"/v1/accounts?{raw}").status in {200, 422}


def test_a_page_is_one_request_and_one_more_each_for_what_it_earned_and_for_a_view(agency: Partner) -> None:
    view = agency.post("/v1/views", {"name": "Counted", "sort": "expires_at", "filters": {"status": "active"}}).json

    for parameters, expected in (
        ({}, ["Query accounts", "BatchGetItem earnings"]),
        ({"limit": "2", "order": "desc"}, ["Query accounts", "BatchGetItem earnings"]),
        ({"sort": "name", "q": "a", "columns": "name"}, ["Query accounts"]),
        ({"view": view["id"]}, ["GetItem setups", "Query accounts", "BatchGetItem earnings"]),
    ):
        with requests_counted() as made:
            agency.get(asked(**parameters))
        assert [each for each in made if "api-keys" not in each] == expected
    agency.ask("DELETE", f"/v1/views/{view['id']}")


class TestCursors:
    def test_are_bound_to_filters_order_columns_and_view(self, agency: Partner) -> None:
        question = {"sort": "expires_at", "status": "active", "limit": "1"}
        cursor = agency.get(asked(**question))["next_cursor"]

        for other in (
            question | {"order": "desc"},
            question | {"sort": "name"},
            question | {"status": "active,canceled"},
            question | {"q": "a"},
            question | {"metadata__a": "b"},
        ):
            assert agency.ask("GET", asked(**other, cursor=cursor)).code == "invalid_cursor"
        assert agency.ask("GET", asked(**question, cursor=cursor[:-2])).code == "invalid_cursor"
        assert agency.ask("GET", asked(**question, cursor=cursor[::-1])).code == "invalid_cursor"
        assert agency.api.partner().ask("GET", asked(**question, cursor=cursor)).code == "invalid_cursor"
        assert agency.get(asked(**question, cursor=cursor))["data"]

    @pytest.mark.parametrize("sort", ["name", "plan_size", "expires_at", "created_at"])
    def test_show_each_account_once_while_others_come_and_change(self, agency: Partner, sort: str) -> None:
        partner = agency.api.partner()
        for number in range(5):
            partner.create(name=f"{sort[:4].replace('_', '-')}-{number}", plan=TRIAL)
        path, seen = asked(sort=sort, limit="2"), []
        page = partner.get(path)
        while True:
            seen += [account["id"] for account in page["data"]]
            partner.create(plan=SANDBOX)
            changed = partner.ask(
                "PATCH", f"/v1/accounts/{seen[0]}", {"language": ("da", "de", "dv", "dz", "el", "es")[len(seen) // 2]}
            )
            assert changed.status == 200
            if page["next_cursor"] is None or len(seen) > 20:
                break
            page = partner.get(f"{path}&cursor={quote(page['next_cursor'])}")

        trials = [account["id"] for account in partner.all(asked(plan="trial"))]
        assert len(seen) == len(set(seen))
        assert set(trials) <= set(seen)


class TestViews:
    BODY: dict[str, Any] = {  # noqa: RUF012
        "name": "Red 🦊",
        "filters": {"plan": ["plus"], "metadata": {"team": "red"}, "created_from": "2026-11-01"},
        "columns": ["name", "plan"],
        "sort": "name",
        "order": "desc",
    }

    @pytest.fixture
    def view(self, agency: Partner) -> Iterator[dict[str, Any]]:
        answer = agency.post("/v1/views", self.BODY)
        assert answer.status == 201, answer.text
        yield answer.json
        agency.ask("DELETE", f"/v1/views/{answer.json['id']}")

    def test_are_kept_as_given(self, agency: Partner, view: dict[str, Any]) -> None:
        assert {name: view[name] for name in self.BODY} == self.BODY
        assert agency.get(f"/v1/views/{view['id']}") == view
        assert agency.get("/v1/views")["data"] == [view]

    def test_answer_like_their_parameters_and_give_way_to_explicit_ones(
        self, agency: Partner, view: dict[str, Any]
    ) -> None:
        assert agency.get(asked(view=view["id"]))["data"] == [
            {"name": "alpha", "plan": agency.get(asked(q="alpha"))["data"][0]["plan"]}
        ]
        shown = agency.get(asked(view=view["id"], metadata__team="🦊", plan="", columns="name"))
        assert shown["data"] == [{"name": "delta"}]
        assert agency.get(asked(view=view["id"], plan="starter"))["data"] == []
        assert agency.get(asked(view=view["id"], created_from="2026-11-02"))["data"] == []

    def test_change_in_part_and_a_cursor_of_before_is_refused(self, agency: Partner, view: dict[str, Any]) -> None:
        path = f"/v1/views/{view['id']}"
        changed = agency.ask("PATCH", path, {"filters": {"status": "active"}, "columns": ["name"]})
        assert (changed.status, changed.json["filters"]) == (200, {"status": ["active"]})
        assert (changed.json["sort"], changed.json["name"]) == ("name", "Red 🦊")
        page = agency.get(asked(view=view["id"], limit="1"))
        assert page["data"] == [{"name": "echo"}]

        agency.ask("PATCH", path, {"order": "asc"})

        assert agency.ask("GET", asked(view=view["id"], cursor=page["next_cursor"])).code == "invalid_cursor"

    def test_names_are_given_once(self, agency: Partner, view: dict[str, Any]) -> None:
        other = agency.post("/v1/views", {"name": "Blue"}).json

        assert agency.post("/v1/views", {"name": "RED 🦊"}).code == "name_in_use"
        assert agency.ask("PATCH", f"/v1/views/{other['id']}", {"name": "red 🦊"}).code == "name_in_use"
        assert agency.ask("PATCH", f"/v1/views/{other['id']}", {"name": "BLUE"}).json["name"] == "BLUE"
        assert agency.ask("DELETE", f"/v1/views/{other['id']}").status == 204
        assert agency.ask("GET", asked(view=other["id"])).code == "not_found"
        assert agency.post("/v1/views", {"name": "Blue"}).status == 201

    def test_fifty_and_no_more(self, agency: Partner) -> None:
        partner = agency.api.partner()
        for number in range(50):
            assert partner.post("/v1/views", {"name": f"View {number}"}).status == 201

        refused = partner.post("/v1/views", {"name": "One more"})

        assert (refused.status, refused.code) == (409, "too_many")
        assert len(partner.all("/v1/views?limit=20")) == 50

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": "a\nb"}, "name"),
            ({"filters": {"plan": "gold"}}, "filters.plan"),
            ({"filters": {"status": 5}}, "filters.status"),
            ({"filters": {"colour": "red"}}, "filters.colour"),
            ({"filters": {"q": "\u0000"}}, "filters.q"),
            ({"filters": {"metadata": {"a": 1}}}, "filters.metadata.a"),
            ({"columns": ["secret"]}, "columns.0"),
            ({"sort": "x"}, "sort"),
        ],
        ids=str,
    )
    def test_are_checked_when_they_are_saved(self, agency: Partner, body: dict[str, Any], field: str) -> None:
        faults = agency.post("/v1/views", {"name": "Checked"} | body).faults

        assert [at.startswith(field) for at in faults] == [True]
