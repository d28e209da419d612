"""The mail with a link to replace a forgotten password."""

from html import escape

from chalicelib.documents.mails.layout import Letter, button, lay_out, paragraph
from chalicelib.domain.setup.branding import Branding
from chalicelib.domain.texts import isolated


def write(*, account_name: str, product_name: str, link: str, branding: Branding) -> Letter:
    """The mail as text and as HTML. Only ``link`` is secret."""
    product = isolated(product_name)
    subject = f"A new password for {product}"
    why = f"We received a request for a new password for the account {account_name} at {product}."
    how = "The link works once, within one hour."
    not_you = "If it wasn't you, you don't need to do anything: your password stays as it is."
    return Letter(
        subject=subject,
        text=f"{why}\n\nSet it here:\n{link}\n\n{how} {not_you}\n",
        html=lay_out(
            language="en",
            heading=subject,
            content=paragraph(escape(why)) + button("Set a new password", link=link, branding=branding),
            closing=f"{escape(how)} {escape(not_you)}",
            branding=branding,
            product_name=product_name,
        ),
    )
