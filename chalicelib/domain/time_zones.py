"""The time zones of the world, from one database: that of the package ``tzdata``, which is pinned.

Left to itself, ``zoneinfo`` takes the files of the machine first. A developer's machine, Lambda and whoever audits the
books would then disagree about the instant at which a day begins wherever a country has changed its clocks lately. The
files are named by their folder: the way by ``importlib.resources`` would cost each start 60 modules.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, reset_tzpath

import tzdata

_PACKAGE = Path(tzdata.__file__).parent
_NOT_PLACES = frozenset({"Factory"})
"""Names in the database that stand for no place, but for a clock that nobody has set."""

reset_tzpath(to=(str(_PACKAGE / "zoneinfo"),))


class UnknownTimeZone(ValueError):
    """This is not the name of a time zone in the IANA database. ``near`` lists similar names."""

    def __init__(self, name: str, *, near: Sequence[str] = ()) -> None:
        self.near = tuple(near)
        hint = f"; near that: {', '.join(near)}" if near else ", such as Europe/Dublin or UTC"
        super().__init__(f"{name!r} is not an IANA time zone{hint}")


@cache
def time_zone_names() -> tuple[str, ...]:
    """The names of all time zones, sorted."""
    names = (_PACKAGE / "zones").read_text(encoding="ascii").split()
    return tuple(sorted(set(names) - _NOT_PLACES))


def check_time_zone(name: str) -> str:
    """Return the name if it is in the IANA database, like ``Europe/Dublin``. Raises :class:`UnknownTimeZone`."""
    if name not in time_zone_names():
        raise UnknownTimeZone(name, near=_similar_to(name))
    return name


def zone_of(name: str) -> ZoneInfo:
    """The time zone of this name. Raises :class:`UnknownTimeZone`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownTimeZone(name) from error


def _similar_to(name: str) -> list[str]:
    """Up to three time zones of the same place or, if there are none, of a similar spelling."""
    names = time_zone_names()
    place = name.rpartition("/")[2].lower()
    return [each for each in names if each.rpartition("/")[2].lower() == place][:3] or get_close_matches(
        name, names, cutoff=0.85
    )
