"""Rows are stored and read without PynamoDB's models in between, and yet are what these would write and read.

What accounts and invoices in batches leave out of their rows besides, other tests show.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from pynamodb.attributes import Attribute, BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import AttributeDeserializationError, AttributeNullError
from pynamodb.models import Model

from chalicelib.domain.calendar import Period
from chalicelib.domain.money import Money
from chalicelib.domain.setup.branding import Branding
from chalicelib.models.accounts import summaries
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.models.base import (
    DataAttribute,
    EnumAttribute,
    InstantAttribute,
    MoneyAttribute,
    Row,
)
from chalicelib.models.billing.journal import EntryRow
from chalicelib.models.wallet.wallets import WalletRow
from tests.builders import make_account, usd
from tests.unit.models.test_stored_forms import rows

AT = datetime(2026, 2, 28, 6, tzinfo=UTC)
EXAMPLES: dict[Any, Any] = {
    str: "müller",
    int: 7,
    bool: True,
    float: 0.5,
    date: date(2026, 2, 28),
    datetime: AT,
    Decimal: Decimal("12.50"),
    Money: usd(3920),
    Period: Period(date(2026, 2, 28), date(2026, 3, 31)),
    Any: {"any": ["thing", 1]},
    Branding: Branding(color="#a1b2c3"),
}
HOLDING: list[type[Row[Any]]] = [row for row in rows() if issubclass(row, Row) and hasattr(row, "holds")]


def example(hint: Any) -> Any:
    """A value of a type: of a union the first that is not None, of an enum the last."""
    if hint in EXAMPLES:
        return EXAMPLES[hint]
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return example(parts[0])
    if origin is typing.Literal:
        return parts[-1]
    if origin is tuple:
        return (example(parts[0]),)
    if origin is frozenset:
        return frozenset({example(parts[0])})
    if origin is not None and issubclass(origin, Mapping):
        return {example(parts[0]): example(parts[1])}
    if issubclass(hint, Enum):
        return list(hint)[-1]
    hints = typing.get_type_hints(hint)
    return hint(**{field.name: example(hints[field.name]) for field in dataclasses.fields(hint)})


def bare(row: type[Row[Any]]) -> Any:
    """A value of what the row holds that has no more than what the row requires."""
    hints, attributes = typing.get_type_hints(row.holds), row.get_attributes()
    required = {
        field.name
        for field in dataclasses.fields(row.holds)
        if not attributes[field.name].null or (_default(field) is None and field.default is not None)
    }
    return row.holds(**{name: example(hints[name]) for name in required})


def full(row: type[Row[Any]]) -> Any:
    """A value of what the row holds, each field set."""
    return example(row.holds)


def derived(attribute: Attribute[Any]) -> Any:
    """A value for an attribute that is no field."""
    if isinstance(attribute, DataAttribute | EnumAttribute):
        return example(attribute._kind)
    kinds = {NumberAttribute: 3, UnicodeAttribute: "text", BooleanAttribute: True, JSONAttribute: {"a": [1]}}
    kinds |= {InstantAttribute: AT, MoneyAttribute: usd(-5)}
    return next(value for kind, value in kinds.items() if isinstance(attribute, kind))


def written_by_pynamodb(row: type[Row[Any]], value: Any, others: dict[str, Any]) -> dict[str, Any]:
    defaults = {field.name: _default(field) for field in dataclasses.fields(value)}
    held = {name: getattr(value, name) for name, default in defaults.items() if getattr(value, name) != default}
    made: dict[str, Any] = Model.serialize(row(**{k: v for k, v in (held | others).items() if v is not None}))
    return made


def _default(field: Any) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return None if field.default is dataclasses.MISSING else field.default


def read_by_pynamodb(row: type[Row[Any]], item: dict[str, Any]) -> dict[str, Any]:
    model = row()
    Model.deserialize(model, item)
    return model.attribute_values


@pytest.mark.parametrize("of", [full, bare])
@pytest.mark.parametrize("row", HOLDING, ids=lambda row: row.__name__)
def test_a_row_is_written_and_read_as_pynamodb_would(row: type[Row[Any]], of: Any) -> None:
    value = of(row)
    fields = {field.name for field in dataclasses.fields(row.holds)}
    others = {name: derived(each) for name, each in row.get_attributes().items() if name not in fields}

    item = Row.serialize(row.of(value, **others))
    read = Row.from_raw_data.__func__(row, item)  # type: ignore[attr-defined]

    assert item == written_by_pynamodb(row, value, others)
    assert read.attribute_values == read_by_pynamodb(row, item)
    assert read.value() == value
    assert Row.serialize(row.of(read.value(), **others)) == item


def test_a_row_that_was_changed_is_written_as_it_was_changed() -> None:
    row = WalletRow.of(bare(WalletRow))

    row.last_invoice_number = 8

    assert row.serialize()["last_invoice_number"] == {"N": "8"}
    assert row.value().last_invoice_number == 8


def test_what_is_derived_stands_for_the_field_of_that_name() -> None:
    account = make_account(partner_id="prt_house", version=1)

    row = AccountRow.of(account, partner_id="prt_house#07", summary=summaries.pack(account), actor="", event="")

    assert row.serialize()["partner_id"] == {"S": "prt_house#07"}
    assert row.value().partner_id == AccountRow.from_raw_data(row.serialize()).value().partner_id == "prt_house"


def test_attributes_of_a_later_release_are_read_over_and_a_null_is_what_is_not_there() -> None:
    account = make_account(metadata={"a": "b"}, version=1)
    item = AccountRow.of(account, summary=summaries.pack(account), actor="", event="").serialize()

    later = item | {"from_tomorrow": {"S": "?"}, "metadata": {"NULL": True}}

    assert AccountRow.from_raw_data(later).value() == dataclasses.replace(account, metadata={})


def test_an_attribute_of_another_type_is_refused() -> None:
    account = make_account(version=1)
    item = AccountRow.of(account, summary=summaries.pack(account), actor="", event="").serialize()

    with pytest.raises(AttributeDeserializationError):
        AccountRow.from_raw_data(item | {"name": {"N": "1"}}).value()


def test_a_row_that_lacks_an_attribute_is_refused() -> None:
    with pytest.raises(AttributeNullError, match="event"):
        AccountRow.of(make_account(version=1), summary="", actor="")


def test_equal_values_that_are_spelt_otherwise_are_each_written_as_they_are() -> None:
    spellings = [Decimal("12.5"), Decimal("12.50")]
    terms = [example(AccountRow.terms._kind) for _ in spellings]
    terms = [dataclasses.replace(each, partner_percent=percent) for each, percent in zip(terms, spellings, strict=True)]

    items = [
        AccountRow.of(account, summary=summaries.pack(account), actor="", event="").serialize()
        for account in (make_account(terms=each, version=1) for each in [*terms, *terms])
    ]

    assert [item["terms"]["S"][:8] for item in items] == ['["12.5",', '["12.50"', '["12.5",', '["12.50"']


def test_a_default_of_the_row_is_read_where_a_row_lacks_it() -> None:
    item = EntryRow.of(bare(EntryRow), journal="", actor="", event="").serialize()
    del item["revision"]

    assert EntryRow.from_raw_data(item).revision == 0


def test_no_row_has_bytes_which_would_not_be_json() -> None:
    kinds = {attribute.attr_type for row in rows() for attribute in row.get_attributes().values()}

    assert kinds <= {"S", "N", "BOOL", "M", "L", "SS", "NS"}
