"""The OpenAPI document says what the routes declare."""

from collections.abc import Callable
from typing import Any, Literal

import pytest
from chalice import Blueprint
from openapi_spec_validator import validate

from chalicelib.api import openapi
from chalicelib.api.base import Body, CommaSeparated, Id, ListQuery, Page, Shape
from chalicelib.api.call import Call
from chalicelib.api.on_demand import App
from chalicelib.api.routes import Routes


class Rename(Body):
    name: str


class Find(ListQuery):
    status: CommaSeparated[Literal["active", "expired"]] | None = None
    metadata: dict[str, str] | None = None
    preview: bool = False


class Thing(Shape):
    """A thing."""

    id: str
    parent: "Thing | None" = None


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    routes = Routes(Blueprint(__name__), tag="things")

    @routes.get("/things", query=Find, returns=Page[Thing], scope="read", summary="List things")
    def list_things(call: Call, query: Find) -> None:
        """First line.

        Second line.
        """

    @routes.post("/things", body=Rename, returns=Thing, status=201, scope="billing", summary="Buy", refusals=(402, 409))
    def buy_thing(call: Call, body: Rename) -> None: ...

    @routes.get("/things/{thing_id}", returns=Thing, media=("text/csv",), scope="read", summary="Read a thing")
    def get_thing(call: Call, thing_id: str) -> None: ...

    @routes.patch("/things/{thing_id}", body=Rename, returns=Thing, scope="write", summary="Rename")
    def rename_thing(call: Call, thing_id: str, body: Rename) -> None: ...

    @routes.delete("/things/{thing_id}", returns=None, scope=None, summary="Delete")
    def delete_thing(call: Call, thing_id: str) -> None: ...

    app = App("spec")
    app.register_blueprint(routes.blueprint)
    return openapi.document(app, title="Things", version="1", description="All about things.")


def test_the_document_is_valid(spec: dict[str, Any]) -> None:
    validate(spec)


def test_parameters_are_those_of_path_query_and_headers(spec: dict[str, Any]) -> None:
    assert _parameters(spec, "/things", "get") == {
        ("limit", "query"),
        ("cursor", "query"),
        ("status", "query"),
        ("metadata.*", "query"),
        ("preview", "query"),
    }
    assert _parameters(spec, "/things", "post") == {("Idempotency-Key", "header")}
    assert _parameters(spec, "/things/{thing_id}", "patch") == {("thing_id", "path"), ("If-Match", "header")}


def test_a_parameter_stands_alone_with_its_limits(spec: dict[str, Any]) -> None:
    parameters = {parameter["name"]: parameter for parameter in spec["paths"]["/things"]["get"]["parameters"]}

    assert parameters["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 50}
    assert parameters["status"]["schema"] == {
        "type": "array",
        "items": {"type": "string", "enum": ["active", "expired"]},
    }
    assert parameters["status"]["explode"] is False


@pytest.mark.parametrize(
    ("path", "method", "statuses"),
    [
        ("/things", "get", {"200", "400", "401", "403", "422", "429"}),
        ("/things", "post", {"201", "400", "401", "402", "403", "409", "413", "415", "422", "429", "503"}),
        ("/things/{thing_id}", "get", {"200", "401", "403", "404", "422", "429"}),
        ("/things/{thing_id}", "patch", {"200", "400", "401", "403", "404", "412", "413", "415", "422", "429", "503"}),
        ("/things/{thing_id}", "delete", {"204", "404", "422", "429", "503"}),
    ],
)
def test_responses_are_what_the_door_and_the_service_answer(
    spec: dict[str, Any], path: str, method: str, statuses: set[str]
) -> None:
    assert set(spec["paths"][path][method]["responses"]) == statuses


def test_refusals_are_problems_and_answers_the_declared_shapes(spec: dict[str, Any]) -> None:
    responses = spec["paths"]["/things"]["post"]["responses"]

    assert responses["402"]["content"]["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert responses["201"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Thing"}


def test_a_key_is_asked_for_where_a_scope_is(spec: dict[str, Any]) -> None:
    assert spec["paths"]["/things"]["post"]["security"] == [{"api_key": []}]
    assert spec["paths"]["/things"]["post"]["x-scope"] == "billing"
    assert spec["paths"]["/things/{thing_id}"]["delete"]["security"] == []


def test_a_docstring_is_the_description(spec: dict[str, Any]) -> None:
    assert spec["paths"]["/things"]["get"]["description"] == "First line. Second line."


@pytest.mark.parametrize("place", ["query", "body", "inside the body", "in a list"])
def test_an_id_in_query_or_body_can_lead_to_a_404(place: str) -> None:
    class Listed(ListQuery):
        thing_id: Id | None = None

    class Inner(Body):
        thing_id: Id

    class Outer(Body):
        inner: Inner | None = None

    class Many(Body):
        thing_ids: list[Id]

    models: dict[str, Any] = {
        "query": {"query": Listed},
        "body": {"body": Inner},
        "inside the body": {"body": Outer},
        "in a list": {"body": Many},
    }
    document = _document_of(lambda routes: routes.put("/a", returns=Thing, scope=None, summary="", **models[place]))

    assert "404" in document["paths"]["/a"]["put"]["responses"]


def test_a_component_is_named_by_the_word_of_the_trade() -> None:
    class InvoiceShape(Shape):
        id: str

    document = _document_of(
        lambda routes: routes.get("/a", returns=Page[InvoiceShape], media=("text/csv",), scope=None, summary="")
    )

    assert document["components"]["schemas"].keys() == {"Invoice", "InvoicePage", "Problem"}
    content = document["paths"]["/a"]["get"]["responses"]["200"]["content"]
    assert list(content) == ["application/json", "text/csv"]
    assert content["application/json"]["schema"] == {"$ref": "#/components/schemas/InvoicePage"}


def test_two_components_of_one_name_are_an_error() -> None:
    class ThingShape(Shape):
        other: Thing

    with pytest.raises(ValueError, match="Two classes would be the component Thing"):
        _document_of(lambda routes: routes.get("/a", returns=ThingShape, scope=None, summary=""))


def test_two_operations_of_one_name_are_an_error() -> None:
    app = App("names")
    for number in range(2):
        routes = Routes(Blueprint(f"names{number}"), tag="t")
        routes.get(f"/{number}", returns=Thing, scope=None, summary="")(_answer)
        app.register_blueprint(routes.blueprint)

    with pytest.raises(ValueError, match="named _answer"):
        openapi.document(app, title="", version="", description="")


def test_a_view_that_was_not_declared_is_an_error() -> None:
    app = App("undeclared")
    app.route("/undeclared")(_answer)

    with pytest.raises(TypeError, match="_answer is a view, but not a declared route"):
        openapi.document(app, title="", version="", description="")


def _answer(call: Call) -> None: ...


def _document_of(declared: Callable[[Routes], Callable[[Any], Any]]) -> dict[str, Any]:
    """The document of an app with one route."""
    routes = Routes(Blueprint("one"), tag="t")
    declared(routes)(_answer)
    app = App("one")
    app.register_blueprint(routes.blueprint)
    return openapi.document(app, title="", version="", description="")


def _parameters(spec: dict[str, Any], path: str, method: str) -> set[tuple[str, str]]:
    return {(parameter["name"], parameter["in"]) for parameter in spec["paths"][path][method]["parameters"]}
