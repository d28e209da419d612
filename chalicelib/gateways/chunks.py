"""Batches for services that limit the items and the bytes of a request."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def chunks(items: Iterable[T], *, most: int, most_bytes: int, size: Callable[[T], int]) -> Iterator[list[T]]:
    """The items in their order, as many in a chunk as fit; an item that is too big by itself gets its own."""
    chunk: list[T] = []
    total = 0
    for item in items:
        length = size(item)
        if chunk and (len(chunk) == most or total + length > most_bytes):
            yield chunk
            chunk, total = [], 0
        chunk.append(item)
        total += length
    if chunk:
        yield chunk
