"""The partners of all programs, and the programs, for operators."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.answers import Answer
from chalicelib.api.base import Page
from chalicelib.api.bodies.catalog.programs import ListPrograms, ProgramShape
from chalicelib.api.bodies.partners.partners import CreatePartner, ListPartners, NewKey, PartnerCreated, PartnerShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.partners import partners

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


@routes.get(
    "/v1/operator/partners", query=ListPartners, returns=Page[PartnerShape], scope="operator", summary="List partners"
)
def list_partners(call: Call, query: ListPartners) -> Page[PartnerShape]:
    """The partners of all programs or of one, newest first."""
    found, last = partners.list_partners(program=query.program, limit=query.limit, start=cursors.start_of(call, query))
    return Page(data=[PartnerShape.of(each) for each in found], next_cursor=cursors.next_of(call, query, last))


@routes.get(
    "/v1/operator/programs", query=ListPrograms, returns=Page[ProgramShape], scope="operator", summary="List programs"
)
def list_programs(call: Call, query: ListPrograms) -> Page[ProgramShape]:
    """Every program with its price list and options, by name."""
    after = (cursors.start_of(call, query) or {"name": ""})["name"]
    ahead = [each for each in partners.list_programs(now=call.now) if each[0].name > after]
    page = [ProgramShape.of(program, tiers=tiers) for program, tiers in ahead[: query.limit]]
    last = {"name": page[-1].program} if len(ahead) > len(page) else None
    return Page(data=page, next_cursor=cursors.next_of(call, query, last))


@routes.get("/v1/operator/partners/{partner_id}", returns=PartnerShape, scope="operator", summary="Read a partner")
def get_any_partner(_: Call, partner_id: str) -> PartnerShape:
    """One partner."""
    return PartnerShape.of(partners.get_partner(partner_id=partner_id))
