"""The layout of every mail: the product's name or logo, a heading, the text, and why it was sent."""

import html
from functools import cache
from pathlib import Path
from string import Template

from chalicelib.domain.setup.branding import Branding, foreground_on
from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail's subject and its two parts."""

    subject: str
    text: str
    html: str


def lay_out(*, language: str, heading: str, content: str, closing: str, branding: Branding, product_name: str) -> str:
    """The HTML part of a mail; ``content`` and ``closing`` are HTML, the others plain text."""
    return _layout().substitute(
        language=language,
        title=html.escape(heading),
        color=branding.color,
        head=_head(branding, product_name),
        heading=html.escape(heading),
        content=content,
        closing=closing,
    )


def paragraph(content: str) -> str:
    """A paragraph of HTML."""
    return f'<p style="margin:0 0 16px">{content}</p>'


def button(words: str, *, link: str, branding: Branding) -> str:
    """A link that looks like a button."""
    colors = f"background:{branding.color};color:{foreground_on(branding.color)}"
    style = f"{colors};display:inline-block;padding:12px 20px;border-radius:6px;text-decoration:none;font-weight:bold"
    return f'<p style="margin:0 0 24px"><a href="{html.escape(link)}" style="{style}">{html.escape(words)}</a></p>'


def escape_isolated(value: str) -> str:
    """Escape a text for HTML, in an element that isolates its direction from the text around it."""
    return f"<bdi>{html.escape(value)}</bdi>"


def _head(branding: Branding, name: str) -> str:
    if branding.logo_url is None:
        return escape_isolated(name)
    address = html.escape(branding.logo_url, quote=True)
    return f'<img src="{address}" alt="{html.escape(name, quote=True)}" height="40" style="height:40px;border:0">'


@cache
def _layout() -> Template:
    return Template((Path(__file__).parent / "layout.html").read_text(encoding="utf-8"))
