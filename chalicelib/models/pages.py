"""Pages of lists: the values of the rows on one, and the key that the next one starts after."""

import operator
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from itertools import islice
from typing import Any, Protocol, TypeVar

from pynamodb.expressions.condition import Condition
from pynamodb.models import Model
from pynamodb.pagination import ResultIterator

from chalicelib.models.base import Row

T = TypeVar("T")
R_co = TypeVar("R_co", covariant=True)


class Rows(Protocol[R_co]):
    """PynamoDB's ``ResultIterator``, of which one of a row class is also one of what the class extends."""

    @property
    def last_evaluated_key(self) -> dict[str, Any] | None: ...

    def __iter__(self) -> Iterator[R_co]: ...

    def __next__(self) -> R_co: ...


def newest(
    query: Callable[..., Rows[Row[T]]],
    key: str,
    keys: Condition | None = None,
    *,
    where: Condition | None = None,
    limit: int,
    start: dict[str, Any] | None,
) -> tuple[list[T], dict[str, Any] | None]:
    """A page of what a table or an index has under ``key``, the last in its order first.

    ``query`` is that of the table or the index; ``keys`` is the condition of its range key.
    """
    rows = query(
        key,
        keys,
        filter_condition=where,
        scan_index_forward=False,
        page_size=limit + 1 if where is None else None,  # few match a filter: read a megabyte at a time
        last_evaluated_key=start,
    )
    return page_of(rows, limit)


def page_of(rows: Rows[Row[T]], limit: int) -> tuple[list[T], dict[str, Any] | None]:
    """The values of up to ``limit`` rows, and the key the next page starts after; None when no row follows."""
    page: list[T] = []
    for row in rows:
        page.append(row.value())
        if len(page) == limit:
            key = rows.last_evaluated_key
            return page, key if next(rows, None) is not None else None
    return page, None


def searched(
    row_class: type[Row[T]], rows: ResultIterator[Any], *, limit: int, requests: int
) -> tuple[list[T], dict[str, Any] | None]:
    """The values of up to ``limit`` rows of a filtered query of a table, and the key that the next page starts after.

    It ends after that many requests to DynamoDB: a page may be short or empty though others follow.
    """
    page: list[T] = []
    for answer in islice(rows.page_iter, requests):
        for item in answer["Items"]:
            page.append(row_class.from_raw_data(dict(item)).value())
            if len(page) == limit:
                return page, {name: item[name] for name in _keys(row_class)}
    return page, rows.page_iter.last_evaluated_key


def all_of(conditions: Iterable[Condition | None]) -> Condition | None:
    """One condition that all of these hold; None without any."""
    present = [condition for condition in conditions if condition is not None]
    return reduce(operator.and_, present) if present else None


def _keys(row_class: type[Model]) -> list[str]:
    attributes = row_class.get_attributes().values()
    return [each.attr_name for each in attributes if each.is_hash_key or each.is_range_key]
