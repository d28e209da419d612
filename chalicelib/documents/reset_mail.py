"""The mail with a link to set a forgotten password anew."""

from html import escape

from chalicelib.documents.mails.dress import Letter, button, dressed, paragraph
from chalicelib.domain.setup.branding import Branding
from chalicelib.domain.texts import isolated


def write(*, account_name: str, product_name: str, link: str, branding: Branding) -> Letter:
    """The mail, in plain words and dressed. ``link`` is the only thing in it that is secret."""
    product = isolated(product_name)
    subject = f"A new password for {product}"
    why = f"Somebody asked for a new password for the account {account_name} at {product}."
    how = "The link works once, within one hour."
    not_you = "If it wasn't you, do nothing: your password stays as it is."
    return Letter(
        subject=subject,
        text=f"{why}\n\nSet it here:\n{link}\n\n{how} {not_you}\n",
        html=dressed(
            language="en",
            heading=subject,
            content=paragraph(escape(why)) + button("Set a new password", link=link, branding=branding),
            closing=f"{escape(how)} {escape(not_you)}",
            branding=branding,
            product_name=product_name,
        ),
    )
