"""Texts deflated with a dictionary of what such texts are made of, in base 64: for values that are large for their row.

DynamoDB bills writes by the kilobyte. A dictionary is part of the stored form: another one needs another name or mark.
"""

import zlib
from base64 import b64encode
from binascii import a2b_base64
from typing import Any

from chalicelib.models.base import DataAttribute, T


def deflated(content: bytes, dictionary: bytes) -> bytes:
    # A window of 4 KB and little memory, which is set up anew each time: dictionary and content are shorter than that.
    deflate = zlib.compressobj(9, zlib.DEFLATED, -12, 6, zlib.Z_DEFAULT_STRATEGY, dictionary)
    return deflate.compress(content) + deflate.flush()


def inflated(content: bytes, dictionary: bytes) -> bytes:
    """What was deflated. Raises ValueError, as every value does that can't be read."""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS, dictionary).decompress(content)
    except zlib.error as error:
        raise ValueError("It was not packed with this dictionary.") from error


def encoded(content: bytes) -> str:
    """In base 64 without padding."""
    return b64encode(content).decode().rstrip("=")


def decoded(text: str) -> bytes:
    return a2b_base64(text + "==")  # what it does not need it ignores


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
