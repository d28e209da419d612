"""Mails with a link that is the reader's alone: the words under ``letters``, and the facts that they name."""

import re
from collections.abc import Mapping
from html import escape

from chalicelib.documents.mails import language_of
from chalicelib.documents.mails.layout import Letter, button, escape_isolated, lay_out, paragraph
from chalicelib.domain.setup.branding import PLAIN
from chalicelib.domain.texts import isolated

_PLACE = re.compile(r"\{(\w+)\}")


def write(kind: str, *, language: str, facts: Mapping[str, str], link: str, product_name: str) -> Letter:
    """The mail in the ``language`` (BCP 47) or in English. Others may have written the ``facts``."""
    spoken = language_of(language)
    words: Mapping[str, str | list[str]] = spoken.words["letters"][kind]
    known = {**facts, "product": product_name}

    def plain(text: str) -> str:
        return _PLACE.sub(lambda place: isolated(known[place.group(1)]), text)

    def markup(text: str) -> str:
        return _PLACE.sub(lambda place: escape_isolated(known[place.group(1)]), escape(text))

    subject, lines = str(words["subject"]), [str(line) for line in words["lines"]]
    label, closing = str(words["button"]), str(words["closing"])
    paragraphs = [plain(subject), *map(plain, lines), f"{label}:\n{link}", f"-- \n{plain(closing)}"]
    return Letter(
        subject=plain(subject),
        text="\n\n".join(paragraphs) + "\n",
        html=lay_out(
            language=spoken.code,
            heading=plain(subject),
            content="".join(paragraph(markup(line)) for line in lines) + button(label, link=link, branding=PLAIN),
            closing=markup(closing),
            branding=PLAIN,
            product_name=product_name,
        ),
    )
