"""What tables hold is what pydantic wrote there before: it reads it, and would write it alike."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from chalicelib import serialization
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.billing.invoices import Line
from chalicelib.domain.calendar import Period
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.disputes import Noted
from chalicelib.domain.earnings.lines import ReversalBasis
from chalicelib.domain.earnings.payout_items import Item
from chalicelib.domain.events.deliveries import Attempt
from chalicelib.domain.wallet.wallets import CreditKind
from chalicelib.programs import FOLDER, files, program_names
from tests.proving import examples

DAYS = st.dates(date(1900, 1, 1), date(2999, 12, 31))
SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    int: st.integers(-(10**15), 10**15),
    bool: st.booleans(),
    date: DAYS,
    datetime: st.datetimes(timezones=st.just(UTC), min_value=datetime(1900, 1, 1)),  # noqa: DTZ001
    Decimal: st.decimals(min_value=-1000, max_value=1000, places=2) | st.integers(0, 100).map(Decimal),
    Period: st.tuples(DAYS, DAYS).filter(lambda days: days[0] < days[1]).map(lambda days: Period(*days)),
}
KINDS = [
    *(Account, Charge, Plan, tuple[Line, ...], tuple[Noted, ...], tuple[Attempt, ...], tuple[Item, ...], ReversalBasis),
    *(Period, Decimal),
]


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Any values of a type, as annotations name it."""
    if kind in SCALARS:
        return SCALARS[kind]
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return st.builds(kind, **{field.name: values(hints[field.name]) for field in fields(kind)})
    parts = [values(part) for part in get_args(kind) if part not in (..., type(None))]
    if get_origin(kind) is UnionType:
        return st.none() | parts[0]
    if get_origin(kind) is Mapping:
        return st.dictionaries(*parts, max_size=3)
    if parts:
        return st.lists(*parts, max_size=3).map(get_origin(kind))
    return st.sampled_from(list(kind))


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@pytest.mark.parametrize("kind", [*KINDS, Mapping[CreditKind, int], Mapping[date, int], frozenset[str]], ids=str)
def test_values_are_written_and_read_as_by_pydantic(kind: Any) -> None:
    @settings(max_examples=examples(15, prove=500))
    @given(values(kind))
    def check(value: Any) -> None:
        text = serialization.dump(kind, value)
        assert text == adapter(kind).dump_json(value, exclude_defaults=True).decode()
        assert serialization.load(kind, text) == adapter(kind).validate_json(text) == value
        assert serialization.form_of(kind).whole(value) == adapter(kind).dump_python(value, mode="json")

    check()


def test_fields_of_a_later_release_are_ignored() -> None:
    written = '{"start": "2026-01-01", "end": "2026-02-01", "name": "January"}'

    assert serialization.load(Period, written) == Period(date(2026, 1, 1), date(2026, 2, 1))


@pytest.mark.parametrize("kind", [float, list[str], tuple[str, int], dict, str | int])
def test_an_unknown_kind_is_refused_when_it_is_first_met(kind: Any) -> None:
    with pytest.raises(TypeError, match="there is no form for values of"):
        serialization.form_of(kind)


@pytest.mark.parametrize("name", program_names())
def test_a_packaged_program_is_the_one_in_its_file(name: str) -> None:
    program = files.load(FOLDER / f"{name}.yaml")

    assert serialization.load(Program, serialization.dump(Program, program)) == program
