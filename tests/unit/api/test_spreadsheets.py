"""Lists as CSV, read back by another reader."""

import csv
import io
from decimal import Decimal

import pytest

from chalicelib.api.spreadsheets import csv_text


def test_commas_quotes_and_line_ends_come_back_as_they_were() -> None:
    cells = {"a": 'He said "no", twice', "b": "first\r\nsecond", "c": "Čapek 東京"}

    text = csv_text(["a", "b", "c"], [cells])

    assert text.startswith("a,b,c\r\n")
    assert list(csv.DictReader(io.StringIO(text, newline=""))) == [cells]


def test_nothing_is_an_empty_cell_and_no_rows_leave_the_header() -> None:
    assert csv_text(["a", "b"], [{"a": None, "b": 0}]) == "a,b\r\n,0\r\n"
    assert csv_text(["a", "b"], []) == "a,b\r\n"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_a_text_is_never_a_formula(text: str) -> None:
    written = csv_text(["a"], [{"a": text}])

    (row,) = csv.DictReader(io.StringIO(written, newline=""))
    assert row["a"] == f"'{text}"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Acme;=1+1", "Acme;'=1+1"),
        ("Acme\t@SUM(A1)", "Acme\t'@SUM(A1)"),
        ('Acme; "=1+1"', 'Acme; "\'=1+1"'),
        ("Acme; Co", "Acme; Co"),
        ("a=b; c=d", "a=b; c=d"),
    ],
)
def test_a_text_is_no_formula_either_where_lines_are_split_at_semicolons_or_tabs(text: str, written: str) -> None:
    (row,) = csv.DictReader(io.StringIO(csv_text(["a"], [{"a": text}]), newline=""))

    assert row["a"] == written


def test_a_negative_number_stays_a_number() -> None:
    assert csv_text(["a", "b"], [{"a": -5, "b": Decimal("-0.05")}]) == "a,b\r\n-5,-0.05\r\n"
