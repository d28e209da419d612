"""The cookie with a session's token. The server alone decides how long it is good for."""

from collections.abc import Mapping

from chalicelib.api.pages import forms
from chalicelib.portal.visits import Visit

NAME = "portal"


def kept(visit: Visit, token: str) -> Mapping[str, str | list[str]]:
    """Keeps a session until the browser is closed. Lax: whoever comes by a mail's link is still signed in."""
    return {"Set-Cookie": forms.cookie(visit, NAME, token, same_site="Lax")}


def removed(visit: Visit) -> Mapping[str, str | list[str]]:
    """Forgets a session."""
    return {"Set-Cookie": forms.cookie(visit, NAME, "", same_site="Lax", seconds=0)}


def device_of(visit: Visit) -> str:
    """What the browser says that it is, for the list of a person's sessions."""
    return visit.headers.get("User-Agent", "")
