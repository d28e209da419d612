"""The branding of the page that a link leads to (docs/rules.md §8)."""

from chalicelib.domain.setup.branding import PLAIN, Branding
from chalicelib.models.setup import branding as branding_rows
from chalicelib.services.clients import tokens


def branding_of(purpose: str, token: str) -> Branding:
    """The branding of the account that a link was created for, even if the link is used or expired.

    A token without a valid signature gets the plain branding, so nobody can find out which accounts exist.
    """
    claims = tokens.signed_claims(purpose, token)
    return branding_rows.get(str(claims["sub"])) if claims and "sub" in claims else PLAIN
