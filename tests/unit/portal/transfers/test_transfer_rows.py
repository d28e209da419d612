"""Rows of CSV that are filed as transfers."""

import pytest

from chalicelib.domain.refusals import Invalid
from chalicelib.portal.pages.transfers.transfers import rows_of


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_rows_are_read_as_spreadsheets_write_them(delimiter: str) -> None:
    lines = [["Direction", "account"], ["in", '"acme"'], ["", ""], ["out", " b "]]
    text = "\ufeff" + "\n".join(delimiter.join(line) for line in lines) + "\n\n"

    assert rows_of(text) == [{"direction": "in", "account": "acme"}, {"direction": "out", "account": "b"}]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "must begin with a line of names"),
        ("direction,colour\nin,red", "not colour"),
        ("direction,direction\nin,in", "each column once"),
        ("direction", "1 to 100 rows"),
        ("direction\n" + "in\n" * 101, "not 101"),
        ("direction,account\nin", "has 1 cells in row 1"),
        ('direction\n"in', "can't be read"),
    ],
)
def test_what_is_no_such_table_says_why(text: str, fault: str) -> None:
    with pytest.raises(Invalid) as refused:
        rows_of(text)

    ((field, message),) = refused.value.errors
    assert field == "rows"
    assert fault in message


def test_a_hundred_rows_are_taken() -> None:
    assert len(rows_of("direction\n" + "in\n" * 100)) == 100
