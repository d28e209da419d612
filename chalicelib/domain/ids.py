"""Ids: a prefix that names the kind of thing, and 128 bits as 26 characters of Crockford's base 32.

There are three kinds. New ids are ULIDs: they are random and sort by the time of their creation. Derived ids are
calculated from what they name: a repeated request derives the same id and so finds what the first one wrote. Ids of
events, deliveries and payouts are both: derived, and sorted by time.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from functools import lru_cache

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PREFIX = re.compile(r"[a-z]+")
_DATE_CHARACTERS = 10
"""The time of a ULID, 48 bits of 130."""
_BODY = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")  # 26 characters hold 130 bits: the first one stops at 7


def ulid(*, at: datetime, randomness: bytes) -> str:
    """A ULID: an instant, to the millisecond, and 10 bytes of ``randomness``. Later instants sort after earlier."""
    if len(randomness) != 10:
        raise ValueError("A ULID takes 10 random bytes.")
    return _crockford(_milliseconds(at).to_bytes(6, "big") + randomness)


def new_id(prefix: str, *, at: datetime) -> str:
    """A new random id, like ``key_01JD…``. The function is not pure: each call returns another id."""
    return _with_prefix(prefix, ulid(at=at, randomness=secrets.token_bytes(10)))


def derived_id(prefix: str, *parts: str) -> str:
    """The id calculated from these parts, like ``inv_…`` from an account's id and the number of its charge.

    The same parts give the same id; different ones, as ("a", "bc") and ("ab", "c"), give different ids.
    """
    return _with_prefix(prefix, _crockford(_digest(*parts)[:16]))


def fingerprint(id: str, request: Mapping[str, object]) -> str:
    """A hash of the request that creates ``id``. It is stored with what was created, to recognize a different request.

    Empty values count as left out, so that a new optional field changes none of the fingerprints stored before it.
    """
    return _crockford(_digest(id, json.dumps(_without_empty(request), sort_keys=True, default=str))[:16])


def _without_empty(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    given = {str(name): _without_empty(part) for name, part in value.items()}
    return {name: part for name, part in given.items() if part or (part == 0 and part is not False)}


def event_id(*, at: datetime, revision: int, source: str) -> str:
    """The id of an event: always the same for the same change, and sorted by instant, then by revision.

    ``source`` is the id of what changed, ``revision`` the number of its changes so far. The revision distinguishes and
    orders up to 65,536 changes of one source in one millisecond.
    """
    stable = (revision % 65_536).to_bytes(2, "big") + _digest(source, str(revision))[:8]
    return _with_prefix("evt", ulid(at=at, randomness=stable))


def delivery_id(*, at: datetime, webhook_id: str, event_id: str) -> str:
    """The id of the delivery of an event to a webhook: always the same, and sorted by the events' instants."""
    return _with_prefix("dlv", ulid(at=at, randomness=_digest(webhook_id, event_id)[:10]))


def dated_id(prefix: str, *parts: str, on: date) -> str:
    """The id calculated from these parts and a date: always the same, and sorted by the date."""
    midnight = datetime.combine(on, time.min, UTC)
    return _with_prefix(prefix, ulid(at=midnight, randomness=_digest(*parts)[:10]))


def dated_prefix(prefix: str, *, on: date) -> str:
    """What all ids of :func:`dated_id` with this prefix and date begin with."""
    return dated_id(prefix, on=on)[: len(prefix) + 1 + _DATE_CHARACTERS]


def is_id(prefix: str, text: str) -> bool:
    """Whether the text has the form of an id with this prefix. It need not name anything that exists."""
    head, _, body = text.partition("_")
    return head == prefix and _BODY.fullmatch(body) is not None


def is_account_id(text: str) -> bool:
    """Whether a payer is an account that pays for itself, and not a partner."""
    return text.startswith("acct_")


@lru_cache(maxsize=1024)
def bytes_of(id: str) -> bytes:
    """The 128 bits of an id, without its prefix."""
    number = 0
    for character in id.partition("_")[2]:
        number = number << 5 | _ALPHABET.index(character)
    return number.to_bytes(16, "big")


def id_of(prefix: str, bits: bytes) -> str:
    """The id with this prefix and these 128 bits."""
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
        raise ValueError("An instant must be an aware datetime, with a time zone.")
    return int(at.timestamp()) * 1000 + at.microsecond // 1000


def _crockford(data: bytes) -> str:
    number = int.from_bytes(data, "big")
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
