"""Mails to an account's owner about its move: a link to answer by, one for a new password, where to add a card."""

import re
from collections.abc import Mapping
from html import escape

from chalicelib.documents.mails import language_of
from chalicelib.documents.mails.layout import Letter, button, escape_isolated, lay_out, paragraph
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.setup.branding import PLAIN
from chalicelib.domain.texts import isolated

OWNER_LINK = "owner_link"
NEW_PASSWORD = "new_password"  # noqa: S105 - the name of a mail
CARD_LINK = "card_link"
_PLACE = re.compile(r"\{(\w+)\}")


def write(kind: str, *, account: Account, partner: Partner, link: str, product_name: str) -> Letter:
    """The mail in the account's language. ``partner`` is the one that asks, or that the account belongs to now."""
    language = language_of(account.language)
    words: Mapping[str, str | list[str]] = language.words["letters"][kind]
    facts = {
        "account": account.name,
        "partner": partner.name,
        "product": product_name,
        "address": account.client.email,
    }

    def plain(text: str) -> str:
        return _PLACE.sub(lambda place: isolated(facts[place.group(1)]), text)

    def markup(text: str) -> str:
        return _PLACE.sub(lambda place: escape_isolated(facts[place.group(1)]), escape(text))

    subject, lines = str(words["subject"]), [str(line) for line in words["lines"]]
    label, closing = str(words["button"]), str(words["closing"])
    paragraphs = [plain(subject), *map(plain, lines), f"{label}:\n{link}", f"-- \n{plain(closing)}"]
    return Letter(
        subject=plain(subject),
        text="\n\n".join(paragraphs) + "\n",
        html=lay_out(
            language=language.code,
            heading=plain(subject),
            content="".join(paragraph(markup(line)) for line in lines) + button(label, link=link, branding=PLAIN),
            closing=markup(closing),
            branding=PLAIN,
            product_name=product_name,
        ),
    )
