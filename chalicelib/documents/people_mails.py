"""Mails to people who sign in to the portal: an invitation, and a link to replace a forgotten password."""

from chalicelib.documents import letters
from chalicelib.documents.mails.layout import Letter

INVITATION = "invitation"
PERSONS_PASSWORD = "persons_password"  # noqa: S105 - the name of a mail


def write_invitation(*, email: str, team: str, language: str, link: str, product_name: str) -> Letter:
    """The mail that invites somebody to a ``team``: a partner's name, or the vendor's."""
    facts = {"team": team, "address": email}
    return letters.write(INVITATION, language=language, facts=facts, link=link, product_name=product_name)


def write_password_link(*, email: str, language: str, link: str, product_name: str) -> Letter:
    """The mail with a link to set another password."""
    return letters.write(
        PERSONS_PASSWORD, language=language, facts={"address": email}, link=link, product_name=product_name
    )
