"""Attribution tokens: signed, handed to a visitor's page, and brought back with the sign-up (docs/rules.md §10).

What is signed is the partner. After the sign-up the account belongs to it, and nothing in a browser matters any more.
"""

from datetime import datetime

from chalicelib.domain.referrals.attribution import attributed_until
from chalicelib.domain.values import dataclass
from chalicelib.services.clients import tokens
from chalicelib.services.partners import partners
from chalicelib.services.referrals import invite_links
from chalicelib.services.referrals.invite_links import Invitation

_PURPOSE = "attribution"


@dataclass(frozen=True)
class Attribution:
    """A token, and the partner to whom it credits a sign-up before ``expires_at``."""

    token: str
    invitation: Invitation
    expires_at: datetime


def attribute_to(invitation: Invitation, *, now: datetime) -> Attribution:
    """An attribution to this partner, for the attribution window of its program from now on."""
    ends_at = attributed_until(invitation.program, now=now)
    token = tokens.sign_token(_PURPOSE, {"sub": invitation.partner.id}, now=now, ends_at=ends_at)
    return Attribution(token=token, invitation=invitation, expires_at=ends_at)


def read_attribution(token: str, *, now: datetime) -> Attribution | None:
    """What a token says; None if it has expired, is not ours, or its partner's program has no referred accounts."""
    claims = tokens.claims_of(_PURPOSE, token, now=now)
    invitation = invite_links.invitation_of(partner_id=str(claims["sub"]), now=now) if claims else None
    if claims is None or invitation is None:
        return None
    return Attribution(token=token, invitation=invitation, expires_at=tokens.ends_at(claims))


def expired_for(token: str | None) -> str | None:
    """The program of the partner that a token of ours names, even if it has expired; None if it is not ours."""
    claims = tokens.signed_claims(_PURPOSE, token) if token else None
    return partners.program_of(partner_id=str(claims["sub"])).name if claims else None
