"""Accounts written anew as they are: as this release stores them, with the alarm of today's program file.

A row that an earlier release wrote is read as it is, and gets its new form when the account next changes. An account
that is paid once a year would keep the old one for a year (docs/operating/changing-rows.md).
"""

from enum import StrEnum
from typing import Any

from chalicelib.domain.catalog.programs import Program
from chalicelib.models.accounts import accounts
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.models.accounts.thin_rows import Item
from chalicelib.models.alarms import PARKED
from chalicelib.models.transactions import Put, subject_unchanged


class Left(StrEnum):
    """Why a row is left as it is."""

    NEWEST = "newest"
    """This release would store it just so."""
    CHARGING = "charging"
    """A charge is in progress: whoever settles it writes the account."""
    PARKED = "parked"
    """The account broke the worker; any write of it would let it back into the sweeps."""


def anew(item: Item, *, program: Program) -> Put | Left:
    """The write of an account's stored row in this release's form, or why there is none.

    The account is the same afterwards, its version too, so whoever read it before can still write it. Event, actor and
    revision stay, so the streams publish nothing. Raises :class:`WriteConflict`, once committed, if the account or its
    alarm changed since it was read.
    """
    row = AccountRow.from_raw_data(item)
    account = row.value()
    if row.due_shard == PARKED:
        return Left.PARKED
    if account.charge is not None:
        return Left.CHARGING
    written = accounts.row_of(account, program=program, actor=row.actor, event=row.event)
    if written.serialize() == item:
        return Left.NEWEST
    condition = subject_unchanged(AccountRow, account.version)
    for attribute, read in ((AccountRow.due_shard, row.due_shard), (AccountRow.due_at, row.due_at)):
        condition &= _is_still(attribute, read)
    return Put(written, subject=account.id, condition=condition)


def _is_still(attribute: Any, read: Any) -> Any:
    return attribute.does_not_exist() if read is None else attribute == read
