"""A walk through the portal as somebody does it by hand: every click and field is counted, step by step.

With `make portal-pictures` a walk is kept as a page of docs/walkthroughs, with pictures.
"""

import os
import textwrap
import time
from dataclasses import dataclass, field

from playwright.sync_api import Locator, Page

from tests.browser.checks import PICTURES, check, keep_picture

WALKS = PICTURES.parent / "walkthroughs"


@dataclass
class Step:
    """What is done in one go, what it takes, and the pictures of it."""

    title: str
    told: str
    clicks: int = 0
    fields: int = 0
    seconds: float = 0
    pictures: list[str] = field(default_factory=list)


@dataclass
class Walk:
    """Somebody in a browser. ``name`` is that of the walk's page, and its pictures' names begin with it."""

    page: Page
    name: str
    steps: list[Step] = field(default_factory=list)
    _began: float | None = None

    @property
    def home(self) -> str:
        """The portal's first page."""
        return f"{self._base}/portal/home"

    def __post_init__(self) -> None:
        self._base = self.page.url.partition("/portal/")[0]

    def step(self, title: str, told: str) -> None:
        """Begin the next step."""
        self.pause()
        self.steps.append(Step(title, " ".join(told.split())))
        self.resume()

    def pause(self) -> None:
        """What follows is not part of the walk: its time is not counted."""
        if self._began is not None:
            self.steps[-1].seconds += time.monotonic() - self._began
        self._began = None

    def resume(self) -> None:
        """What follows is part of the walk again."""
        self._began = time.monotonic()

    def click(self, *names: str) -> None:
        """Click buttons by their names, one after the other."""
        for name in names:
            self.count(self.page.get_by_role("button", name=name).first)

    def follow(self, *names: str) -> None:
        """Follow links by their names, one after the other."""
        for name in names:
            self.count(self.page.get_by_role("link", name=name).first)

    def count(self, element: Locator) -> None:
        """Click an element, and wait for the page that it leads to."""
        element.click()
        self.steps[-1].clicks += 1
        self.page.wait_for_load_state("load")

    def fill(self, **fields: str) -> None:
        """Fill in fields by their labels; a blank in a label is an underscore."""
        for label, text in fields.items():
            self.page.get_by_label(label.replace("_", " "), exact=True).fill(text)
            self.steps[-1].fields += 1

    def choose(self, **fields: str) -> None:
        """Choose in selects by their labels."""
        for label, text in fields.items():
            self.page.get_by_label(label.replace("_", " "), exact=True).select_option(text)
            self.steps[-1].fields += 1

    def read_mail(self, mails: str, subject: str, *, picture: str = "") -> None:
        """Open the newest mail with a subject, once it is there, and click its button."""
        self.pause()
        self.page.goto(mails)
        mail = self.page.get_by_role("link", name=subject).first
        mail.wait_for(timeout=60_000)
        mail.click()
        self.see(picture, of_portal=False)
        self.resume()
        self.count(self.page.frame_locator("iframe").get_by_role("link").first)
        self.page.wait_for_url("**/portal/**")

    def see(self, picture: str = "", *, of_portal: bool = True) -> None:
        """Check the page as it is, if it is the portal's, and keep a picture of it. Its time is not counted."""
        counts = self._began is not None
        self.pause()
        if of_portal:
            check(self.page)
        if picture:
            keep_picture(self.page, f"{self.name}-{picture}")
            self.steps[-1].pictures.append(f"{self.name}-{picture}")
        if counts:
            self.resume()

    @property
    def clicks(self) -> dict[str, int]:
        """The clicks of each step."""
        return {step.title: step.clicks for step in self.steps}

    def totals(self) -> tuple[int, int, float]:
        """Clicks, fields and seconds of the walk so far."""
        steps = self.steps
        return (
            sum(each.clicks for each in steps),
            sum(each.fields for each in steps),
            sum(each.seconds for each in steps),
        )

    def keep(self, title: str, told: str) -> None:
        """Write the walk as a page, if pictures are kept."""
        self.pause()
        if os.environ.get("PICTURES"):
            (WALKS / f"{self.name}.md").write_text(self._written(title, told), encoding="utf-8")

    def _written(self, title: str, told: str) -> str:
        clicks, fields, seconds = self.totals()
        rows = [f"| {each.title} | {each.clicks} | {each.fields} | {each.seconds:.0f} |" for each in self.steps]
        lines = [
            f"# {title}",
            "",
            _filled(told),
            "",
            "| step | clicks | fields | seconds |",
            "| --- | --: | --: | --: |",
        ]
        lines += [*rows, f"| together | {clicks} | {fields} | {seconds:.0f} |", ""]
        for number, step in enumerate(self.steps, start=1):
            lines += [f"## {number}. {step.title}", "", _filled(step.told), ""]
            lines += [line for picture in step.pictures for line in (f"![{step.title}](../portal/{picture}.png)", "")]
        return "\n".join(lines).rstrip() + "\n"


def _filled(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), 118, break_long_words=False, break_on_hyphens=False)
