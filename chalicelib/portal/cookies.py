"""The cookie with a session's token. The server alone decides how long it is good for."""

from collections.abc import Mapping

from chalicelib.api.pages import forms
from chalicelib.portal.visits import Visit

NAME = "portal"

# What is told apart by its first mark: most browsers also say that they are others.
_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def kept(visit: Visit, token: str) -> Mapping[str, str | list[str]]:
    """Keeps a session until the browser is closed. Lax: whoever comes by a mail's link is still signed in."""
    return {"Set-Cookie": forms.cookie(visit, NAME, token, same_site="Lax")}


def removed(visit: Visit) -> Mapping[str, str | list[str]]:
    """Forgets a session."""
    return {"Set-Cookie": forms.cookie(visit, NAME, "", same_site="Lax", seconds=0)}


def device_of(visit: Visit) -> str:
    """The browser and its system, for the list of a person's sessions: `Firefox, Windows`; what it says if we know
    neither."""
    said = visit.headers.get("User-Agent", "")
    known = [next((name for mark, name in names if mark in said), "") for names in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, known)) or said
