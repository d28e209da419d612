"""Templates into HTML. What every template knows is put together here; docs/portal.md lists it."""

import secrets
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from chalicelib import templating
from chalicelib.config import settings
from chalicelib.portal import assets, explanations, menu, site
from chalicelib.portal.declared import View
from chalicelib.portal.formats import Formats
from chalicelib.portal.visits import Visit

TEMPLATES = Path(__file__).parent / "templates"
_FAULTS = Markup("<!-- faults -->")
"""Stands in a page where its faults are listed, until all fields have said what they are called."""


def render(view: View, visit: Visit, *, nonce: str) -> str:
    """The page, or the block that htmx asked for."""
    values = {**_known(visit, nonce), **view.values}
    template = environment().get_template(view.template)
    ui: Any = environment().get_template("parts.html").make_module(values)
    values["ui"] = ui
    block = template.blocks.get(visit.element or "")
    html = template.render(values) if block is None else "".join(block(template.new_context(values)))
    return html.replace(_FAULTS, str(ui.fault_list())) if values["faults"] else html


@cache
def environment() -> Environment:
    """The process's templates, compiled as they are asked for."""
    return templating.environment(TEMPLATES)


def _known(visit: Visit, nonce: str) -> dict[str, Any]:
    texts = visit.texts
    formats = Formats(texts, visit)
    done = f"{visit.module}.done.{visit.asked('done')}"
    return {
        "visit": visit,
        "me": visit.session,
        "t": texts.plain,
        "rich": texts.rich,
        "said": visit.said,
        "explained": lambda line: explanations.steps_of(line, texts=texts, formats=formats),
        "url": visit.url,
        "asset": lambda name: visit.url(assets.path_of(name)),
        "fmt": formats,
        "may": lambda scope: scope in visit.scopes,
        "leads": site.leads,
        "menu": menu.menu_of(visit) if visit.session else [],
        "csrf": visit.session.csrf if visit.session else "",
        "once": secrets.token_urlsafe(12),
        "faults": visit.faults,
        "faults_here": _FAULTS,
        "labels": {},
        "refusal": visit.refusal,
        "toast": texts.plain(done) if texts.has(done) else "",
        "product": settings().product_name,
        "nonce": nonce,
    }
