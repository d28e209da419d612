"""What the log of events holds, in words: who did something, and what a value was or became."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from chalicelib.domain.money import Money
from chalicelib.portal.formats import Formats
from chalicelib.portal.texts import Texts
from chalicelib.portal.visits import Visit
from chalicelib.services.people import teams

_LONGEST = 200
"""So many characters of a value are shown; a page must not grow with what is in a log."""
_AMOUNTS = {"price_per_cycle"}
"""Fields with an amount in the partner's currency."""
_DAY, _INSTANT = re.compile(r"\d{4}-\d\d-\d\d"), re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")


def people_of(visit: Visit) -> dict[str, str]:
    """The names of the team's people by how they are called in events; whoever has left keeps an id."""
    members = teams.list_people(visit.me, now=visit.now).members
    return {f"person:{each.person.id}": each.person.name for each in members}


def actor(actor: str, names: Mapping[str, str], texts: Texts) -> str:
    """Who did it: by name if ``names`` has one, else by what they are."""
    kind = f"accounts.records.actor.{actor.partition(':')[0]}"
    return names.get(actor) or (texts.plain(kind) if texts.has(kind) else actor)


def value(name: str, value: Any, visit: Visit) -> str:
    """A value of the field ``name``: amounts, days and times as the reader writes them."""
    text = _text(name, value, visit, Formats(visit.texts, visit))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _text(name: str, value: Any, visit: Visit, formats: Formats) -> str:
    if value in (None, "", [], {}):
        return "–"
    if isinstance(value, dict) and value.keys() == {"amount", "currency"}:
        return formats.money(Money(int(value["amount"]), value["currency"]))
    if name in _AMOUNTS and isinstance(value, int):
        return formats.money(Money(value, visit.partner_seen.currency))
    if isinstance(value, Sequence) and not isinstance(value, str):
        parts = [_text(name, each, visit, formats) for each in value]
        return (" – " if name == "period" else ", ").join(parts)
    if isinstance(value, str) and _DAY.fullmatch(value):
        return formats.day(date.fromisoformat(value))
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return formats.time(datetime.fromisoformat(value)).striptags()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
