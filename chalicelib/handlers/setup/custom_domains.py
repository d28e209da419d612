"""An account's own domain."""

from chalice.app import Blueprint

from chalicelib.api.bodies.setup.custom_domains import DomainShape, SetDomain
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.setup import custom_domains

routes = Routes(Blueprint(__name__), tag="accounts")


@routes.get(
    "/v1/accounts/{account_id}/domain",
    returns=DomainShape,
    scope="read",
    summary="Read an account's domain",
    refusals=(409,),
)
def get_domain(call: Call, account_id: str) -> DomainShape:
    """The domain, whether it is verified, and where its CNAME has to point."""
    return DomainShape.of(custom_domains.get_domain(partner_id=call.partner_id, account_id=account_id))


@routes.put(
    "/v1/accounts/{account_id}/domain",
    body=SetDomain,
    returns=DomainShape,
    scope="write",
    summary="Set an account's domain",
    refusals=(409,),
)
def set_domain(call: Call, account_id: str, body: SetDomain) -> DomainShape:
    """Set the client's domain. It counts once it is verified; until then others may set it, too."""
    changed = custom_domains.set_domain(
        partner_id=call.partner_id, account_id=account_id, domain=body.domain, now=call.now, actor=call.actor
    )
    return DomainShape.of(changed)


@routes.post(
    "/v1/accounts/{account_id}/domain/verify",
    returns=DomainShape,
    scope="write",
    summary="Verify an account's domain",
    refusals=(409, 503),
)
def verify_domain(call: Call, account_id: str) -> DomainShape:
    """Look up its CNAME: `verified` if it points to `target`, else `failed`, to be tried again."""
    looked_at = custom_domains.verify_domain(
        partner_id=call.partner_id, account_id=account_id, now=call.now, actor=call.actor
    )
    return DomainShape.of(looked_at)


@routes.delete(
    "/v1/accounts/{account_id}/domain",
    returns=None,
    scope="write",
    summary="Remove an account's domain",
    refusals=(409,),
)
def remove_domain(call: Call, account_id: str) -> None:
    """The login is at the account's name again, and the domain is free for others."""
    custom_domains.remove_domain(partner_id=call.partner_id, account_id=account_id, now=call.now, actor=call.actor)
