"""Branding of what an account's client sees: a name, a logo, colours (docs/rules.md §8)."""

import re

from chalicelib.domain.values import dataclass

COLOR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Branding:
    """The branding of mails and pages. ``logo_url`` is an https address, colours are six-digit ``#rrggbb``.

    ``reply_to`` is where answers to mails go; without one they go to the sender.
    """

    product_name: str | None = None
    logo_url: str | None = None
    color: str = "#1f3a5f"
    background_color: str = "#ffffff"
    reply_to: str | None = None

    def __post_init__(self) -> None:
        if self.logo_url is not None and not self.logo_url.startswith("https://"):
            raise ValueError("a logo's URL begins with https://")
        if not (COLOR.fullmatch(self.color) and COLOR.fullmatch(self.background_color)):
            raise ValueError("a colour is written #rrggbb")


PLAIN = Branding()
"""The branding of an account that has none."""


def foreground_on(color: str) -> str:
    """Black or white, whichever is easier to read on ``#rrggbb`` (by its luma)."""
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return "#000000" if 299 * red + 587 * green + 114 * blue > 150_000 else "#ffffff"
