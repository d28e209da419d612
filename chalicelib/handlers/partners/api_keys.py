"""API keys of a partner."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.answers import Answer
from chalicelib.api.base import ListQuery, Page
from chalicelib.api.bodies.partners.partners import CreateKey, KeyCreated, KeyShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.domain.partners.api_keys import Family
from chalicelib.services.partners import api_keys
from chalicelib.services.partners.api_keys import CreatedKey

routes = Routes(Blueprint(__name__), tag="API keys")


class ListKeys(ListQuery):
    """The partner's keys, revoked ones too."""


@routes.get("/v1/api-keys", query=ListKeys, returns=Page[KeyShape], scope="read", summary="List API keys")
def list_api_keys(call: Call, query: ListKeys) -> Page[KeyShape]:
    """The partner's keys, without the keys themselves."""
    start = cursors.start_of(call, query)
    families, last = api_keys.list_keys(partner_id=call.partner_id, limit=query.limit, start=start)
    return Page(data=[KeyShape.of(family) for family in families], next_cursor=cursors.next_of(call, query, last))


@routes.post(
    "/v1/api-keys",
    body=CreateKey,
    returns=KeyCreated,
    status=201,
    scope="write",
    summary="Create an API key",
    refusals=(409, 503),
)
def create_api_key(call: Call, body: CreateKey) -> Answer:
    """A child of the key that is used: it has no further scopes, ends no later, and is revoked with it."""
    family, created = api_keys.create_key(
        key_id=call.derived_id("key"),
        partner_id=call.partner_id,
        parent_id=call.asking_key_id,
        name=body.name,
        scopes=body.scopes,
        expires_at=body.expires_at,
        now=call.now,
        actor=call.actor,
    )
    return with_key(family, created)


@routes.delete("/v1/api-keys/{key_id}", returns=None, scope="write", summary="Revoke an API key", refusals=(503,))
def revoke_api_key(call: Call, key_id: str) -> None:
    """Revoke a key and all that descend from it; they stop working within 20 seconds. The key used for this needs all
    scopes of the revoked key."""
    api_keys.revoke_key(partner_id=call.partner_id, key_id=key_id, scopes=call.scopes, now=call.now, actor=call.actor)


def with_key(family: Family, created: CreatedKey | None) -> Answer:
    """A new key; the key itself is a secret, which is neither stored nor logged."""
    shape = KeyCreated(**KeyShape.of(family).model_dump(), key=None)
    return Answer(body=shape, secrets={"key": created.key} if created else {})
