"""Long choices that several forms offer: countries, languages and time zones."""

from chalicelib.api.pages import texts as api_texts
from chalicelib.domain.time_zones import time_zone_names


def countries(language: str) -> list[tuple[str, str]]:
    """Every country's code and its name in the language, in the order of the names."""
    return list(api_texts.texts_in(language).countries().items())


def languages(language: str, *, present: str) -> list[tuple[str, str]]:
    """Every language's code and its name in the language, in the order of the names. The ``present`` choice is among
    them even if it says where it is spoken or in which script, such as `de-AT`."""
    names = dict(api_texts.texts_in(language).language_names())
    first = {} if present in names or not present else {present: language_name(present, language)}
    return list((first | names).items())


def language_name(tag: str, language: str) -> str:
    """The name of a language by its tag: `German (Austria)` for `de-AT`."""
    texts = api_texts.texts_in(language)
    code, _, rest = tag.partition("-")
    name = texts.language_names().get(code)
    if name is None or not rest:
        return name or tag
    return f"{name} ({', '.join(texts.countries().get(part, part) for part in rest.split('-'))})"


def time_zones() -> list[tuple[str, str]]:
    """The time zones that are named by a place, and UTC."""
    named = [zone for zone in time_zone_names() if "/" in zone]
    return [(zone, zone.replace("_", " ")) for zone in ("UTC", *named)]
