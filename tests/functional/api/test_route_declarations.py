"""What holds for every route, tried on a small API of its own: errors, scopes, repetition, pages, ETags."""

import io
import json
import logging
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from chalice import Blueprint
from chalice.test import Client
from moto import mock_aws

import chalicelib.services.clients
import chalicelib.services.partners
from chalicelib.api import authorizer, cursors, entry_point, idempotency
from chalicelib.api.answers import Answer
from chalicelib.api.base import Body, ListQuery, Page, Query, Shape, Timestamp
from chalicelib.api.call import Call
from chalicelib.api.observability import logged_if_cut_off, logger
from chalicelib.api.on_demand import App
from chalicelib.api.routes import Routes
from chalicelib.config import settings
from chalicelib.domain.refusals import Invalid, NotFound, Refusal, RefusalKind
from chalicelib.gateways import secrets
from chalicelib.models import control
from chalicelib.models.transactions import Busy

ENVIRONMENT = {
    "STAGE": "test",
    "IDEMPOTENCY_TABLE": "things-idempotency",
    "CONTROL_TABLE": "things-control",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}
TABLES = ("things-idempotency", "things-control")
KEYS = {
    "all": SimpleNamespace(id="key_all", partner_id="prt_a", scopes=("read", "write", "billing")),
    "reader": SimpleNamespace(id="key_reader", partner_id="prt_a", scopes=("read",)),
    "other": SimpleNamespace(id="key_other", partner_id="prt_b", scopes=("read", "write")),
    "operator": SimpleNamespace(id="key_operator", partner_id=None, scopes=("operator",)),
}


CLIENTS = {"acme's": "acct_acme", "other's": "acct_other"}
"""Accounts by the tokens of their clients' sessions."""


class Plan(Body):
    tier: str
    contacts: int


class CreateThing(Body):
    name: str
    plan: Plan | None = None


class ListThings(ListQuery):
    status: str | None = None
    metadata: dict[str, str] | None = None


class Thing(Shape):
    id: str
    name: str
    password: str | None = None
    made_at: Timestamp | None = None


class AlreadyThere(Refusal):
    code = "already_there"
    title = "It is already there"


class SessionOver(Refusal):
    kind = RefusalKind.UNAUTHENTICATED
    code = "session_over"
    title = "The session is over"


class Declined(Refusal):
    kind = RefusalKind.PAYMENT_DECLINED
    code = "card_declined"
    title = "The card was declined"


class Locked(Refusal):
    kind = RefusalKind.RATE_LIMITED
    code = "locked"
    title = "Locked"


REFUSALS: dict[str, Refusal] = {
    "conflict": AlreadyThere("There is one already.", extra={"allowed_actions": ["login"], "status": 200}),
    "declined": Declined("Declined.", extra={"decline_code": "insufficient_funds"}),
    "gone": NotFound.of("thing", "thing_1"),
    "invalid": Invalid(errors=[("name", "must not be invalid"), ("plan.tier", "must be one of plus")]),
    "locked": Locked(retry_after=300),
    "busy": Busy("Others keep changing it.", retry_after=1),
}


@dataclass
class Api:
    """An API of things, its tables and what its handlers were called with."""

    idempotency: Any
    control: Any
    client: Any = None
    handled: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    seen: list[Any] = field(default_factory=list)

    def kept(self) -> list[dict[str, Any]]:
        """The answers kept for repetitions."""
        items: list[dict[str, Any]] = self.idempotency.scan()["Items"]
        return items

    def move_clock(self, *, seconds: int) -> None:
        self.control.put_item(Item={"id": "clock", "offset_seconds": seconds})

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = "all",
        raw: bytes | None = None,
        **headers: str,
    ) -> SimpleNamespace:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        if content:
            sent.setdefault("Content-Type", "application/json")
        if key:
            sent["Authorization"] = f"Bearer {key}"
        answer = self.client.http.request(method, path, headers=sent, body=content)
        return SimpleNamespace(
            status=answer.status_code, headers=answer.headers, json=answer.json_body, text=answer.body.decode()
        )


def _app(api: Api) -> App:
    routes = Routes(Blueprint(__name__), tag="things")

    @routes.post("/things", body=CreateThing, returns=Thing, status=201, scope="write", summary="Create a thing")
    def create_thing(call: Call, body: CreateThing) -> Answer:
        api.handled.append(body.name)
        if body.name in REFUSALS:
            raise REFUSALS[body.name]
        if body.name == "bug":
            raise RuntimeError("a detail nobody may see")
        if body.name == "late":
            raise ReadTimeoutError(endpoint_url="https://dynamodb.example")
        thing = Thing(id=call.derived_id("thing"), name=body.name, made_at=call.now)
        return Answer(thing, secrets={"password": "hunter2"})

    @routes.get("/things", query=ListThings, returns=Page[Thing], scope="read", summary="List things")
    def list_things(call: Call, query: ListThings) -> Page[Thing]:
        api.seen.append(query)
        start = cursors.start_of(call, query) or {"after": 0}
        end = start["after"] + query.limit
        name = "💩" * 6_000 if query.status == "long" else "n"
        data = [Thing(id=str(number), name=name) for number in range(start["after"] + 1, end + 1)]
        return Page[Thing](data=data, next_cursor=cursors.next_of(call, query, {"after": end}))

    @routes.get("/things/{thing_id}", returns=Thing, scope="read", summary="Read a thing")
    def get_thing(call: Call, thing_id: str) -> Thing:
        return Thing(id=thing_id, name=api.names.get(thing_id, "acme"))

    @routes.put("/things/{thing_id}/plan", body=CreateThing, returns=Thing, scope="write", summary="Change it")
    def change_thing(call: Call, thing_id: str, body: CreateThing) -> Thing:
        api.names[thing_id] = body.name
        return get_thing(call, thing_id)

    @routes.delete("/things/{thing_id}", returns=None, scope="write", summary="Delete it")
    def delete_thing(call: Call, thing_id: str) -> None:
        api.handled.append(f"delete {thing_id}")

    @routes.post("/operator/things", returns=None, scope="operator", summary="For operators")
    def operate(call: Call) -> None:
        api.seen.append(call)

    @routes.post("/public/things", returns=None, scope=None, summary="For everybody")
    def show(call: Call) -> None:
        api.seen.append(call)

    @routes.post("/public/orders", body=CreateThing, returns=Thing, status=201, scope=None, summary="Order a thing")
    def order_thing(call: Call, body: CreateThing) -> Answer:
        return create_thing(call, body)

    @routes.post("/client/things", body=CreateThing, returns=Thing, status=201, scope="client", summary="One's own")
    def create_own_thing(call: Call, body: CreateThing) -> Answer:
        api.seen.append(call)
        return create_thing(call, body)

    app = App("things")
    app.register_blueprint(authorizer.blueprint)
    app.register_blueprint(routes.blueprint)
    return app


@pytest.fixture(scope="module")
def tables() -> Iterator[Any]:
    """The two tables an API needs, for all tests of this file."""
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        for name, value in ENVIRONMENT.items():
            environment.setenv(name, value)
        _forget()
        dynamodb = boto3.resource("dynamodb")
        for table in TABLES:
            dynamodb.create_table(
                TableName=table,
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        yield dynamodb
    _forget()


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tables: Any) -> Iterator[Api]:
    api_keys = ModuleType("chalicelib.services.partners.api_keys")
    api_keys.authenticate = lambda *, key, now: KEYS.get(key)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, api_keys.__name__, api_keys)
    monkeypatch.setattr(chalicelib.services.partners, "api_keys", api_keys, raising=False)
    sessions = ModuleType("chalicelib.services.clients.sessions")
    sessions.get_client_session = _session  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, sessions.__name__, sessions)
    monkeypatch.setattr(chalicelib.services.clients, "sessions", sessions, raising=False)
    monkeypatch.setattr(secrets, "key_for", lambda purpose: purpose.encode() * 32)
    api = Api(idempotency=tables.Table("things-idempotency"), control=tables.Table("things-control"))
    with Client(_app(api)) as api.client:
        yield api
    for table in (api.idempotency, api.control):
        for item in table.scan()["Items"]:
            table.delete_item(Key={"id": item["id"]})


def _session(token: str, *, now: datetime) -> SimpleNamespace:
    if token not in CLIENTS:
        raise SessionOver("Log in again.")
    return SimpleNamespace(account=SimpleNamespace(id=CLIENTS[token]))


def _forget() -> None:
    settings.cache_clear()
    idempotency._store.cache_clear()
    control.cursor_secret.cache_clear()


def logged(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is logged from now on, a line each."""
    lines = io.StringIO()
    monkeypatch.setattr(next(h for h in logger.handlers if isinstance(h, logging.StreamHandler)), "stream", lines)
    return lines


class TestAnswers:
    def test_a_model_is_answered_as_json_with_the_routes_status(self, api: Api) -> None:
        answer = api.ask("POST", "/things", {"name": "acme"})

        assert answer.status == 201
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json["name"] == "acme"
        assert answer.json["password"] == "hunter2"
        assert datetime.fromisoformat(answer.json["made_at"]).tzinfo is not None
        assert answer.json["made_at"].endswith("Z")

    def test_nothing_to_return_is_a_204(self, api: Api) -> None:
        answer = api.ask("DELETE", "/things/thing_1")

        assert (answer.status, answer.text) == (204, "")

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("GET", "/things", None),
            ("POST", "/things", {"name": "acme"}),
            ("POST", "/things", {"name": "bug"}),
            ("POST", "/things", {"name": "conflict"}),
            ("POST", "/things", {}),
            ("DELETE", "/things/thing_1", None),
        ],
    )
    def test_every_answer_names_its_request_and_is_not_cached(
        self, api: Api, method: str, path: str, body: Any
    ) -> None:
        answer = api.ask(method, path, body)

        assert answer.headers["X-Request-Id"]
        assert answer.headers["Cache-Control"] == "no-store"
        if answer.status >= 400:
            assert answer.json["request_id"] == answer.headers["X-Request-Id"]

    def test_a_line_is_logged_without_keys_and_bodies(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        lines = logged(monkeypatch)

        answer = api.ask("POST", "/things", {"name": "Jane Doe"}, Idempotency_Key="topsecret")

        (line,) = lines.getvalue().splitlines()
        entry = json.loads(line)
        assert entry["request_id"] == answer.headers["X-Request-Id"]
        assert (entry["route"], entry["partner"], entry["status"]) == ("POST /things", "prt_a", 201)
        assert not any(secret in line for secret in ("Jane", "Bearer", "topsecret", "hunter2"))


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "status", "code"),
        [
            ("conflict", 409, "already_there"),
            ("declined", 402, "card_declined"),
            ("gone", 404, "not_found"),
            ("invalid", 422, "invalid_request"),
            ("locked", 429, "locked"),
        ],
    )
    def test_a_refusal_is_a_problem_document(self, api: Api, name: str, status: int, code: str) -> None:
        answer = api.ask("POST", "/things", {"name": name})

        assert answer.status == answer.json["status"] == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json["code"] == code
        assert answer.json["type"] == f"urn:sublet:problem:{code}"
        assert answer.json["title"]
        assert answer.json["detail"].endswith(".")

    def test_extra_members_are_added_but_replace_none_of_the_standard_ones(self, api: Api) -> None:
        answer = api.ask("POST", "/things", {"name": "conflict"})

        assert answer.json["allowed_actions"] == ["login"]
        assert answer.json["status"] == 409

    def test_a_lock_says_when_to_come_back(self, api: Api) -> None:
        assert api.ask("POST", "/things", {"name": "locked"}).headers["Retry-After"] == "300"

    @pytest.mark.parametrize(("name", "status"), [("bug", 500), ("late", 503), ("busy", 503), ("garbled", 500)])
    def test_every_answer_of_5xx_logs_its_request_id(
        self, api: Api, monkeypatch: pytest.MonkeyPatch, name: str, status: int
    ) -> None:
        lines = logged(monkeypatch)
        if name == "garbled":
            monkeypatch.setattr(entry_point, "call_of", lambda request: {}["no such key"])

        answer = api.ask("POST", "/things", {"name": name})

        assert (answer.status, answer.json["request_id"]) == (status, answer.headers["X-Request-Id"])
        entries = [json.loads(line) for line in lines.getvalue().splitlines()]
        assert {line["request_id"] for line in entries} == {answer.json["request_id"]}
        assert entries[-1]["level"] == "ERROR"
        assert (entries[-1]["status"], entries[-1]["route"]) == (status, "POST /things")

    def test_a_service_that_does_not_answer_is_no_bug_and_worth_another_try(self, api: Api) -> None:
        answer = api.ask("POST", "/things", {"name": "late"})

        assert (answer.status, answer.json["code"]) == (503, "unavailable")
        assert answer.headers["Retry-After"] == "5"
        assert "dynamodb" not in answer.text

    def test_a_request_that_is_cut_off_for_its_time_logs_its_id_before(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lines = logged(monkeypatch)
        logger.append_keys(request_id="req_1")

        with logged_if_cut_off(SimpleNamespace(get_remaining_time_in_millis=lambda: 501)):
            time.sleep(0.1)

        (line,) = lines.getvalue().splitlines()
        assert (json.loads(line)["request_id"], json.loads(line)["level"]) == ("req_1", "ERROR")

    def test_a_request_that_is_in_time_logs_nothing_of_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lines = logged(monkeypatch)

        with logged_if_cut_off(SimpleNamespace(get_remaining_time_in_millis=lambda: 600)):
            pass
        time.sleep(0.15)

        assert lines.getvalue() == ""

    def test_a_bug_shows_the_client_no_detail(self, api: Api) -> None:
        answer = api.ask("POST", "/things", {"name": "bug"})

        assert answer.status == 500
        assert answer.json["code"] == "internal_error"
        assert "nobody may see" not in answer.text
        assert "RuntimeError" not in answer.text


class TestBodies:
    @pytest.mark.parametrize(
        "raw",
        [
            pytest.param(b"{", id="cut off"),
            pytest.param(b'{"name": "\xff"}', id="no UTF-8"),
            pytest.param(b'{"name": NaN}', id="NaN"),
            pytest.param(b'{"name": 1e999}', id="infinite"),
            pytest.param(b'{"name": "a", "name": "b"}', id="a name twice"),
            pytest.param(b'{"name": "\\ud800"}', id="half a surrogate pair"),
            pytest.param(b"[" * 100_000 + b"]" * 100_000, id="nested beyond the stack"),
            pytest.param(b'{"name":' * 21 + b"1" + b"}" * 21, id="nested deeper than a request is"),
            pytest.param(b"1" * 5000, id="a number of 5,000 digits"),
            pytest.param(b'{"name": 1e-99999999999999999999}', id="an exponent no number has"),
        ],
    )
    def test_what_is_no_json_is_a_400(self, api: Api, raw: bytes) -> None:
        answer = api.ask("POST", "/things", raw=raw)

        assert (answer.status, answer.json["code"]) == (400, "malformed_json")

    @pytest.mark.parametrize("raw", [b"[]", b'"acme"', b"null", b"1"])
    def test_what_is_no_object_is_a_422(self, api: Api, raw: bytes) -> None:
        answer = api.ask("POST", "/things", raw=raw)

        assert answer.status == 422
        assert answer.json["errors"] == [{"field": "", "message": "the body must be an object"}]

    def test_all_faults_are_listed_at_once_with_what_is_possible(self, api: Api) -> None:
        body = {"nmae": "acme", "plan": {"contacts": "1000", "colour": "red"}}

        answer = api.ask("POST", "/things?dry=1", body)

        assert answer.status == 422
        assert {fault["field"]: fault["message"] for fault in answer.json["errors"]} == {
            "dry": "is not known here",
            "name": "is required",
            "nmae": "is not known here; known are name, plan",
            "plan.tier": "is required",
            "plan.contacts": "must be a whole number",
            "plan.colour": "is not known here; known are tier, contacts",
        }
        assert api.handled == []

    @pytest.mark.parametrize("name", ["{}", "💩" * 50 + "{}", "{}" + "k" * 100_000])
    def test_very_many_faults_get_an_answer_that_can_be_stored(self, api: Api, name: str) -> None:
        body = {name.format(number): 1 for number in range(9 if len(name) > 1_000 else 1_000)}

        answer = api.ask("POST", "/things", body, Idempotency_Key="again")

        assert answer.status == 422
        assert len(json.dumps(answer.text)) < 400_000
        if len(body) == 1_000:
            assert len(answer.json["errors"]) == 101
            assert answer.json["errors"][-1] == {"field": "", "message": "there are 901 further faults"}
        assert api.ask("POST", "/things", body, Idempotency_Key="again").json["errors"] == answer.json["errors"]

    def test_control_characters_are_refused(self, api: Api) -> None:
        answer = api.ask("POST", "/things", {"name": "acme\r\nBcc: all"})

        assert answer.json["errors"] == [{"field": "name", "message": "must not contain control characters"}]

    @pytest.mark.parametrize(
        ("content_type", "status"),
        [
            ("application/json", 201),
            ("application/json; charset=utf-8", 201),
            ("APPLICATION/JSON", 201),
            ("text/plain", 415),
            ("application/x-www-form-urlencoded", 415),
        ],
    )
    def test_the_content_type_must_be_json(self, api: Api, content_type: str, status: int) -> None:
        answer = api.ask("POST", "/things", {"name": "acme"}, Content_Type=content_type)

        assert answer.status == status
        assert status == 201 or answer.json["code"] == "unsupported_media_type"

    def test_a_body_of_a_megabyte_is_the_limit(self, api: Api) -> None:
        frame = len(b'{"name":""}')
        just_right = api.ask("POST", "/things", raw=b'{"name":"' + b"a" * (1_000_000 - frame) + b'"}')
        too_large = api.ask("POST", "/things", raw=b'{"name":"' + b"a" * (1_000_001 - frame) + b'"}')

        assert just_right.status == 201
        assert (too_large.status, too_large.json["code"]) == (413, "body_too_large")

    def test_a_route_without_a_body_takes_none_or_an_empty_one(self, api: Api) -> None:
        assert api.ask("POST", "/public/things", key=None).status == 204
        assert api.ask("POST", "/public/things", {}, key=None).status == 204
        assert api.ask("POST", "/public/things", {"a": 1}, key=None).status == 422

    @pytest.mark.parametrize("thing_id", ["a%00b", "a%0ab", "%C2%85", "a" * 256])
    def test_what_cannot_be_an_id_is_a_404(self, api: Api, thing_id: str) -> None:
        answer = api.ask("GET", f"/things/{thing_id}")

        assert (answer.status, answer.json["detail"]) == (404, "There is no such thing.")


class TestQueries:
    def test_numbers_are_read_from_text_and_dotted_names_make_a_group(self, api: Api) -> None:
        api.ask("GET", "/things?limit=7&status=active&metadata.team=red&metadata.a.b=c")

        (query,) = api.seen
        assert query == ListThings(limit=7, status="active", metadata={"team": "red", "a.b": "c"})

    @pytest.mark.parametrize(
        ("query", "field", "message"),
        [
            ("limit=0", "limit", "must be at least 1"),
            ("limit=101", "limit", "must be at most 100"),
            ("limit=ten", "limit", "must be a whole number"),
            ("limit=5&limit=6", "limit", "must be given once"),
            ("colour=red", "colour", "is not known here; known are limit, cursor, status, metadata"),
        ],
    )
    def test_faults_are_listed(self, api: Api, query: str, field: str, message: str) -> None:
        answer = api.ask("GET", f"/things?{query}")

        assert answer.status == 422
        assert answer.json["errors"] == [{"field": field, "message": message}]


class TestKeys:
    def test_a_key_without_the_scope_is_refused_naming_it(self, api: Api) -> None:
        answer = api.ask("POST", "/things", {"name": "acme"}, key="reader")

        assert (answer.status, answer.json["code"]) == (403, "insufficient_scope")
        assert answer.json["detail"] == "This needs the scope write; the key has read."
        assert api.handled == []

    def test_a_partner_is_no_operator_and_an_operator_no_partner(self, api: Api) -> None:
        assert api.ask("POST", "/operator/things", key="all").status == 403
        assert api.ask("GET", "/things", key="operator").status == 403
        assert api.ask("POST", "/operator/things", key="operator").status == 204
        assert api.seen[0].actor == "api_key:key_operator"
        with pytest.raises(LookupError):
            _ = api.seen[0].partner_id

    def test_an_unknown_key_is_what_api_gateway_makes_a_401_of(self, api: Api) -> None:
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            api.ask("GET", "/things", key="nobody's")

    @pytest.mark.parametrize("header", ["all", "Basic all", "Bearer", "Bearer  ", "Bearer " + "a" * 201])
    def test_only_a_bearer_key_is_looked_up(self, api: Api, header: str) -> None:
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            api.ask("GET", "/things", key=None, Authorization=header)

    def test_no_key_is_a_401(self, api: Api) -> None:
        assert api.ask("GET", "/things", key=None).status == 401

    def test_the_public_is_asked_for_none(self, api: Api) -> None:
        assert api.ask("POST", "/public/things", key=None).status == 204
        assert (api.seen[0].actor, api.seen[0].caller) == ("public", "public")


class TestRepetition:
    def test_the_same_request_is_done_once_and_answered_alike(self, api: Api) -> None:
        first = api.ask("POST", "/things", {"name": "acme"}, Idempotency_Key="k1")
        again = api.ask("POST", "/things", {"name": "acme"}, Idempotency_Key="k1")

        assert api.handled == ["acme"]
        assert again.status == first.status == 201
        assert again.json == {**first.json, "password": None}
        assert again.headers["Idempotent-Replayed"] == "true"
        assert "Idempotent-Replayed" not in first.headers

    def test_a_secret_is_shown_once_and_stored_nowhere(self, api: Api) -> None:
        first = api.ask("POST", "/things", {"name": "acme"}, Idempotency_Key="k1")

        assert first.json["password"] == "hunter2"
        (kept,) = api.kept()
        assert "hunter2" not in str(kept)
        assert kept["status"] == "COMPLETED"

    def test_the_same_key_with_another_body_is_refused(self, api: Api) -> None:
        api.ask("POST", "/things", {"name": "acme"}, Idempotency_Key="k1")
        answer = api.ask("POST", "/things", {"name": "other"}, Idempotency_Key="k1")

        assert (answer.status, answer.json["code"]) == (422, "idempotency_key_reused")
        assert api.handled == ["acme"]

    def test_white_space_and_order_make_no_other_body(self, api: Api) -> None:
        first = api.ask("POST", "/things", raw=b'{"name":"acme","plan":null}', Idempotency_Key="k1")
        again = api.ask("POST", "/things", raw=b'{ "plan": null, "name": "acme" }', Idempotency_Key="k1")

        assert first.json["id"] == again.json["id"]

    def test_a_key_is_the_callers_own(self, api: Api) -> None:
        api.ask("POST", "/things", {"name": "acme"}, Idempotency_Key="k1")
        answer = api.ask("POST", "/things", {"name": "acme"}, key="other", Idempotency_Key="k1")

        assert "Idempotent-Replayed" not in answer.headers
        assert api.handled == ["acme", "acme"]

    @pytest.mark.parametrize("name", ["declined", "gone", "invalid"])
    def test_an_answer_that_would_be_the_same_is_kept(self, api: Api, name: str) -> None:
        first = api.ask("POST", "/things", {"name": name}, Idempotency_Key="k1")
        again = api.ask("POST", "/things", {"name": name}, Idempotency_Key="k1")

        assert api.handled == [name]
        assert again.json == first.json
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.headers["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize("name", ["conflict", "locked", "bug"])
    def test_a_conflict_a_lock_or_a_bug_is_not_kept(self, api: Api, name: str) -> None:
        api.ask("POST", "/things", {"name": name}, Idempotency_Key="k1")
        again = api.ask("POST", "/things", {"name": name}, Idempotency_Key="k1")

        assert api.handled == [name, name]
        assert "Idempotent-Replayed" not in again.headers
        assert api.kept() == []

    def test_a_request_in_progress_is_not_begun_again(self, api: Api) -> None:
        api.ask("POST", "/things", {"name": "acme"}, Idempotency_Key="k1")
        (kept,) = api.kept()
        in_a_minute = int((time.time() + 60) * 1000)
        api.idempotency.put_item(Item={**kept, "status": "INPROGRESS", "in_progress_expiration": in_a_minute})

        answer = api.ask("POST", "/things", {"name": "acme"}, Idempotency_Key="k1")

        assert (answer.status, answer.json["code"]) == (409, "idempotency_in_progress")
        assert answer.headers["Retry-After"] == "1"
        assert api.handled == ["acme"]

    def test_a_key_ends_when_the_clock_is_moved_a_day(self, api: Api) -> None:
        api.ask("POST", "/things", {"name": "acme"}, Idempotency_Key="k1")
        api.move_clock(seconds=86_399)
        api.ask("POST", "/things", {"name": "acme"}, Idempotency_Key="k1")
        assert api.handled == ["acme"]

        api.move_clock(seconds=86_400)
        api.ask("POST", "/things", {"name": "acme"}, Idempotency_Key="k1")
        assert api.handled == ["acme", "acme"]

    def test_what_a_request_makes_has_the_same_id_even_when_the_answer_is_gone(self, api: Api) -> None:
        first = api.ask("POST", "/things", {"name": "acme"}, Idempotency_Key="k1")
        (kept,) = api.kept()
        api.idempotency.delete_item(Key={"id": kept["id"]})

        again = api.ask("POST", "/things", {"name": "acme"}, Idempotency_Key="k1")
        another = api.ask("POST", "/things", {"name": "acme"}, Idempotency_Key="k2")

        assert again.json["id"] == first.json["id"]
        assert another.json["id"] != first.json["id"]

    @pytest.mark.parametrize("name", ["", "a" * 256, "schlüssel", "a\tb"])
    def test_a_key_is_1_to_255_printable_ascii_characters(self, api: Api, name: str) -> None:
        answer = api.ask("POST", "/things", {"name": "acme"}, Idempotency_Key=name)

        assert (answer.status, answer.json["code"]) == (400, "invalid_idempotency_key")
        assert api.handled == []

    def test_the_longest_key_is_taken(self, api: Api) -> None:
        assert api.ask("POST", "/things", {"name": "acme"}, Idempotency_Key="a" * 255).status == 201


class TestRepetitionByThePublic:
    """All callers share one name there, so a key is a caller's own only together with what it sent."""

    def test_a_repeated_request_is_done_once(self, api: Api) -> None:
        first, again = (
            api.ask("POST", "/public/orders", {"name": "acme"}, key=None, Idempotency_Key="k1") for _ in range(2)
        )

        assert api.handled == ["acme"]
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.json == {**first.json, "password": None}

    def test_a_strangers_key_neither_blocks_nor_reveals(self, api: Api) -> None:
        theirs = api.ask("POST", "/public/orders", {"name": "acme"}, key=None, Idempotency_Key="k1")
        mine = api.ask("POST", "/public/orders", {"name": "other"}, key=None, Idempotency_Key="k1")

        assert (theirs.status, mine.status) == (201, 201)
        assert "Idempotent-Replayed" not in mine.headers
        assert mine.json["id"] != theirs.json["id"]
        assert api.handled == ["acme", "other"]

    def test_what_it_makes_has_the_same_id_even_when_the_answer_is_gone(self, api: Api) -> None:
        first = api.ask("POST", "/public/orders", {"name": "acme"}, key=None, Idempotency_Key="k1")
        (kept,) = api.kept()
        api.idempotency.delete_item(Key={"id": kept["id"]})

        again = api.ask("POST", "/public/orders", {"name": "acme"}, key=None, Idempotency_Key="k1")

        assert again.json["id"] == first.json["id"]

    def test_of_a_body_only_a_keyed_hash_is_kept(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        api.ask("POST", "/public/orders", {"name": "acme"}, key=None, Idempotency_Key="k1")
        monkeypatch.setattr(secrets, "key_for", lambda purpose: b"another installation's" * 2)
        api.ask("POST", "/public/orders", {"name": "acme"}, key=None, Idempotency_Key="k1")

        one, other = api.kept()

        assert (one["id"], one["validation"]) != (other["id"], other["validation"])


class TestClients:
    """An account's client comes with the token of its session, not with a key."""

    def test_a_session_is_looked_up_and_its_account_is_the_caller(self, api: Api) -> None:
        answer = api.ask("POST", "/client/things", {"name": "acme"}, key="acme's")

        assert answer.status == 201
        (call,) = api.seen
        assert (call.client.id, call.caller, call.actor) == ("acct_acme", "acct_acme", "client")
        with pytest.raises(LookupError):
            _ = call.partner_id
        with pytest.raises(LookupError):
            _ = call.asking_key_id

    @pytest.mark.parametrize("key", [None, "", "all", "operator", "nobody's"])
    def test_no_key_opens_it(self, api: Api, key: str | None) -> None:
        answer = api.ask("POST", "/client/things", {"name": "acme"}, key=key)

        assert (answer.status, answer.json["code"]) == (401, "session_over")
        assert api.handled == []

    def test_a_session_opens_nothing_else(self, api: Api) -> None:
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            api.ask("GET", "/things", key="acme's")
        assert api.ask("POST", "/public/things", key="acme's").status == 204
        with pytest.raises(LookupError):
            _ = api.seen[0].client

    def test_an_idempotency_key_is_the_accounts_own(self, api: Api) -> None:
        mine, again, theirs = (
            api.ask("POST", "/client/things", {"name": "acme"}, key=key, Idempotency_Key="k1")
            for key in ("acme's", "acme's", "other's")
        )

        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.json["id"] == mine.json["id"] != theirs.json["id"]
        assert "Idempotent-Replayed" not in theirs.headers
        other = api.ask("POST", "/client/things", {"name": "other"}, key="acme's", Idempotency_Key="k1")
        assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")


class TestPages:
    def test_a_cursor_leads_to_the_next_page(self, api: Api) -> None:
        first = api.ask("GET", "/things?limit=2&status=active")
        second = api.ask("GET", f"/things?limit=3&status=active&cursor={first.json['next_cursor']}")

        assert [thing["id"] for thing in second.json["data"]] == ["3", "4", "5"]

    def test_a_page_too_big_for_lambda_is_a_fault_of_its_limit(self, api: Api) -> None:
        assert api.ask("GET", "/things?limit=70&status=long").status == 200

        answer = api.ask("GET", "/things?limit=80&status=long")

        assert (answer.status, [fault["field"] for fault in answer.json["errors"]]) == (422, ["limit"])

    @pytest.mark.parametrize(
        ("change", "key"),
        [
            pytest.param(lambda cursor: cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB"), "all", id="tampered"),
            pytest.param(lambda cursor: cursor[:10], "all", id="cut off"),
            pytest.param(lambda cursor: "!" + cursor, "all", id="no base 64"),
            pytest.param(lambda cursor: "%C3%A9", "all", id="no ASCII"),
            pytest.param(lambda cursor: cursor + "&status=active", "all", id="for another query"),
            pytest.param(lambda cursor: cursor, "other", id="another partner's"),
        ],
    )
    def test_a_cursor_that_is_not_ours_to_this_query_is_a_400(self, api: Api, change: Any, key: str) -> None:
        cursor = api.ask("GET", "/things?limit=2").json["next_cursor"]

        answer = api.ask("GET", f"/things?limit=2&cursor={change(cursor)}", key=key)

        assert (answer.status, answer.json["code"]) == (400, "invalid_cursor")


class TestETags:
    def test_a_change_of_what_was_seen_is_made(self, api: Api) -> None:
        seen = api.ask("GET", "/things/thing_1").headers["ETag"]

        answer = api.ask("PUT", "/things/thing_1/plan", {"name": "new"}, If_Match=seen)

        assert (answer.status, api.names) == (200, {"thing_1": "new"})

    def test_a_change_of_what_has_changed_meanwhile_is_a_412(self, api: Api) -> None:
        seen = api.ask("GET", "/things/thing_1").headers["ETag"]
        api.names["thing_1"] = "changed"

        answer = api.ask("PUT", "/things/thing_1/plan", {"name": "new"}, If_Match=seen)

        assert (answer.status, answer.json["code"]) == (412, "changed_meanwhile")
        assert answer.headers["ETag"] != seen
        assert api.names == {"thing_1": "changed"}

    def test_a_star_stands_for_whatever_is_there(self, api: Api) -> None:
        assert api.ask("PUT", "/things/thing_1/plan", {"name": "new"}, If_Match="*").status == 200

    def test_lists_have_none(self, api: Api) -> None:
        assert "ETag" not in api.ask("GET", "/things").headers


class TestDeclaring:
    def test_the_same_route_twice_is_an_error_when_the_app_is_built(self) -> None:
        routes = Routes(Blueprint("twice"), tag="t")
        for _ in range(2):
            routes.get("/twice", returns=None, scope=None, summary="")(lambda call: None)

        with pytest.raises(ValueError, match="Duplicate method"):
            App("twice").register_blueprint(routes.blueprint)

    def test_a_get_needs_no_more_than_read(self) -> None:
        with pytest.raises(ValueError, match="its scope is read"):
            Routes(Blueprint("get"), tag="t").get("/x", returns=None, scope="write", summary="")

    def test_queries_take_nothing_they_do_not_know(self) -> None:
        with pytest.raises(ValueError, match="Extra inputs"):
            Query.model_validate({"a": "b"})
