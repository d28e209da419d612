"""Snapshots of a partner's accounts: making, listing, deleting them (docs/rules.md §12)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.snapshots import MOST_SNAPSHOTS, Snapshot
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.refusals import KeyReused, NotFound, Refusal
from chalicelib.domain.setup import named_lists
from chalicelib.domain.setup.templates import Template, copy_for
from chalicelib.models.accounts import snapshots as snapshot_rows
from chalicelib.models.setup import branding as branding_rows
from chalicelib.models.setup import named_lists as shelf_rows
from chalicelib.models.setup import templates as template_rows
from chalicelib.models.transactions import Busy, WriteConflict, commit
from chalicelib.services.accounts import accounts
from chalicelib.services.partners import partners

_TRIES = 10


class NoSnapshot(Refusal):
    """The program takes snapshots of other kinds of accounts only."""

    code = "no_snapshot_of_this_kind"
    title = "No snapshot can be made of this account"


def create_snapshot(
    *, snapshot_id: str, partner_id: str, account_id: str, name: str, now: datetime, actor: str
) -> Snapshot:
    """Keep a copy of an account's set-up under ``name``. The same ``snapshot_id`` again is the same request repeated.

    Raises :class:`NotFound`, :class:`NoSnapshot`, :class:`shelves.NameInUse`, :class:`shelves.ListFull`.
    """
    account = accounts.get_account(partner_id=partner_id, account_id=account_id)
    _refuse_other_kinds(account, program=partners.program_of(partner_id=partner_id))
    snapshot = Snapshot(
        id=snapshot_id,
        partner_id=partner_id,
        name=name,
        account_id=account.id,
        plan=account.plan,
        branding=branding_rows.get(account.id),
        created_at=now,
        updated_at=now,
    )
    for _ in range(_TRIES):
        existing = snapshot_rows.get(snapshot_id)
        if existing is not None:
            return _created_before(existing, snapshot)
        named_list = named_lists.holding(
            shelf_rows.get(partner_id), id=snapshot_id, name=name, most=MOST_SNAPSHOTS, what="snapshot"
        )
        copies = _copies(account.id, snapshot_id, now=now)
        snapshot = replace(snapshot, templates={copy.id: copy.name for copy in copies})
        put = snapshot_rows.put(snapshot, actor=actor, event="snapshot.created")
        kept = [template_rows.put(copy, actor=actor, event="") for copy in copies]
        try:
            commit([put, shelf_rows.put(named_list), *kept])
        except WriteConflict:
            continue
        return snapshot_rows.stored(put)
    raise Busy("Others kept changing the partner's snapshots. Try again in a moment.", retry_after=1)


def _copies(account_id: str, snapshot_id: str, *, now: datetime) -> list[Template]:
    """Copies of an account's templates for a snapshot to keep."""
    found = template_rows.get_many(shelf_rows.get(account_id).names)
    return [copy_for(found[id], snapshot_id, now=now) for id in sorted(found) if found[id].deleted_at is None]


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
    page, last = named_lists.page(shelf_rows.get(partner_id), limit=limit, after=start["after"] if start else "")
    found = snapshot_rows.get_many(page)
    return [found[id] for id in page], {"after": last} if last else None


def delete_snapshot(*, partner_id: str, snapshot_id: str, now: datetime, actor: str) -> None:
    """Delete a snapshot. Accounts that were built from it have copies of their own, and keep them (§12)."""
    for _ in range(_TRIES):
        snapshot = get_snapshot(partner_id=partner_id, snapshot_id=snapshot_id)
        gone = replace(snapshot, deleted_at=now, updated_at=now)
        named_list = named_lists.without(shelf_rows.get(partner_id), snapshot_id)
        copies = template_rows.get_many(snapshot.templates).values()
        ending = [template_rows.put(replace(copy, deleted_at=now), actor=actor, event="") for copy in copies]
        try:
            commit(
                [snapshot_rows.put(gone, actor=actor, event="snapshot.deleted"), shelf_rows.put(named_list), *ending]
            )
        except WriteConflict:
            continue
        return
    raise Busy("Others kept changing the partner's snapshots. Try again in a moment.", retry_after=1)
