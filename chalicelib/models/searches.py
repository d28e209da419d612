"""Lists with a filter that few rows match: how far a request looks for them."""

from itertools import islice
from typing import Any, TypeVar

from pynamodb.models import Model
from pynamodb.pagination import ResultIterator

M = TypeVar("M", bound=Model)


def searched(
    row_class: type[M], rows: ResultIterator[M], *, limit: int, requests: int
) -> tuple[list[M], dict[str, Any] | None]:
    """Up to ``limit`` rows of a filtered query of a table, and the key that the next page starts after.

    It ends after that many requests to DynamoDB: a page may be short or empty though others follow.
    """
    page: list[M] = []
    for answer in islice(rows.page_iter, requests):
        for item in answer["Items"]:
            page.append(row_class.from_raw_data(dict(item)))
            if len(page) == limit:
                return page, {name: item[name] for name in _keys(row_class)}
    return page, rows.page_iter.last_evaluated_key


def _keys(row_class: type[Model]) -> list[str]:
    attributes = row_class.get_attributes().values()
    return [each.attr_name for each in attributes if each.is_hash_key or each.is_range_key]
