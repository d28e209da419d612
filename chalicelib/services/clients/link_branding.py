"""The branding of the page that a link leads to (docs/rules.md §8)."""

from chalicelib.domain.setup.branding import PLAIN, Branding
from chalicelib.models.setup import branding as branding_rows
from chalicelib.services.clients import tokens


def branding_of(purpose: str, token: str) -> Branding:
    """The branding of the account that a link was made for, also when the link is over.

    The token's signature says whose it is. One that was not made here has the plain branding, so nobody learns
    by it what accounts there are.
    """
    claims = tokens.signed_claims(purpose, token)
    return branding_rows.get(str(claims["sub"])) if claims and "sub" in claims else PLAIN
