"""What DynamoDB bills: the units of reads and writes, calculated from the items themselves.

No emulator counts them rightly. The rules are those of the DynamoDB Developer Guide; docs/decisions/units.md names its
pages. Two points the guide leaves open are decided here: an index entry that is replaced under the same key counts with
the larger of its two sizes, as an item does, and index entries written by a transaction are not doubled.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Any

Item = Mapping[str, Mapping[str, Any]]
"""An item as it is on the wire: the type of each attribute beside its value."""

WRITE_UNIT = 1024
READ_UNIT = 4096

WRITE_DOLLARS = 0.625
READ_DOLLARS = 0.125
"""US dollars for a million units on demand, us-east-1, standard table class."""


def size_of(item: Item) -> int:
    """The size of an item in bytes: its attributes' names and values."""
    return sum(len(name.encode()) + size_of_value(value) for name, value in item.items())


def size_of_value(value: Mapping[str, Any]) -> int:
    """The size of an attribute's value in bytes, without its name."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return _size_of_number(content)
        case "B":
            return _size_of_binary(content)
        case "BOOL" | "NULL":
            return 1
        case "L":
            return 3 + sum(1 + size_of_value(each) for each in content)
        case "M":
            return 3 + sum(1 + len(name.encode()) + size_of_value(each) for name, each in content.items())
        case "SS":
            return sum(len(each.encode()) for each in content)
        case "NS":
            return sum(_size_of_number(each) for each in content)
        case "BS":
            return sum(_size_of_binary(each) for each in content)
    raise ValueError(f"{kind} is no type of DynamoDB's")


def _size_of_number(text: str) -> int:
    """A byte for two significant digits and one more; another for the sign of a negative number."""
    sign, digits, _ = Decimal(text).as_tuple()
    significant = "".join(map(str, digits)).strip("0")
    return 1 + (len(significant) + 1) // 2 + sign


def _size_of_binary(content: str | bytes) -> int:
    """Raw bytes; on the wire they are in base 64."""
    if isinstance(content, bytes):
        return len(content)
    return len(content) * 3 // 4 - content[-2:].count("=")


@dataclass(frozen=True)
class Index:
    """A global secondary index; ``projected`` are the attributes besides keys that are in it, None for all."""

    name: str
    keys: tuple[str, ...]
    projected: Collection[str] | None


@dataclass(frozen=True)
class Layout:
    """What a table's writes cost depends on: its keys and its indexes."""

    table: str
    keys: tuple[str, ...]
    indexes: tuple[Index, ...] = ()

    def entry(self, index: Index, item: Item | None) -> Item | None:
        """The item as an index holds it; None if it is not in the index."""
        if item is None or any(key not in item for key in index.keys):
            return None
        if index.projected is None:
            return item
        kept = {*self.keys, *index.keys, *index.projected}
        return {name: value for name, value in item.items() if name in kept}


def layout_of(definition: Mapping[str, Any]) -> Layout:
    """The layout of a table as CreateTable takes it and DescribeTable tells it."""
    return Layout(
        definition["TableName"],
        _keys(definition),
        tuple(
            Index(each["IndexName"], _keys(each), _projected(each["Projection"]))
            for each in definition.get("GlobalSecondaryIndexes") or ()
        ),
    )


def _keys(definition: Mapping[str, Any]) -> tuple[str, ...]:
    ordered = sorted(definition["KeySchema"], key=lambda key: key["KeyType"] != "HASH")
    return tuple(key["AttributeName"] for key in ordered)


def _projected(projection: Mapping[str, Any]) -> Collection[str] | None:
    return None if projection["ProjectionType"] == "ALL" else projection.get("NonKeyAttributes") or ()


def write_units(layout: Layout, old: Item | None, new: Item | None, *, transactional: bool = False) -> dict[str, int]:
    """The units of one write, by where: ``""`` is the table, other names are indexes. Indexes it leaves alone are not
    named.

    ``old`` is the item before, ``new`` after the write; both are the same for a check, or a condition that failed.
    """
    units = {"": _in_write_units(old, new) * (2 if transactional else 1)}
    for index in layout.indexes:
        was, becomes = layout.entry(index, old), layout.entry(index, new)
        if was == becomes:
            continue
        if was is None or becomes is None or _same_place(index, was, becomes):
            units[index.name] = _in_write_units(was, becomes)
        else:
            units[index.name] = _in_write_units(was) + _in_write_units(becomes)
    return units


def _same_place(index: Index, was: Item, becomes: Item) -> bool:
    return all(was[key] == becomes[key] for key in index.keys)


def _in_write_units(*states: Item | None) -> int:
    """The larger of an item's sizes in write units; one for an item that is not there."""
    return max([1, *(ceil(size_of(state) / WRITE_UNIT) for state in states if state is not None)])


def read_units(items: Iterable[Item | None], *, consistent: bool) -> float:
    """The units of items read one by one, by GetItem or BatchGetItem; None is one that is not there."""
    units = sum(max(1, ceil(size_of(item) / READ_UNIT)) if item else 1 for item in items)
    return units if consistent else units / 2


def query_units(items: Sequence[Item], *, consistent: bool) -> float:
    """The units of one page of a query: the items together, before any filter."""
    units = max(1, ceil(sum(size_of(item) for item in items) / READ_UNIT))
    return units if consistent else units / 2


def dollars(*, writes: float, reads: float) -> float:
    """What a million times these units costs."""
    return writes * WRITE_DOLLARS + reads * READ_DOLLARS
