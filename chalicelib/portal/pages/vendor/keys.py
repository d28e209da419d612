"""The vendor's own API keys: made, shown once, revoked."""

from chalicelib.api import cursors
from chalicelib.api.base import ListQuery
from chalicelib.api.bodies.partners.partners import CreateOperatorKey, KeyShape
from chalicelib.domain.partners.api_keys import OPERATOR_KEYS_LAST
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.services.partners import api_keys

pages = Pages()

_HOME = "vendor/keys"


class ListOperatorKeys(ListQuery):
    """The operators' keys, revoked ones too."""


@pages.get("vendor/keys", scope="operator")
def show_keys(visit: Visit) -> View:
    """The keys, and a form for another one."""
    query = visit.asked_as(ListOperatorKeys)
    found, last = api_keys.list_keys(partner_id=None, limit=query.limit, start=cursors.start_of(visit, query))
    values = {
        "home": _HOME,
        "form_at": _HOME,
        "keys": [KeyShape.of(family) for family in found],
        "days": OPERATOR_KEYS_LAST.days,
        "may_revoke": lambda _: "operator" in visit.scopes,
        **visit.pager(query, last),
    }
    return View("vendor/keys.html", values)


@pages.post("vendor/keys", scope="operator", again=show_keys)
def create_key(visit: Visit) -> View:
    """An operator key, shown on the page that follows and never again."""
    body = visit.form(CreateOperatorKey)
    family, created = api_keys.create_persons_key(
        key_id=visit.derived_id("key"),
        partner_id=None,
        name=body.name,
        scopes=api_keys.OPERATOR_SCOPES,
        held=visit.scopes,
        expires_at=body.expires_at,
        now=visit.now,
        actor=visit.actor,
    )
    values = {"home": _HOME, "key": KeyShape.of(family), "secret": created.key if created else None}
    return View("partners/api_key_created.html", values)


@pages.post("vendor/keys/{key_id}/revoke", scope="operator")
def revoke_key(visit: Visit, key_id: str) -> Redirect:
    """Revokes a key and all that descend from it."""
    api_keys.revoke_key(partner_id=None, key_id=key_id, scopes=visit.scopes, now=visit.now, actor=visit.actor)
    return Redirect(_HOME, done="revoked")
