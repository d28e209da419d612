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
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import snapshots as snapshot_rows
from chalicelib.models.setup import branding as branding_rows
from chalicelib.models.setup import named_lists as list_rows
from chalicelib.models.setup import templates as template_rows
from chalicelib.models.transactions import commit
from chalicelib.services.accounts import accounts
from chalicelib.services.partners import partners

_BUSY = "Others kept changing the partner's snapshots. Try again in a moment."


class NoSnapshot(Refusal):
    """The program takes snapshots of other kinds of accounts only."""

    code = "no_snapshot_of_this_kind"
    title = "No snapshot can be made of this account"


def create_snapshot(
    *, snapshot_id: str, partner_id: str, account_id: str, name: str, now: datetime, actor: str
) -> Snapshot:
    """Keep a copy of an account's set-up under ``name``. The same ``snapshot_id`` again is the same request repeated.

    Raises :class:`NotFound`, :class:`NoSnapshot`, :class:`named_lists.NameInUse`, :class:`named_lists.ListFull`.
    """
    program = partners.program_of(partner_id=partner_id)

    def attempt() -> Snapshot:
        account = accounts.get_managed(partner_id=partner_id, account_id=account_id)
        _refuse_other_kinds(account, program=program)
        snapshot = Snapshot(
            id=snapshot_id,
            partner_id=partner_id,
            name=name,
            account_id=account.id,
            plan=account.priced_plan,
            branding=branding_rows.get(account.id),
            created_at=now,
            updated_at=now,
        )
        existing = snapshot_rows.get(snapshot_id)
        if existing is not None:
            return _created_before(existing, snapshot)
        named_list = named_lists.holding(
            list_rows.get(partner_id), id=snapshot_id, name=name, most=MOST_SNAPSHOTS, what="snapshot"
        )
        copies = _copies(account.id, snapshot_id, now=now)
        with_templates = replace(snapshot, templates={copy.id: copy.name for copy in copies})
        put = snapshot_rows.put(with_templates, actor=actor, event="snapshot.created")
        writes = [put, list_rows.put(named_list), *(template_rows.put(copy, actor=actor, event="") for copy in copies)]
        commit([account_rows.still_managed(account), *writes])
        return snapshot_rows.stored(put)

    return transactions.retry(attempt, busy=_BUSY)


def _copies(account_id: str, snapshot_id: str, *, now: datetime) -> list[Template]:
    """Copies of an account's templates for a snapshot."""
    found = template_rows.get_many(list_rows.get(account_id).names)
    return [copy_for(found[id], snapshot_id, now=now) for id in sorted(found) if found[id].deleted_at is None]


def _refuse_other_kinds(account: Account, *, program: Program) -> None:
    if account.kind in program.snapshot_kinds:
        return
    kinds = " and ".join(program.snapshot_kinds)
    raise NoSnapshot(
        f"{account.id} has a {account.kind} plan; the program {program.name} takes snapshots of {kinds} accounts only.",
        extra={"kind": account.kind, "snapshot_kinds": list(program.snapshot_kinds)},
    )


def _created_before(existing: Snapshot, requested: Snapshot) -> Snapshot:
    """The result of a repeated request."""
    if (existing.partner_id, existing.account_id, existing.name) != (
        requested.partner_id,
        requested.account_id,
        requested.name,
    ):
        raise KeyReused(f"It created the snapshot {existing.name!r}. Use a new Idempotency-Key.")
    return existing


def get_snapshot(*, partner_id: str, snapshot_id: str) -> Snapshot:
    """A partner's snapshot. Raises :class:`NotFound`, also for another partner's and for one that was deleted."""
    snapshot = snapshot_rows.get(snapshot_id)
    if snapshot is None or snapshot.partner_id != partner_id or snapshot.deleted_at is not None:
        raise NotFound.of("snapshot", snapshot_id)
    return snapshot


def list_snapshots(
    *, partner_id: str, limit: int, start: Mapping[str, Any] | None
) -> tuple[list[Snapshot], dict[str, Any] | None]:
    """A partner's snapshots by id, and where the next page starts."""
    page, last = named_lists.page(list_rows.get(partner_id), limit=limit, after=start["after"] if start else "")
    found = snapshot_rows.get_many(page)
    return [found[id] for id in page], {"after": last} if last else None


def delete_snapshot(*, partner_id: str, snapshot_id: str, now: datetime, actor: str) -> None:
    """Delete a snapshot. Accounts that were built from it keep copies of their own (§12)."""

    def attempt() -> None:
        snapshot = get_snapshot(partner_id=partner_id, snapshot_id=snapshot_id)
        deleted = replace(snapshot, deleted_at=now, updated_at=now)
        named_list = named_lists.without(list_rows.get(partner_id), snapshot_id)
        copies = template_rows.get_many(snapshot.templates).values()
        commit(
            [
                snapshot_rows.put(deleted, actor=actor, event="snapshot.deleted"),
                list_rows.put(named_list),
                *(template_rows.put(replace(copy, deleted_at=now), actor=actor, event="") for copy in copies),
            ]
        )

    transactions.retry(attempt, busy=_BUSY)
