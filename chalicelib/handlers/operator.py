"""What the vendor's own staff may do."""

from chalice.app import Blueprint

from chalicelib.api.answers import Answer
from chalicelib.api.bodies.partners import CreatePartner, NewKey, PartnerCreated, PartnerShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services import partners

routes = Routes(Blueprint(__name__), tag="operator")


@routes.post(
    "/v1/operator/partners",
    body=CreatePartner,
    returns=PartnerCreated,
    status=201,
    scope="operator",
    summary="Take a partner into a program",
)
def create_partner(call: Call, body: CreatePartner) -> Answer:
    """A new partner, with an empty wallet and a first key, which is shown once."""
    partner, created = partners.create_partner(
        partner_id=call.derived_id("prt"),
        name=body.name,
        program=body.program,
        email=body.email,
        country=body.country,
        time_zone=body.time_zone,
        currency=body.currency,
        now=call.now,
        actor=call.actor,
    )
    key = NewKey(id=created.id, key=None, scopes=list(created.scopes))
    return Answer(
        body=PartnerCreated(**PartnerShape.of(partner).model_dump(), api_key=key),
        secrets={"api_key.key": created.key} if created.key else {},
    )


@routes.get("/v1/operator/partners/{partner_id}", returns=PartnerShape, scope="operator", summary="Read a partner")
def get_any_partner(_: Call, partner_id: str) -> PartnerShape:
    """One partner."""
    return PartnerShape.of(partners.get_partner(partner_id=partner_id))
