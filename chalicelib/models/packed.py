"""Texts deflated with a dictionary of what such texts are made of, in base 64: for values that are large for their row.

DynamoDB bills writes by the kilobyte. A dictionary is part of the stored form: another one needs another name or mark.
"""

import zlib
from base64 import b64decode, b64encode
from typing import Any

from chalicelib.models.base import DataAttribute, T


def deflated(content: bytes, dictionary: bytes) -> bytes:
    # A window of 4 KB and little memory, which is set up anew each time: dictionary and content are shorter than that.
    deflate = zlib.compressobj(9, zlib.DEFLATED, -12, 6, zlib.Z_DEFAULT_STRATEGY, dictionary)
    return deflate.compress(content) + deflate.flush()


def inflated(content: bytes, dictionary: bytes) -> bytes:
    return zlib.decompressobj(-zlib.MAX_WBITS, dictionary).decompress(content)


def encoded(content: bytes) -> str:
    """In base 64 without padding."""
    return b64encode(content).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4))


class PackedAttribute(DataAttribute[T]):
    """A nested domain value as one JSON text, packed. Reads the plain JSON of earlier rows as well."""

    def __init__(self, kind: Any, *, dictionary: bytes, **kwargs: Any) -> None:
        super().__init__(kind, **kwargs)
        self._dictionary = dictionary

    def serialize(self, value: T) -> str:
        return encoded(deflated(super().serialize(value).encode(), self._dictionary))

    def deserialize(self, value: str) -> T:
        is_plain = value.startswith(("{", "["))
        return super().deserialize(value if is_plain else inflated(decoded(value), self._dictionary).decode())
