"""The mail with a link to set a forgotten password anew."""

from dataclasses import dataclass
from html import escape

from chalicelib.domain.branding import Branding, foreground_on
from chalicelib.domain.texts import isolated


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail's words."""

    subject: str
    text: str
    html: str


def write(*, account_name: str, product_name: str, link: str, branding: Branding) -> Letter:
    """The mail, in plain words and dressed. ``link`` is the only thing in it that is secret."""
    product = isolated(product_name)
    why = f"Somebody asked for a new password for the account {account_name} at {product}."
    how = "The link works once, within one hour."
    not_you = "If it wasn't you, do nothing: your password stays as it is."
    button = f"background:{branding.color};color:{foreground_on(branding.color)}"
    return Letter(
        subject=f"A new password for {product}",
        text=f"{why}\n\nSet it here:\n{link}\n\n{how} {not_you}\n",
        html=(
            '<!doctype html><html lang="en"><body style="font:16px/1.5 sans-serif">'
            f"<p>{escape(why)}</p>"
            f'<p><a href="{escape(link)}" style="{button};padding:12px 20px;border-radius:6px;text-decoration:none">'
            "Set a new password</a></p>"
            f"<p>{escape(how)} {escape(not_you)}</p></body></html>"
        ),
    )
