"""Lists as CSV (RFC 4180): UTF-8, a header row, lines that end in CR LF."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from chalicelib.domain.currencies import decimal_text
from chalicelib.domain.money import Money

CSV = "text/csv"

Cell = str | int | Decimal | None

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_FORMULA_AFTER_A_SEPARATOR = re.compile(r"""(?!^)([;\t][\s"]*)(?=[=+\-@＝＋－＠])""")
"""Where a spreadsheet that splits lines at semicolons or tabs would begin a cell with a formula."""


def decimal_cell(money: Money | None) -> Decimal | None:
    """An amount in whole units of its currency, for people."""
    return Decimal(decimal_text(money)) if money is not None else None


def csv_text(columns: Iterable[str], rows: Iterable[Mapping[str, Cell]]) -> str:
    """The rows under their columns' names."""
    names = list(columns)
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(names)
    writer.writerows([_written(row[name]) for name in names] for row in rows)
    return file.getvalue()


def _written(cell: Cell) -> str:
    """A cell's text. A text that a spreadsheet would take for a formula gets an apostrophe; a number is just that."""
    if isinstance(cell, str):
        text = _FORMULA_AFTER_A_SEPARATOR.sub(r"\1'", cell)
        return f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text
    return "" if cell is None else str(cell)
