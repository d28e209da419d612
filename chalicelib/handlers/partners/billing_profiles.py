"""Billing profiles: cards on file."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.base import ListQuery, Page
from chalicelib.api.bodies.partners.partners import CreateProfile, ProfileShape, UpdateProfile
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.domain.partners.billing_profiles import Address
from chalicelib.services.billing import payment_retries
from chalicelib.services.partners import billing_profiles

routes = Routes(Blueprint(__name__), tag="billing profiles")


class ListProfiles(ListQuery):
    """The partner's cards."""


@routes.post(
    "/v1/billing-profiles",
    body=CreateProfile,
    returns=ProfileShape,
    status=201,
    scope="billing",
    summary="Put a card on file",
)
def create_billing_profile(call: Call, body: CreateProfile) -> ProfileShape:
    """Put a card on file, by the processor's name for it. It is not charged."""
    profile = payment_retries.create_billing_profile(
        profile_id=call.derived_id("bp"),
        partner_id=call.partner_id,
        name=body.name,
        payment_method=body.payment_method,
        address=Address(**body.address.model_dump()) if body.address else None,
        tax_id=body.tax_id,
        default=body.default,
        now=call.now,
        actor=call.actor,
    )
    return ProfileShape.of(profile)


@routes.get(
    "/v1/billing-profiles",
    query=ListProfiles,
    returns=Page[ProfileShape],
    scope="read",
    summary="List billing profiles",
)
def list_billing_profiles(call: Call, query: ListProfiles) -> Page[ProfileShape]:
    """The partner's cards on file."""
    start = cursors.start_of(call, query)
    found, last = billing_profiles.list_profiles(partner_id=call.partner_id, limit=query.limit, start=start)
    return Page(data=[ProfileShape.of(p) for p in found], next_cursor=cursors.next_of(call, query, last))


@routes.get("/v1/billing-profiles/{profile_id}", returns=ProfileShape, scope="read", summary="Read a billing profile")
def get_billing_profile(call: Call, profile_id: str) -> ProfileShape:
    """One card on file."""
    return ProfileShape.of(billing_profiles.get_profile(partner_id=call.partner_id, profile_id=profile_id))


@routes.patch(
    "/v1/billing-profiles/{profile_id}",
    body=UpdateProfile,
    returns=ProfileShape,
    scope="billing",
    summary="Change a billing profile",
    refusals=(409,),
)
def update_billing_profile(call: Call, profile_id: str, body: UpdateProfile) -> ProfileShape:
    """Change a profile's name, address, tax id or card; what is left out stays."""
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    if body.address is not None:
        changes["address"] = Address(**body.address.model_dump())
    changed = payment_retries.update_billing_profile(
        partner_id=call.partner_id, profile_id=profile_id, changes=changes, now=call.now, actor=call.actor
    )
    return ProfileShape.of(changed)


@routes.delete(
    "/v1/billing-profiles/{profile_id}",
    returns=None,
    scope="billing",
    summary="Take a card off file",
    refusals=(409,),
)
def delete_billing_profile(call: Call, profile_id: str) -> None:
    """Take a card off file; refused while it pays for accounts, which the refusal names."""
    billing_profiles.delete_profile(partner_id=call.partner_id, profile_id=profile_id, now=call.now, actor=call.actor)
