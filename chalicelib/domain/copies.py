"""Copies of records with some fields changed (docs/decisions/forecast.md)."""

import dataclasses
from typing import Any, TypeVar

Record = TypeVar("Record")


def replace(record: Record, **changes: Any) -> Record:
    """A copy of the record with these fields changed, made by the record's own ``__replace__`` if it has one.

    This is what ``copy.replace`` does from Python 3.13 on. With it, the functions that move an account through time
    also work on the lighter records of a forecast.
    """
    own = getattr(type(record), "__replace__", None)
    if own is not None:
        copy: Record = own(record, **changes)
        return copy
    return dataclasses.replace(record, **changes)  # type: ignore[type-var]
