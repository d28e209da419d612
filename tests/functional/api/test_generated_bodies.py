"""Any body at all gets an answer in our words: bodies drawn from the schemas the document publishes, and bent."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from chalice.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import app
from chalicelib.api.declared import Route
from tests.conftest import reset_aws
from tests.functional.conftest import Api
from tests.functional.routes import ROUTES, SCHEMAS, filled, key_for, named
from tests.proving import examples

WITH_BODY = [route for route in ROUTES if route.body is not None]

TEXTS = st.text(max_size=80) | st.sampled_from(
    ["", " ", "\x00", "\u202e", "💩" * 70, "a" * 3000, "../..", "NaN", "sk_"]
)
NUMBERS = st.sampled_from([0, -1, 1, 2**31, 2**63, 10**30, -(10**30), 0.5, 1e308]) | st.integers()
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
FORMATS = {
    "email": st.sampled_from(["a@b.example", "a@b"]),
    "date": st.dates().map(str),
    "date-time": st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
    "hostname": st.sampled_from(["mail.acme.example", "acme"]),
}
KNOWN = ["US", "en", "America/Chicago", "agency", "pm_card_visa", "V3", "marketing", "plus", "acme", "monthly", "sms"]


def values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values a schema describes, and now and then one it doesn't."""
    return st.one_of(_described(schema), _described(schema), _described(schema), ANYTHING)


def _described(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return _described(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return st.one_of(*(_described(choice) for choice in schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    kind = schema.get("type")
    if kind == "object":
        return _objects(schema)
    if kind == "array":
        return st.lists(values(schema.get("items", {})), max_size=4)
    if kind == "integer":
        return st.integers(schema.get("minimum", -5), schema.get("maximum", 10**12)) | NUMBERS
    if kind == "string":
        return FORMATS.get(schema.get("format", ""), st.sampled_from(KNOWN) | TEXTS)
    return {"boolean": st.booleans(), "null": st.none()}.get(str(kind), ANYTHING)


def _objects(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "properties" not in schema:
        return st.dictionaries(TEXTS, ANYTHING, max_size=3)
    needed = schema.get("required", ())
    fields = {name: values(part) for name, part in schema["properties"].items()}
    return st.fixed_dictionaries(
        {name: field for name, field in fields.items() if name in needed},
        optional={name: field for name, field in fields.items() if name not in needed},
    )


@pytest.fixture(scope="module")
def api(_mocked: None) -> Iterator[Api]:
    """One app for all examples: what they leave behind is part of the trial."""
    reset_aws()
    with Client(app.app) as client:
        yield Api(client)


@pytest.mark.hypothesis
@pytest.mark.parametrize("route", WITH_BODY, ids=named)
def test_it_is_done_or_refused_in_our_words(api: Api, route: Route) -> None:
    partner = api.partner()
    account = partner.create(billing_profile_id=partner.card())
    ids = {"account_id": account["id"], "profile_id": account["billing_profile_id"]}
    name = next((name for name in ids if "{" + name + "}" in route.path), "")
    path, key = filled(route, ids.get(name, "x")), key_for(route, partner)
    assert route.body is not None
    schema = SCHEMAS[route.body.__name__]

    @settings(
        max_examples=examples(6, prove=60),
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(body=_described(schema))
    def holds(body: Any) -> None:
        answer = api.ask(route.method, path, raw=json.dumps(body).encode(), key=key)

        assert answer.status < 500, body
        if answer.status >= 400:
            assert answer.code
            assert answer.status != 422 or answer.json["errors"], body

    holds()
