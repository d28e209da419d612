"""Requests to services that take only so many things, and so many bytes, at once."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def chunks(things: Iterable[T], *, most: int, most_bytes: int, size: Callable[[T], int]) -> Iterator[list[T]]:
    """The things in their order, as many together as fit; one that is too big by itself goes alone."""
    chunk: list[T] = []
    total = 0
    for thing in things:
        length = size(thing)
        if chunk and (len(chunk) == most or total + length > most_bytes):
            yield chunk
            chunk, total = [], 0
        chunk.append(thing)
        total += length
    if chunk:
        yield chunk
