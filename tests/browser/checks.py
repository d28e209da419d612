"""What must be true of every page, and the pictures of them."""

import json
import os
from collections import Counter
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from PIL import Image
from playwright.sync_api import Page

from chalicelib.portal import site

PICTURES = Path(__file__).parents[2] / "docs" / "portal"
MOST_BYTES = 100_000
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
RUN = "axe.run({resultTypes: ['violations']}).then(results => JSON.stringify(results.violations))"
CUT_OFF = """
[...document.querySelectorAll(".frame:not(.scroll)")].filter(frame => frame.scrollWidth > frame.clientWidth + 1)
.concat([...document.querySelectorAll("td")].filter(cell =>
  cell.offsetWidth > 0 && cell.offsetWidth < 40 && cell.innerText.trim().length > 3 && !cell.matches(".num, .acts")))
.map(element => element.innerText)
"""
"""Tables that are wider than their frame, and cells in which words are broken by the letter."""
checked: Counter[str] = Counter()
"""How often axe has found nothing on each page, by its path."""
COLOURS = 64
"""Of a picture that is kept: a page has no more that can be told apart, and its file is a third as large."""


def check(page: Page, picture: str = "") -> None:
    """No violation found by axe, nothing wider than the window, under 100 KB; ``picture`` is kept if asked for."""
    assert_accessible(page)
    assert_fits(page)
    assert len(page.content()) < MOST_BYTES
    if picture:
        keep_picture(page, picture)


def check_shapes(page: Page, picture: str = "") -> None:
    """The same in a wide window, by light and in the dark, and in one as narrow as a phone. The page is loaded once."""
    check(page, picture and f"{picture}-wide")
    page.emulate_media(color_scheme="dark")
    check(page, picture and f"{picture}-dark")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE)
    check(page, picture and f"{picture}-phone")
    page.set_viewport_size(WIDE)


def assert_accessible(page: Page) -> None:
    """axe finds nothing, in the state that the page is in. It is a script, and never ends on a page without any."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    violations = json.loads(page.evaluate(RUN))
    found = [(each["id"], each["nodes"][0]["html"], each["nodes"][0]["failureSummary"]) for each in violations]
    assert found == []
    checked[_page_of(page.url)] += 1


def assert_fits(page: Page) -> None:
    """The page itself doesn't scroll sideways, no table is cut off, and no cell is too narrow for a word."""
    width, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= window, f"{page.url} is {width} px wide in a window of {window} px"
    assert page.evaluate(CUT_OFF) == []


def keep_picture(page: Page, name: str) -> None:
    """Into docs/portal, if `make portal-pictures` asks for pictures: `name` is that of its page and state."""
    if not os.environ.get("PICTURES"):
        return
    taken = Image.open(BytesIO(page.screenshot(full_page=True, animations="disabled"))).convert("RGB")
    kept = taken.quantize(COLOURS, dither=Image.Dither.NONE)
    kept.save(PICTURES / f"{name}.png", optimize=True)


def _page_of(url: str) -> str:
    """The page's path as the portal declares it; of a client's page, its last part."""
    path = urlsplit(url).path
    place = path.partition("/portal/")[2]
    found = (site.find(method, place) for method in ("GET", "POST"))
    declared = next((each.page.path for each in found if each and each.page), "")
    return declared or f"public/…/{path.rpartition('/')[2]}"
