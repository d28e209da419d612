"""The frame of every page: the account's logo and colours, and the policy that keeps everything else out.

A page fetches nothing from elsewhere but the account's logo and, where a card is entered, the card processor's script.
Its forms go to this API only (docs/decisions/client-access.md).
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import field
from html import escape
from urllib.parse import urlsplit

from chalicelib.api.answers import HTML, JSON, Answer
from chalicelib.api.call import Call
from chalicelib.api.negotiation import preferred
from chalicelib.api.problems import status_of
from chalicelib.config import settings
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.setup.branding import PLAIN, Branding, foreground_on
from chalicelib.domain.values import dataclass

_STYLE = """
  :root {{ color-scheme: {schemes}; --back: {background}; --ink: {ink}; --field: #fff; --text: #111; --line: #767676;
    --edge: {edge}; --wrong: #b42318; }}
  {dark}
  * {{ box-sizing: border-box; }}
  [hidden] {{ display: none !important; }}
  body {{ margin: 0; min-height: 100vh; min-height: 100svh; display: grid; place-items: center;
    font: 16px/1.5 Inter, system-ui, sans-serif; background: var(--back); color: var(--ink); }}
  main {{ width: min(26rem, 100vw); padding: 2rem 1.5rem; }}
  header {{ margin-bottom: 1.5rem; font-weight: 600; overflow-wrap: anywhere; }}
  img {{ display: block; max-width: 100%; max-height: 4rem; }}
  h1 {{ font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; overflow-wrap: anywhere; }}
  h2 {{ font-size: 1.1rem; margin: 2.5rem 0 .5rem; }}
  p, dd {{ overflow-wrap: anywhere; }}
  p {{ margin: .75rem 0; }}
  a {{ color: inherit; text-underline-offset: .2em; }}
  nav {{ display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; margin-top: 1.25rem; }}
  nav a {{ display: inline-block; padding: .35rem 0; }}
  label {{ display: block; margin: 1rem 0; font-weight: 600; }}
  label small {{ display: block; font-weight: 400; font-size: .875rem; }}
  input, select {{ display: block; width: 100%; padding: .65rem .75rem; margin-top: .3rem; font: inherit;
    font-weight: 400; border: 1px solid var(--line); border-radius: 6px; background: var(--field);
    color: var(--text); }}
  [aria-invalid] {{ border-color: var(--wrong); box-shadow: 0 0 0 1px var(--wrong); }}
  label:has(.tick) {{ display: flex; gap: .6rem; align-items: start; }}
  input.tick {{ width: auto; flex: none; margin: .3rem 0 0; }}
  input[type=hidden], input[hidden] {{ display: none; }}
  button, .button {{ display: block; width: 100%; min-height: 2.9rem; padding: .7rem; font: inherit; font-weight: 600;
    text-align: center; text-decoration: none; border: 1px solid var(--edge); border-radius: 6px; cursor: pointer;
    background: {color}; color: {on_color}; }}
  form + form {{ margin-top: 2.5rem; }}
  .quiet {{ background: transparent; color: var(--ink); border-color: currentColor; }}
  button:disabled {{ opacity: .6; }}
  :focus-visible, .card-field:focus-within {{ outline: 3px solid var(--ink); outline-offset: 2px; }}
  .card-field {{ margin: .3rem 0 0; padding: .75rem; border: 1px solid var(--line); border-radius: 6px;
    background: #fff; color: #111; }}
  main:has(.offers) {{ width: min(62rem, 100vw); }}
  .offers {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(17rem, 100%), 1fr)); gap: 1rem;
    align-items: start; margin: 1.25rem 0; }}
  .offer {{ padding: 1rem; border: 1px solid var(--line); border-radius: 10px; }}
  .offer h2, .offer h3 {{ margin: 0; font-size: 1.1rem; }}
  .offer p {{ margin: .25rem 0 .75rem; }}
  .offer p:last-child {{ margin-bottom: 0; }}
  details {{ margin: .25rem 0 1rem; }}
  summary {{ cursor: pointer; }}
  table {{ width: 100%; margin-top: .5rem; border-collapse: collapse; }}
  th, td {{ padding: .35rem .5rem .35rem 0; text-align: right; border-top: 1px solid var(--line); }}
  th:first-child, td:first-child {{ text-align: left; }}
  .fault p, .done p {{ margin: .25rem 0; }}
  .fault, .done {{ margin: .75rem 0; padding: .75rem 1rem; border-radius: 6px; border-left: 4px solid; }}
  .fault {{ background: #fdecea; color: #7a1410; }}
  .done {{ background: #e6f4ea; color: #14532d; }}
  .lines {{ white-space: pre-line; }}
  dl {{ display: grid; grid-template-columns: auto 1fr; gap: .4rem 1.25rem; margin: 1.25rem 0; }}
  dt {{ opacity: .8; }}
  dd {{ margin: 0; font-weight: 600; }}
  .invoices {{ list-style: none; margin: 0; padding: 0; }}
  .invoices li {{ display: grid; grid-template-columns: auto 1fr auto; gap: 0 1rem; padding: .5rem 0;
    border-bottom: 1px solid var(--line); }}
  .invoices span:last-child {{ grid-column: 2 / 4; font-size: .875rem; }}
"""
_DARK = (
    "@media (prefers-color-scheme: dark) { :root { --back: #14181f; --ink: #f3f4f6; --field: #1f2630; --text: #f3f4f6; "
    "--line: #8b95a5; --edge: #8b95a5; --wrong: #f39a8e; } }"
)
"""Only where the partner chose no background of its own."""


@dataclass(frozen=True)
class Script:
    """A script of a page: its own ``code``, or the address of a file.

    ``data`` is for the script to read. ``sources`` are the addresses that the policy has to allow for it, by directive.
    """

    code: str = ""
    src: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)

    def html(self, nonce: str) -> str:
        where = f' src="{escape(self.src)}"' if self.src else ""
        data = "".join(f' data-{name}="{escape(value)}"' for name, value in self.data.items())
        return f'<script nonce="{nonce}"{where}{data}>{self.code}</script>'


def page(
    *,
    title: str,
    content: str,
    branding: Branding,
    scripts: Sequence[Script] = (),
    status: int = 200,
    language: str = "en",
    leads_to: str = "",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """A page. ``content`` is HTML, ``title`` a text; both appear below the product's name or logo.

    With ``leads_to`` a browser goes on to that address at once.
    """
    nonce = secrets.token_urlsafe(16)
    name = escape(branding.product_name or settings().product_name)
    logo = f'<img src="{escape(branding.logo_url)}" alt="{name}">' if branding.logo_url else f"<bdi>{name}</bdi>"
    onward = f'<meta http-equiv="refresh" content="0; url={escape(leads_to)}">' if leads_to else ""
    run = "".join(script.html(nonce) for script in scripts)
    return Answer(
        status=status,
        headers={
            "Content-Type": f"{HTML}; charset=utf-8",
            "Content-Security-Policy": _policy(nonce, branding, scripts),
            "Referrer-Policy": "same-origin",
            "X-Robots-Tag": "noindex",
            **(headers or {}),
        },
        body=(
            f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">{onward}'
            f'<title>{escape(title)}</title><style nonce="{nonce}">{_style(branding)}</style></head>'
            f"<body><main><header>{logo}</header><h1>{escape(title)}</h1>{content}</main>{run}</body></html>"
        ),
    )


def refused(call: Call, refusal: Refusal, *, branding: Branding) -> Answer:
    """A refusal as a page for browsers, which prefer HTML; for other clients it is raised as usual."""
    if not wants_page(call):
        raise refusal
    return page(
        title=refusal.title, content=f"<p>{escape(refusal.detail)}</p>", branding=branding, status=status_of(refusal)
    )


def wants_page(call: Call) -> bool:
    """Whether the answer goes to a browser."""
    return preferred(call.headers.get("Accept"), [JSON, HTML]) == HTML


def _style(branding: Branding) -> str:
    has_dark = branding.background_color.lower() == PLAIN.background_color
    ink = foreground_on(branding.background_color)
    return _STYLE.format(
        schemes="light dark" if has_dark else "light",
        dark=_DARK if has_dark else "",
        background=branding.background_color,
        ink=ink,
        color=branding.color,
        on_color=foreground_on(branding.color),
        edge="currentColor" if branding.color.lower() == branding.background_color.lower() else "transparent",
    )


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
