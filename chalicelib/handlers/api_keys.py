"""API keys of a partner."""

from chalice.app import Blueprint

from chalicelib.api import cursors
from chalicelib.api.answers import Answer
from chalicelib.api.base import ListQuery, Page
from chalicelib.api.bodies.partners import CreateKey, KeyCreated, KeyShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.services import api_keys

routes = Routes(Blueprint(__name__), tag="API keys")


class ListKeys(ListQuery):
    """The partner's keys, revoked ones too."""


@routes.get("/v1/api-keys", query=ListKeys, returns=Page[KeyShape], scope="read", summary="List API keys")
def list_api_keys(call: Call, query: ListKeys) -> Page[KeyShape]:
    """The partner's keys, without the keys themselves."""
    start = cursors.start_of(call, query)
    keys, last = api_keys.list_keys(partner_id=call.partner_id, limit=query.limit, start=start)
    return Page(data=[KeyShape.of(key) for key in keys], next_cursor=cursors.next_of(call, query, last))


@routes.post("/v1/api-keys", body=CreateKey, returns=KeyCreated, status=201, scope="write", summary="Create an API key")
def create_api_key(call: Call, body: CreateKey) -> Answer:
    """A further key. It can do no more than the key that asks for it."""
    key, created = api_keys.create_key(
        key_id=call.derived_id("key"),
        partner_id=call.partner_id,
        name=body.name,
        scopes=body.scopes,
        granted=call.scopes,
        expires_at=body.expires_at,
        now=call.now,
        actor=call.actor,
    )
    shape = KeyCreated(**KeyShape.of(key).model_dump(), key=None)
    return Answer(body=shape, secrets={"key": created.key} if created else {})


@routes.delete("/v1/api-keys/{key_id}", returns=None, scope="write", summary="Revoke an API key")
def revoke_api_key(call: Call, key_id: str) -> None:
    """Revoke a key; it opens nothing after at most 20 seconds."""
    api_keys.revoke_key(partner_id=call.partner_id, key_id=key_id, now=call.now, actor=call.actor)
