"""What the API says about itself is what it is."""

import json
import re
from typing import Any

import pytest
from chalice.test import Client
from openapi_spec_validator import validate
from openapi_spec_validator.schemas import openapi_v31_schema_validator

import app


@pytest.fixture(scope="module")
def client(_mocked: None) -> Any:
    with Client(app.app) as client:
        yield client


@pytest.fixture(scope="module")
def spec(client: Client) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(client.http.get("/openapi.json").body)
    return document


def test_health_needs_no_key(client: Client) -> None:
    answer = client.http.get("/health")

    assert (answer.status_code, answer.json_body) == (200, {"status": "ok"})
    assert answer.headers["X-Request-Id"]


def test_the_document_is_valid_openapi(spec: dict[str, Any]) -> None:
    _read_the_schemas_of_openapi_once()

    assert spec["openapi"].startswith("3.1")
    validate(spec)


def _read_the_schemas_of_openapi_once() -> None:
    """Otherwise the validator goes through all of them again for each of thousands of references."""
    resolver = openapi_v31_schema_validator._resolver
    crawled = resolver._registry.crawl().resolver(resolver._base_uri)
    object.__setattr__(openapi_v31_schema_validator.__wrapped__, "_resolver", crawled)


def test_every_route_is_in_the_document_and_nothing_else(spec: dict[str, Any]) -> None:
    routes = {
        (path, method)
        for path, methods in app.app.routes.items()
        for method in methods
        if not path.startswith("/portal")  # pages for people, not the API
    }
    described = {(path, method.upper()) for path, methods in spec["paths"].items() for method in methods}

    assert described == routes


def test_every_operation_has_a_name_of_its_own(spec: dict[str, Any]) -> None:
    names = [operation["operationId"] for methods in spec["paths"].values() for operation in methods.values()]

    assert len(names) == len(set(names))


def test_only_what_is_meant_for_everybody_needs_no_key(spec: dict[str, Any]) -> None:
    about = {"/health", "/openapi.json", "/docs"}
    open_to_all = {
        path for path, methods in spec["paths"].items() for operation in methods.values() if not operation["security"]
    }

    assert {path for path in open_to_all if not path.startswith("/public/")} == about


def test_operators_routes_need_the_operator_scope_and_no_others_do(spec: dict[str, Any]) -> None:
    for path, methods in spec["paths"].items():
        for operation in methods.values():
            assert (operation.get("x-scope") == "operator") == path.startswith("/v1/operator/"), path


def test_a_clients_session_opens_the_clients_routes_and_no_others(spec: dict[str, Any]) -> None:
    for path, methods in spec["paths"].items():
        for operation in methods.values():
            assert (operation["security"] == [{"session": []}]) == path.startswith("/client/"), path


def test_the_docs_page_fetches_only_the_document_beside_it(client: Client) -> None:
    answer = client.http.get("/docs")
    page = answer.body.decode()

    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert re.findall(r"(?:https?:)?//[a-z]", page) == []
    assert re.findall(r"fetch\(([^)]*)\)", page) == ['"openapi.json"']
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/health", "/docs", "/openapi.json"])
def test_an_unknown_parameter_is_named(client: Client, path: str) -> None:
    assert client.http.get(f"{path}?a=b").status_code == 422
