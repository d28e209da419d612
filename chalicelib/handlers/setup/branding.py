"""An account's branding."""

from chalice.app import Blueprint

from chalicelib.api.bodies.setup.branding import BrandingShape, SetBranding
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.setup import branding

routes = Routes(Blueprint(__name__), tag="accounts")


@routes.get(
    "/v1/accounts/{account_id}/branding",
    returns=BrandingShape,
    scope="read",
    summary="Read an account's branding",
    refusals=(409,),
)
def get_branding(call: Call, account_id: str) -> BrandingShape:
    """How pages and mails for the account's client look."""
    return BrandingShape.of(branding.get_branding(partner_id=call.partner_id, account_id=account_id))


@routes.put(
    "/v1/accounts/{account_id}/branding",
    body=SetBranding,
    returns=BrandingShape,
    scope="write",
    summary="Set an account's branding",
    refusals=(409,),
)
def set_branding(call: Call, account_id: str, body: SetBranding) -> BrandingShape:
    """Set the whole branding, for trials too; `{}` removes it. The client's browser fetches the logo; we never do."""
    changed = branding.set_branding(
        partner_id=call.partner_id, account_id=account_id, branding=body.wanted(), now=call.now, actor=call.actor
    )
    return BrandingShape.of(changed)
