"""Saved views of the account overview (docs/rules.md §12): a partner's, for its keys, and each person's own.

Without a ``person_id`` they are the partner's. Nobody sees another person's.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.domain.accounts.saved_views import MOST_VIEWS, View
from chalicelib.domain.ids import fingerprint
from chalicelib.domain.refusals import KeyReused, NotFound
from chalicelib.domain.setup import named_lists
from chalicelib.domain.setup.named_lists import NamedList
from chalicelib.models import transactions
from chalicelib.models.accounts import saved_views as view_rows
from chalicelib.models.setup import named_lists as list_rows
from chalicelib.models.transactions import commit

_BUSY = "Others kept changing the partner's views. Try again in a moment."


def create_view(
    *,
    view_id: str,
    partner_id: str,
    person_id: str | None = None,
    name: str,
    settings: Mapping[str, Any],
    now: datetime,
) -> View:
    """Keep a view under ``name``. The same ``view_id`` again is the same request repeated.

    Raises :class:`named_lists.NameInUse`, :class:`named_lists.ListFull`.
    """
    view = View(
        id=view_id,
        partner_id=partner_id,
        person_id=person_id,
        name=name,
        settings=settings,
        fingerprint=fingerprint(view_id, {"name": name, "settings": settings, "person_id": person_id}),
        created_at=now,
        updated_at=now,
    )

    def attempt() -> View:
        existing = view_rows.get(view_id)
        if existing is not None:
            return _created_before(existing, view)
        put = view_rows.put(view)
        named_list = _holding(list_rows.get(view_rows.list_of(partner_id, person_id)), view)
        commit([put, list_rows.put(named_list)])
        return view_rows.stored(put)

    return transactions.retry(attempt, busy=_BUSY)


def get_view(*, partner_id: str, person_id: str | None = None, view_id: str) -> View:
    """A view. Raises :class:`NotFound`, also for another partner's or person's."""
    view = view_rows.get(view_id)
    if view is None or (view.partner_id, view.person_id) != (partner_id, person_id):
        raise NotFound.of("view", view_id)
    return view


def list_views(
    *, partner_id: str, person_id: str | None = None, limit: int, start: Mapping[str, Any] | None
) -> tuple[list[View], dict[str, Any] | None]:
    """Views by id, and where the next page starts."""
    named_list = list_rows.get(view_rows.list_of(partner_id, person_id))
    page, last = named_lists.page(named_list, limit=limit, after=start["after"] if start else "")
    found = view_rows.get_many(page)
    return [found[id] for id in page if id in found], {"after": last} if last else None


def update_view(
    *,
    partner_id: str,
    person_id: str | None = None,
    view_id: str,
    name: str | None,
    settings: Mapping[str, Any],
    now: datetime,
) -> View:
    """Change a view's name, or some of its settings; those not given stay. Raises what creating one raises."""

    def attempt() -> View:
        view = get_view(partner_id=partner_id, person_id=person_id, view_id=view_id)
        changed = replace(view, name=name or view.name, settings={**view.settings, **settings})
        if changed == view:
            return view
        put = view_rows.put(replace(changed, updated_at=now))
        named_list = list_rows.get(view_rows.list_of(partner_id, person_id))
        renamed = [list_rows.put(_holding(named_lists.without(named_list, view_id), changed))] if name else []
        commit([put, *renamed])
        return view_rows.stored(put)

    return transactions.retry(attempt, busy=_BUSY)


def delete_view(*, partner_id: str, person_id: str | None = None, view_id: str) -> None:
    """Delete a view. Raises :class:`NotFound`."""

    def attempt() -> None:
        view = get_view(partner_id=partner_id, person_id=person_id, view_id=view_id)
        named_list = named_lists.without(list_rows.get(view_rows.list_of(partner_id, person_id)), view_id)
        commit([view_rows.remove(view), list_rows.put(named_list)])

    transactions.retry(attempt, busy=_BUSY)


def _holding(named_list: NamedList, view: View) -> NamedList:
    return named_lists.holding(named_list, id=view.id, name=view.name, most=MOST_VIEWS, what="view")


def _created_before(existing: View, requested: View) -> View:
    """The result of a repeated request."""
    if existing.fingerprint != requested.fingerprint:
        raise KeyReused(f"It created the view {existing.name!r}. Use a new Idempotency-Key.")
    return existing
