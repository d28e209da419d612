"""Ids: a prefix that says what it names, and 128 bits in 26 characters of Crockford's base 32.

Three kinds: random ones sort by when they were made (ULID); derived ones are the same whenever the same thing is named
again, which is what makes a repeated request find what the first one wrote; an event's is both.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from datetime import datetime

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PREFIX = re.compile(r"[a-z]+")
_BODY = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")  # 26 characters hold 130 bits: the first one stops at 7


def ulid(*, at: datetime, randomness: bytes) -> str:
    """The ULID of a moment (to the millisecond) and 10 random bytes; later moments sort after earlier ones."""
    if len(randomness) != 10:
        raise ValueError("A ULID takes 10 random bytes.")
    return _crockford(_milliseconds(at).to_bytes(6, "big") + randomness)


def new_id(prefix: str, *, at: datetime) -> str:
    """A fresh id, e.g. `key_01JD…`. Not pure: its randomness is the system's."""
    return _with_prefix(prefix, ulid(at=at, randomness=secrets.token_bytes(10)))


def derived_id(prefix: str, *parts: str) -> str:
    """The one id of these parts, e.g. `inv_…` of an account and its charge number. ("a", "bc") is not ("ab", "c")."""
    return _with_prefix(prefix, _crockford(_digest(*parts)[:16]))


def fingerprint(id: str, asked: Mapping[str, object]) -> str:
    """What a request for ``id`` asked for, as a hash to be kept with what it made: another request has another one.

    What is empty counts as left out, so a field that requests get later changes no fingerprint that is kept.
    """
    return _crockford(_digest(id, json.dumps(_given(asked), sort_keys=True, default=str))[:16])


def _given(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    given = {str(name): _given(part) for name, part in value.items()}
    return {name: part for name, part in given.items() if part or (part == 0 and part is not False)}


def event_id(*, at: datetime, revision: int, source: str) -> str:
    """The id of a change: the same for the same change told twice, and in the order of moment and revision.

    `source` is what changed (its id) and `revision` its count of changes; two changes of one source in one
    millisecond are told apart, and kept in order, by the revision (up to 65,536 of them).
    """
    stable = (revision % 65_536).to_bytes(2, "big") + _digest(source, str(revision))[:8]
    return _with_prefix("evt", ulid(at=at, randomness=stable))


def delivery_id(*, at: datetime, webhook_id: str, event_id: str) -> str:
    """The id of an event's delivery to a webhook: always the same, and in the order of the events' moments."""
    return _with_prefix("dlv", ulid(at=at, randomness=_digest(webhook_id, event_id)[:10]))


def is_id(prefix: str, text: str) -> bool:
    """Whether the text has the form of such an id; that there is one, it doesn't say."""
    head, _, body = text.partition("_")
    return head == prefix and _BODY.fullmatch(body) is not None


def bytes_of(id: str) -> bytes:
    """The 128 bits of an id, without what it names."""
    number = 0
    for character in id.partition("_")[2]:
        number = number << 5 | _ALPHABET.index(character)
    return number.to_bytes(16, "big")


def id_of(prefix: str, bits: bytes) -> str:
    """The id with these 128 bits."""
    return _with_prefix(prefix, _crockford(bits))


def _with_prefix(prefix: str, body: str) -> str:
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"A prefix is lower-case letters without the underscore, not {prefix!r}.")
    return f"{prefix}_{body}"


def _digest(*parts: str) -> bytes:
    prefixed = b"".join(len(encoded).to_bytes(4, "big") + encoded for encoded in (part.encode() for part in parts))
    return hashlib.sha256(prefixed).digest()


def _milliseconds(at: datetime) -> int:
    if at.tzinfo is None:
        raise ValueError("A moment without a time zone is no moment.")
    return int(at.timestamp()) * 1000 + at.microsecond // 1000


def _crockford(data: bytes) -> str:
    number = int.from_bytes(data, "big")
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
