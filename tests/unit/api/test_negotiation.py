"""What a client asks for is what it gets."""

import pytest

from chalicelib.api.negotiation import asks_first_for, preferred

JSON, CSV, PDF = "application/json", "text/csv", "application/pdf"


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("text/csv", CSV),
        ("Text/CSV; charset=utf-8", CSV),
        ("text/*", CSV),
        ("text/csv, */*", JSON),
        ("text/csv, */*;q=0.1", CSV),
        ("text/csv;q=0.5, application/json", JSON),
        ("application/json;q=0.5, text/csv;q=0.6", CSV),
        ("text/csv;q=0, application/xml", JSON),
        ("text/csv;q=lots", JSON),
        ("text/html", JSON),
        (";,;q=1,,", JSON),
    ],
)
def test_the_best_liked_is_given_and_json_where_there_is_a_doubt(accept: str | None, media: str) -> None:
    assert preferred(accept, (JSON, CSV)) == media


@pytest.mark.parametrize(
    ("accept", "asked"),
    [
        ("application/pdf", True),
        ("application/PDF;q=0.9, */*", True),
        ("text/html, application/pdf", False),
        ("*/*", False),
        ("", False),
        (None, False),
    ],
)
def test_bytes_go_out_only_to_who_names_them_first(accept: str | None, asked: bool) -> None:
    assert asks_first_for(accept, PDF) is asked
