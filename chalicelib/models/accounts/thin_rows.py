"""Rows of accounts without what their summary holds already.

The summary (``glance``) packs most of an account into some 150 bytes. As attributes the same takes 400 more, and with
them and a charge in progress a row would pass the kilobyte that DynamoDB bills a write by. So a stored row leaves out
what can be unpacked. Rows of earlier builds have all of it, and are read as they are.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from chalicelib.domain.catalog.plans import Plan
from chalicelib.models.accounts import summaries
from chalicelib.models.base import InstantAttribute

Item = dict[str, dict[str, Any]]
"""A row as it is on the wire: the type of each attribute beside its value."""


def thin(item: Item) -> Item:
    """The row without what its summary holds."""
    held = _held(item["glance"]["S"])
    return {name: value for name, value in item.items() if name not in held}


def whole(item: Item) -> Item:
    """The row with what only its summary holds; rows that are whole, or of an index, as they are."""
    if "version" not in item or "kind" in item:
        return item
    packed = item["glance"]["S"]
    held = _held(packed)
    known = {"updated_at": item["created_at"]["S"]} | summaries.contents(packed, id=item["id"]["S"])
    return {name: _FORMS[name](value) for name, value in known.items() if name in held} | item


_INSTANT = InstantAttribute()
# The encoders are made once, since that takes longer than encoding.
_AS_DATA = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_AS_RECORD = json.JSONEncoder(separators=(",", ":"))
_OF_A_PLAN = tuple(field.name for field in fields(Plan))


def _held(packed: str) -> frozenset[str]:
    return _HELD if summaries.is_whole(packed) else _HELD_WITHOUT_LONG


def _text(value: str) -> dict[str, Any]:
    return {"S": value}


def _instant(value: str) -> dict[str, Any]:
    return {"S": _INSTANT.serialize(datetime.fromisoformat(value))}


def _client(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"S": _AS_DATA.encode(value)}


def _plan(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"S": _AS_RECORD.encode([value[name] for name in _OF_A_PLAN])}


def _money(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"S": f"{value['amount']} {value['currency']}"}


def _data(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"S": json.dumps(value)}


def _truth(value: bool) -> dict[str, Any]:
    return {"BOOL": value}


_FORMS: dict[str, Callable[[Any], dict[str, Any]]] = {
    **dict.fromkeys(
        (
            *("name", "kind", "notification_email", "country", "data_region", "language", "time_zone", "currency"),
            *("custom_domain", "domain_state", "billing_profile_id", "anchor"),
        ),
        _text,
    ),
    "client": _client,
    "plan": _plan,
    "price": _money,
    "single_bill": _truth,
    "updated_at": _instant,
    "metadata": _data,
}
"""What a summary holds whole, and how a row stores it. Not among them: what conditions, indexes and streams look at."""

_HELD = frozenset(_FORMS)
_HELD_WITHOUT_LONG = _HELD - set(summaries.LEFT_OUT_IF_LONG)
