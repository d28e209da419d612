"""The partner itself, and the program it belongs to."""

from chalice.app import Blueprint

from chalicelib.api import request_limits
from chalicelib.api.bodies.catalog.programs import ProgramShape
from chalicelib.api.bodies.partners.partners import Me
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services.accounts import usage
from chalicelib.services.partners import partners

routes = Routes(Blueprint(__name__), tag="partner")


@routes.get("/v1/partner", returns=Me, scope="read", summary="Who am I?")
def get_partner(call: Call) -> Me:
    """The partner the key speaks for, with its discount today and what the next tier would save."""
    standing = partners.standing(partner_id=call.partner_id, now=call.now)
    pool = usage.pool_of(partner_id=call.partner_id, program=standing.program)
    saved = partners.saved_by_next_tier(standing)
    return Me.of_standing(
        standing,
        key_id=call.key_id or "",
        scopes=call.scopes,
        pool=pool,
        saved=saved,
        limit=request_limits.key_limit(),
    )


@routes.get("/v1/program", returns=ProgramShape, scope="read", summary="What is offered, and for how much?")
def get_program(call: Call) -> ProgramShape:
    """The price list and the options of the partner's own program, as they are today."""
    standing = partners.standing(partner_id=call.partner_id, now=call.now)
    return ProgramShape.of(standing.program, tiers=standing.tiers)
