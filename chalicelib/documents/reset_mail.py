"""The mail with a link to replace a forgotten password, in the language of the account."""

from html import escape

from chalicelib.documents.mails import language_of
from chalicelib.documents.mails.layout import Letter, button, lay_out, paragraph
from chalicelib.domain.setup.branding import Branding
from chalicelib.domain.texts import isolated


def write(*, account_name: str, product_name: str, link: str, language: str, branding: Branding) -> Letter:
    """The mail as text and as HTML, in the ``language`` (BCP 47) or in English. Only ``link`` is secret."""
    spoken = language_of(language)
    names = {"account": account_name, "product": isolated(product_name)}
    words = {part: text.format(**names) for part, text in spoken.words["password_reset"].items()}
    return Letter(
        subject=words["subject"],
        text="\n\n".join((words["why"], f"{words['here']}\n{link}", words["how"])) + "\n",
        html=lay_out(
            language=spoken.code,
            heading=words["subject"],
            content=paragraph(escape(words["why"])) + button(words["button"], link=link, branding=branding),
            closing=escape(words["how"]),
            branding=branding,
            product_name=product_name,
        ),
    )
