"""Snapshots of a partner's accounts: making, listing, deleting them (docs/rules.md §12)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.domain import shelves
from chalicelib.domain.accounts import Account
from chalicelib.domain.programs import Program
from chalicelib.domain.refusals import KeyReused, NotFound, Refusal
from chalicelib.domain.snapshots import MOST_SNAPSHOTS, Snapshot
from chalicelib.models import shelves as shelf_rows
from chalicelib.models import snapshots as snapshot_rows
from chalicelib.models.transactions import Busy, Moved, commit
from chalicelib.services import accounts, partners

_TRIES = 10


class NoSnapshot(Refusal):
    """The program takes snapshots of other kinds of accounts only."""

    status = 409
    code = "no_snapshot_of_this_kind"
    title = "No snapshot can be made of this account"


def create_snapshot(
    *, snapshot_id: str, partner_id: str, account_id: str, name: str, now: datetime, actor: str
) -> Snapshot:
    """Keep a copy of an account's set-up under ``name``. The same ``snapshot_id`` again is the same request repeated.

    Raises :class:`NotFound`, :class:`NoSnapshot`, :class:`shelves.NameInUse`, :class:`shelves.ShelfFull`.
    """
    account = accounts.get_account(partner_id=partner_id, account_id=account_id)
    _refuse_other_kinds(account, program=partners.program_of(partner_id=partner_id))
    snapshot = Snapshot(
        id=snapshot_id,
        partner_id=partner_id,
        name=name,
        account_id=account.id,
        plan=account.plan,
        created_at=now,
        updated_at=now,
    )
    for _ in range(_TRIES):
        existing = snapshot_rows.get(snapshot_id)
        if existing is not None:
            return _created_before(existing, snapshot)
        shelf = shelves.holding(
            shelf_rows.get(partner_id), id=snapshot_id, name=name, most=MOST_SNAPSHOTS, what="snapshot"
        )
        put = snapshot_rows.put(snapshot, actor=actor, event="snapshot.created")
        try:
            commit([put, shelf_rows.put(shelf)])
        except Moved:
            continue
        return snapshot_rows.stored(put)
    raise Busy("Others kept changing the partner's snapshots. Try again in a moment.", retry_after=1)


def _refuse_other_kinds(account: Account, *, program: Program) -> None:
    if account.kind in program.snapshot_kinds:
        return
    kinds = " and ".join(program.snapshot_kinds)
    raise NoSnapshot(
        f"{account.id} has a {account.kind} plan; the program {program.name} takes snapshots of {kinds} accounts only.",
        extra={"kind": account.kind, "snapshot_kinds": list(program.snapshot_kinds)},
    )


def _created_before(existing: Snapshot, wanted: Snapshot) -> Snapshot:
    """What a repeated request finds."""
    if (existing.partner_id, existing.account_id, existing.name) != (
        wanted.partner_id,
        wanted.account_id,
        wanted.name,
    ):
        raise KeyReused(f"It created the snapshot {existing.name!r}. Use a new Idempotency-Key.")
    return existing


def get_snapshot(*, partner_id: str, snapshot_id: str) -> Snapshot:
    """The one way to a snapshot: for its partner, until it is deleted. Raises :class:`NotFound`."""
    snapshot = snapshot_rows.get(snapshot_id)
    if snapshot is None or snapshot.partner_id != partner_id or snapshot.deleted_at is not None:
        raise NotFound.of("snapshot", snapshot_id)
    return snapshot


def list_snapshots(
    *, partner_id: str, limit: int, start: Mapping[str, Any] | None
) -> tuple[list[Snapshot], dict[str, Any] | None]:
    """A partner's snapshots by id, and where the next page starts."""
    page, last = page_of_shelf(partner_id, limit=limit, start=start)
    found = snapshot_rows.get_many(page)
    return [found[id] for id in page if id in found], last


def page_of_shelf(
    shelf_id: str, *, limit: int, start: Mapping[str, Any] | None
) -> tuple[Sequence[str], dict[str, Any] | None]:
    """The ids of up to ``limit`` things on a shelf, and where the next page starts."""
    after = start["after"] if start else ""
    ids = sorted(id for id in shelf_rows.get(shelf_id).names if id > after)
    page = ids[:limit]
    return page, {"after": page[-1]} if len(ids) > limit else None


def delete_snapshot(*, partner_id: str, snapshot_id: str, now: datetime, actor: str) -> None:
    """Delete a snapshot. Accounts that were built from it have copies of their own, and keep them (§12)."""
    for _ in range(_TRIES):
        snapshot = get_snapshot(partner_id=partner_id, snapshot_id=snapshot_id)
        gone = replace(snapshot, deleted_at=now, updated_at=now)
        shelf = shelves.without(shelf_rows.get(partner_id), snapshot_id)
        try:
            commit([snapshot_rows.put(gone, actor=actor, event="snapshot.deleted"), shelf_rows.put(shelf)])
        except Moved:
            continue
        return
    raise Busy("Others kept changing the partner's snapshots. Try again in a moment.", retry_after=1)
