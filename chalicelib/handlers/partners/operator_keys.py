"""The vendor's own keys, and a new first key for a partner."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.answers import Answer
from chalicelib.api.base import ListQuery, Page
from chalicelib.api.bodies.partners.partners import CreateFirstKey, CreateOperatorKey, KeyCreated, KeyShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.handlers.partners.api_keys import with_key
from chalicelib.services.partners import api_keys, partners

routes = Routes(Blueprint(__name__), tag="operator")


class ListOperatorKeys(ListQuery):
    """The operators' keys, revoked ones too."""


@routes.get(
    "/v1/operator/api-keys",
    query=ListOperatorKeys,
    returns=Page[KeyShape],
    scope="operator",
    summary="List operator keys",
)
def list_operator_keys(call: Call, query: ListOperatorKeys) -> Page[KeyShape]:
    """The keys of the vendor's own staff, revoked ones too; never the keys themselves."""
    start = cursors.start_of(call, query)
    families, last = api_keys.list_keys(partner_id=None, limit=query.limit, start=start)
    return Page(data=[KeyShape.of(family) for family in families], next_cursor=cursors.next_of(call, query, last))


@routes.post(
    "/v1/operator/api-keys",
    body=CreateOperatorKey,
    returns=KeyCreated,
    status=201,
    scope="operator",
    summary="Create an operator key",
    refusals=(409, 503),
)
def create_operator_key(call: Call, body: CreateOperatorKey) -> Answer:
    """A child of the key that is used: it ends no later, by default after 90 days, and is revoked with it."""
    family, created = api_keys.create_key(
        key_id=call.derived_id("key"),
        partner_id=None,
        parent_id=call.asking_key_id,
        name=body.name,
        scopes=api_keys.OPERATOR_SCOPES,
        expires_at=body.expires_at,
        now=call.now,
        actor=call.actor,
    )
    return with_key(family, created)


@routes.delete(
    "/v1/operator/api-keys/{key_id}",
    returns=None,
    scope="operator",
    summary="Revoke an operator key",
    refusals=(503,),
)
def revoke_operator_key(call: Call, key_id: str) -> None:
    """Revoke an operator key and all that descend from it; they stop working within 20 seconds."""
    api_keys.revoke_key(partner_id=None, key_id=key_id, scopes=call.scopes, now=call.now, actor=call.actor)


@routes.post(
    "/v1/operator/partners/{partner_id}/api-keys",
    body=CreateFirstKey,
    returns=KeyCreated,
    status=201,
    scope="operator",
    summary="Give a partner a new first key",
    refusals=(409,),
)
def create_partners_key(call: Call, partner_id: str, body: CreateFirstKey) -> Answer:
    """A key with all scopes and no parent, for a partner that has revoked, or must revoke, the key all others descend
    from."""
    family, created = api_keys.create_first_key(
        key_id=call.derived_id("key", partner_id),
        partner_id=partners.get_keyed(partner_id=partner_id).id,
        name=body.name,
        expires_at=body.expires_at,
        now=call.now,
        actor=call.actor,
    )
    return with_key(family, created)
