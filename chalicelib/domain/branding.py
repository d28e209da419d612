"""How an account looks to its client: on our pages, and in mails (docs/rules.md §8)."""

from dataclasses import dataclass

PRODUCT_NAME = "Your account"
PRIMARY, BACKGROUND = "#1f5fbf", "#ffffff"


@dataclass(frozen=True, slots=True)
class Branding:
    """What a partner has set for an account; what is None looks as it does without branding.

    ``logo_url`` is https; colours are ``#rrggbb``; mails of the account are answered to ``reply_to``.
    """

    logo_url: str | None = None
    primary_color: str | None = None
    background_color: str | None = None
    reply_to: str | None = None
    product_name: str | None = None


def foreground_on(color: str) -> str:
    """Black or white, whichever is easier to read on ``#rrggbb`` (by its luma)."""
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return "#000000" if 299 * red + 587 * green + 114 * blue > 150_000 else "#ffffff"
