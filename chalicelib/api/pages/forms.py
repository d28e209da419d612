"""Forms that only our own pages can send, each from the browser that it was shown in.

Three things must fit (docs/decisions/client-access.md): the browser says that the form comes from this site, the form
holds a token that we signed for it, and the token names the cookie of this browser.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from chalicelib.api.call import Call
from chalicelib.domain.values import dataclass
from chalicelib.services.clients import tokens

_PURPOSE = "form"
_LIFETIME = timedelta(hours=2)
_MOST_FIELDS = 20
_NAME = "form"
"""The cookie's name, and that of the field with the token."""


class NotOurForm(Exception):
    """The form comes from elsewhere, or was open for too long: show it again."""


@dataclass(frozen=True)
class Guard:
    """What a page with forms puts into each of them, and the cookie that it sets where the browser has none."""

    browser: str
    now: datetime
    headers: Mapping[str, str] = field(default_factory=dict)

    def token(self, action: str) -> str:
        """The token of a form that does ``action``, for its field ``form``."""
        claims = {"for": action, "browser": _mark(self.browser)}
        return tokens.sign_token(_PURPOSE, claims, now=self.now, ends_at=self.now + _LIFETIME)


def guard_of(call: Call) -> Guard:
    """The guard of a page that answers this request."""
    browser = cookie_of(call, _NAME)
    if browser:
        return Guard(browser, call.now)
    browser = secrets.token_urlsafe(16)
    return Guard(browser, call.now, {"Set-Cookie": cookie(call, _NAME, browser, same_site="Lax")})


def fields_of(call: Call, *, action: str) -> Mapping[str, str]:
    """The fields of a form that was sent to do ``action``. Raises :class:`NotOurForm`."""
    fields = _fields(call.raw_body)
    claims = tokens.claims_of(_PURPOSE, fields.pop(_NAME, ""), now=call.now)
    browser = cookie_of(call, _NAME)
    if not browser or claims is None or (claims["for"], claims["browser"]) != (action, _mark(browser)):
        raise NotOurForm
    if not _is_from_here(call):
        raise NotOurForm
    return fields


def cookie_of(call: Call, name: str) -> str:
    """The value of a cookie that we have set; empty without one."""
    wanted = _cookie_name(call, name)
    for part in call.headers.get("Cookie", "").split(";"):
        found, _, value = part.strip().partition("=")
        if found == wanted:
            return value
    return ""


def cookie(call: Call, name: str, value: str, *, same_site: str, seconds: int | None = None) -> str:
    """A Set-Cookie header. Without ``seconds`` it lasts until the browser is closed; with 0 it is removed."""
    secure = "; Secure" if _is_secure(call) else ""
    age = "" if seconds is None else f"; Max-Age={seconds}"
    return f"{_cookie_name(call, name)}={value}; Path=/; HttpOnly; SameSite={same_site}{secure}{age}"


def _fields(raw: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(raw.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:  # no UTF-8, or too many fields
        return {}
    return dict(pairs)


def _is_from_here(call: Call) -> bool:
    """Whether the browser says that a page of this site sent it. One that says nothing has the token and the cookie."""
    if site := call.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    ours = urlsplit(call.base_url)
    return call.headers.get("Origin", f"{ours.scheme}://{ours.netloc}") == f"{ours.scheme}://{ours.netloc}"


def _cookie_name(call: Call, name: str) -> str:
    """With `__Host-`, browsers take the cookie from this very host only: no neighbour under its domain can set it."""
    return f"__Host-{name}" if _is_secure(call) else name


def _is_secure(call: Call) -> bool:
    """Everywhere but on a developer's machine."""
    return call.base_url.startswith("https://")


def _mark(browser: str) -> str:
    return hashlib.sha256(browser.encode()).hexdigest()
