"""Long choices that several forms offer: countries and time zones."""

from chalicelib.api.pages import texts as api_texts
from chalicelib.domain.time_zones import time_zone_names


def countries(language: str) -> list[tuple[str, str]]:
    """Every country's code and its name in the language, in the order of the names."""
    return list(api_texts.texts_in(language).countries().items())


def time_zones() -> list[tuple[str, str]]:
    """The time zones that are named by a place, and UTC."""
    named = [zone for zone in time_zone_names() if "/" in zone]
    return [(zone, zone.replace("_", " ")) for zone in ("UTC", *named)]
