"""What the address of the overview says: columns, filters, and those taken away."""

import pytest

from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.api.bodies.accounts.overview import ListAccounts
from chalicelib.portal.pages.accounts import overview_columns, overview_filters
from chalicelib.portal.texts import Texts
from chalicelib.programs import program
from tests.builders import agency


def test_every_column_of_the_api_can_be_chosen_but_what_is_a_button() -> None:
    left_out = AccountShape.model_fields.keys() - set(overview_columns.COLUMNS)

    assert left_out == {"allowed_actions", "next_action"}
    assert set(overview_columns.SORTED_BY) <= set(overview_columns.COLUMNS)
    assert overview_columns.titles(Texts("de")).keys() == set(overview_columns.COLUMNS)


def test_a_program_without_prices_has_no_columns_or_filters_of_prices() -> None:
    franchise = program("franchise")

    assert "price_per_cycle" not in overview_columns.shown((), franchise)
    assert "billing_profile_id" not in overview_columns.offered(franchise)
    assert "payment_state" not in overview_filters.offered(franchise)


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ((), ["name", "status", "plan", "price_per_cycle", "renews_at", "created_at"]),
        (("name",), ["name"]),
        (("id", "name", "id", "status"), ["name", "id", "status"]),
        (("next_action", "country"), ["name", "country"]),
    ],
)
def test_columns_are_shown_in_the_order_asked_for_after_the_name(asked: tuple[str, ...], shown: list[str]) -> None:
    assert overview_columns.shown(asked, agency()) == shown
    assert overview_columns.are_usual(shown, agency()) is (asked == ())


def test_every_filter_of_the_api_has_a_control() -> None:
    added = {name for names in overview_filters.ADDED.values() for name in names}
    always = {"status", "plan", "q", "relationship", "single_bill"}
    no_filters = {"limit", "cursor", "sort", "order", "columns", "view"}

    assert ListAccounts.model_fields.keys() == added | always | no_filters


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        pytest.param({"q": " Smith, John ", "plan": "", "done": "x"}, {"q": "Smith, John"}, id="a comma in a search"),
        pytest.param({"status": ["active", "expired"]}, {"status": "active,expired"}, id="several values"),
        pytest.param({"cursor": "c", "limit": "5", "view": "v", "colour": "red"}, {}, id="not about the list"),
        pytest.param({"country": "", "q": ""}, {"show": "country"}, id="a control that is still empty"),
        pytest.param(
            {"created_from": "2026-01-01", "created_to": ""}, {"created_from": "2026-01-01"}, id="half a range"
        ),
        pytest.param({"show": "country", "country": "DE"}, {"country": "DE"}, id="shown by its value"),
        pytest.param({"show": "colour"}, {}, id="no such filter"),
        pytest.param({"metadata": "a = b=c"}, {"metadata.a": "b=c"}, id="metadata as it is written"),
        pytest.param({"metadata": ["a=b", ""]}, {"metadata.a": "b", "show": "metadata"}, id="and another"),
        pytest.param({"metadata.a": "b, c"}, {"metadata.a": "b, c"}, id="metadata with a comma"),
        pytest.param({"metadata": "red"}, {"metadata": "red"}, id="metadata without a value, to be refused"),
        pytest.param({"created_from": "2026-01-01", "drop": "created"}, {}, id="taken away with all its fields"),
        pytest.param({"metadata": ["a=b", "c=d"], "drop": "metadata.a"}, {"metadata.c": "d"}, id="one of two"),
        pytest.param({"country": "", "drop": "country"}, {}, id="an empty one taken away"),
    ],
)
def test_an_address_keeps_what_says_something(query: dict[str, str | list[str]], asked: dict[str, str]) -> None:
    assert overview_filters.asked(query) == asked
    assert overview_filters.asked(dict(asked)) == asked
