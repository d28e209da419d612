"""Mails to an account's owner about its move: a link to answer by, one for a new password, where to add a card."""

from chalicelib.documents import letters
from chalicelib.documents.mails.layout import Letter
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.partners.partners import Partner

OWNER_LINK = "owner_link"
NEW_PASSWORD = "new_password"  # noqa: S105 - the name of a mail
CARD_LINK = "card_link"


def write(kind: str, *, account: Account, partner: Partner, link: str, product_name: str) -> Letter:
    """The mail in the account's language. ``partner`` is the one that asks, or that the account belongs to now."""
    facts = {"account": account.name, "partner": partner.name, "address": account.client.email}
    return letters.write(kind, language=account.language, facts=facts, link=link, product_name=product_name)
