"""The frame of every page: the account's logo and colours, and the policy that keeps everything else out.

A page fetches nothing from elsewhere but the account's logo and, where a card is entered, the card processor's script.
Its forms go to this API only (docs/decisions/client-access.md).
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from markupsafe import Markup

from chalicelib import templating
from chalicelib.api.answers import HTML, JSON, Answer
from chalicelib.api.call import Call
from chalicelib.api.negotiation import preferred
from chalicelib.api.pages.texts import Texts
from chalicelib.config import settings
from chalicelib.domain.setup.branding import PLAIN, Branding, foreground_on
from chalicelib.domain.values import dataclass

if TYPE_CHECKING:
    from jinja2 import Environment

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Script:
    """A script of a page: a ``file`` beside this module, which becomes part of the page, or an address (``src``).

    ``data`` is for the script to read. ``sources`` are the addresses that the policy has to allow for it, by directive.
    """

    file: str = ""
    src: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def code(self) -> Markup:
        """What the file holds, as it is: the browser reads no entities in a script."""
        return Markup(script(self.file) if self.file else "")  # noqa: S704 - a file of ours


@cache
def script(file: str) -> str:
    """A script beside this module."""
    return (_FOLDER / file).read_text(encoding="utf-8")


def page(
    template: str,
    *,
    branding: Branding,
    texts: Texts,
    scripts: Sequence[Script] = (),
    status: int = 200,
    leads_to: str = "",
    headers: Mapping[str, str] | None = None,
    **values: object,
) -> Answer:
    """A page by its template, which gets ``values``. With ``leads_to`` a browser goes on to that address at once."""
    nonce = secrets.token_urlsafe(16)
    known = {
        "branding": branding,
        "product": branding.product_name or settings().product_name,
        "texts": texts,
        "t": texts.html,
        "leads_to": leads_to,
        "scripts": scripts,
        "nonce": nonce,
        "faults": (),
        **_look(branding),
    }
    return Answer(
        status=status,
        headers={
            "Content-Type": f"{HTML}; charset=utf-8",
            "Content-Security-Policy": _policy(nonce, branding, scripts),
            "Referrer-Policy": "same-origin",
            "X-Robots-Tag": "noindex",
            **(headers or {}),
        },
        body=_html(template, {**known, **values}),
    )


def _html(template: str, values: Mapping[str, object]) -> str:
    templates = _templates()
    parts: object = templates.get_template("parts.html").make_module({**values})
    return templates.get_template(f"{template}.html").render({**values, "ui": parts})


@cache
def _templates() -> "Environment":
    return templating.environment(_FOLDER / "templates")


def wants_page(call: Call) -> bool:
    """Whether the answer goes to a browser."""
    return preferred(call.headers.get("Accept"), [JSON, HTML]) == HTML


def _look(branding: Branding) -> Mapping[str, object]:
    """What the style needs to know of the branding's colours. In the dark they stay, unless they are the plain ones."""
    return {
        "has_dark": branding.background_color.lower() == PLAIN.background_color,
        "ink": foreground_on(branding.background_color),
        "on_color": foreground_on(branding.color),
        "edge": "currentColor" if branding.color.lower() == branding.background_color.lower() else "transparent",
    }


def _policy(nonce: str, branding: Branding, scripts: Sequence[Script]) -> str:
    logo = f"https://{urlsplit(branding.logo_url).netloc}" if branding.logo_url else "'none'"
    directives = {"default-src": "'none'", "style-src": f"'nonce-{nonce}'"}
    if scripts:
        directives |= {"script-src": f"'nonce-{nonce}'", "connect-src": "'self'"}
    for script in scripts:
        for name, addresses in script.sources.items():
            directives[name] = f"{directives.get(name, '')} {addresses}".strip()
    directives |= {"img-src": logo, "form-action": "'self'", "base-uri": "'none'", "frame-ancestors": "'none'"}
    return "; ".join(f"{name} {allowed}" for name, allowed in directives.items())
