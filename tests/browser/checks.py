"""What must be true of every page, and the pictures of them."""

import os
from io import BytesIO
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page

PICTURES = Path(__file__).parents[2] / "docs" / "portal"
MOST_BYTES = 100_000
COLOURS = 64
"""Of a picture that is kept: a page has no more that can be told apart, and its file is a third as large."""


def check(page: Page, picture: str = "") -> None:
    """No violation found by axe, nothing wider than the window, under 100 KB; ``picture`` is kept if asked for."""
    assert_accessible(page)
    assert_fits(page)
    assert len(page.content()) < MOST_BYTES
    if picture:
        keep_picture(page, picture)


def assert_accessible(page: Page) -> None:
    """axe finds nothing, in the state that the page is in. It is a script, and never ends on a page without any."""
    violations = Axe().run(page).response["violations"]
    found = [(each["id"], each["nodes"][0]["html"], each["nodes"][0]["failureSummary"]) for each in violations]
    assert found == []


def assert_fits(page: Page) -> None:
    """The page itself doesn't scroll sideways."""
    width, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width <= window, f"{page.url} is {width} px wide in a window of {window} px"


def keep_picture(page: Page, name: str) -> None:
    """Into docs/portal, if `make portal-pictures` asks for pictures: `name` is that of its page and state."""
    if not os.environ.get("PICTURES"):
        return
    taken = Image.open(BytesIO(page.screenshot(full_page=True, animations="disabled"))).convert("RGB")
    kept = taken.quantize(COLOURS, dither=Image.Dither.NONE)
    kept.save(PICTURES / f"{name}.png", optimize=True)
