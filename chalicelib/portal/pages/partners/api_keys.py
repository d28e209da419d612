"""API keys of a partner, and what to paste to use one."""

from chalicelib.api import cursors
from chalicelib.api.base import ListQuery
from chalicelib.api.bodies.partners.partners import CreateKey, KeyShape
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.services.partners import api_keys

pages = Pages()


class ListKeys(ListQuery):
    """The partner's keys, revoked ones too."""


@pages.get("api", scope="read")
def show_keys(visit: Visit) -> View:
    """The keys, a form for another one, and examples with this stack's address."""
    query = visit.asked_as(ListKeys)
    found, last = api_keys.list_keys(
        partner_id=visit.partner_id, limit=query.limit, start=cursors.start_of(visit, query)
    )
    values = {
        "home": "api",
        "form_at": "api/keys",
        "keys": [KeyShape.of(family) for family in found],
        "scopes": [
            (scope, visit.texts.plain(f"partners.api_keys.scope.{scope}"))
            for scope in api_keys.PARTNER_SCOPES
            if scope in visit.scopes
        ],
        "may_revoke": lambda key: "write" in visit.scopes and set(key.scopes) <= set(visit.scopes),
        **visit.pager(query, last),
    }
    return View("partners/api_keys.html", values)


@pages.post("api/keys", scope="write", again=show_keys)
def create_key(visit: Visit) -> View:
    """A key with the scopes chosen, shown on the page that follows and never again."""
    body = visit.form(CreateKey)
    family, created = api_keys.create_persons_key(
        key_id=visit.derived_id("key"),
        partner_id=visit.partner_id,
        name=body.name,
        scopes=body.scopes,
        held=visit.scopes,
        expires_at=body.expires_at,
        now=visit.now,
        actor=visit.actor,
    )
    values = {"home": "api", "key": KeyShape.of(family), "secret": created.key if created else None}
    return View("partners/api_key_created.html", values)


@pages.post("api/keys/{key_id}/revoke", scope="write")
def revoke_key(visit: Visit, key_id: str) -> Redirect:
    """Revokes a key and all that descend from it."""
    api_keys.revoke_key(
        partner_id=visit.partner_id, key_id=key_id, scopes=visit.scopes, now=visit.now, actor=visit.actor
    )
    return Redirect("api", done="revoked")
