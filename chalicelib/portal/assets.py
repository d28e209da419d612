"""Files for browsers: stylesheet, scripts, icon. Their names hold a hash of their content, so they never change."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from chalice.app import Response

from chalicelib.api.pages import layout

FOLDER = Path(__file__).parent / "static"
CARD_SCRIPT = "card.js"
"""The script of a card's field, the same as on the pages for clients."""
_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FOR_GOOD = "public, max-age=31536000, immutable"


@cache
def path_of(name: str) -> str:
    """The path of a file behind `portal/`: `assets/portal.3f1c….css` for `portal.css`."""
    stem, _, kind = name.rpartition(".")
    return f"assets/{stem}.{hashlib.sha256(_content(name).encode()).hexdigest()[:12]}.{kind}"


def answer(path: str) -> Response | None:
    """The file at a path behind `portal/`; None if there is none."""
    name = _names().get(path)
    if name is None:
        return None
    headers: dict[str, str | list[str]] = {
        "Content-Type": f"{_TYPES[name.rpartition('.')[2]]}; charset=utf-8",
        "Cache-Control": _FOR_GOOD,
        "X-Content-Type-Options": "nosniff",
    }
    return Response(body=_content(name), headers=headers)


@cache
def _content(name: str) -> str:
    if name == "htmx.js":
        return (files("js_lib_htmx") / "static" / "htmx" / "htmx.min.js").read_text(encoding="utf-8")
    if name == CARD_SCRIPT:
        return layout.script(CARD_SCRIPT)
    return (FOLDER / name).read_text(encoding="utf-8")


@cache
def _names() -> Mapping[str, str]:
    return {path_of(name): name for name in ["htmx.js", CARD_SCRIPT, *(file.name for file in FOLDER.iterdir())]}
