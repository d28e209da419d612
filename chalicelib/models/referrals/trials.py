"""Trials that public sign-ups used up: a row for each person and program, beside the names (docs/rules.md §9).

The address is kept as a hash only. No account can have such a name.
"""

import hashlib
from datetime import datetime

from pynamodb.attributes import UnicodeAttribute

from chalicelib.aws import Table
from chalicelib.config import TableName
from chalicelib.models.base import InstantAttribute
from chalicelib.models.transactions import Put


class TrialRow(Table):
    """The row is the lock: it is written in the transaction that writes the trial's account, and never deleted."""

    class Meta:
        table_name = TableName("names_table")

    name = UnicodeAttribute(hash_key=True)
    account_id = UnicodeAttribute()
    used_at = InstantAttribute()


def use(person: str, *, program: str, account_id: str, now: datetime) -> Put:
    """The write that uses up a person's trial of a program, unless another account did."""
    row = TrialRow(_name(person, program), account_id=account_id, used_at=now)
    unused = TrialRow.name.does_not_exist() | (TrialRow.account_id == account_id)
    return Put(row, subject=row.name, condition=unused)


def used_by(person: str, *, program: str) -> str | None:
    """The account that used up a person's trial of a program."""
    try:
        account_id: str = TrialRow.get(_name(person, program), consistent_read=True).account_id
    except TrialRow.DoesNotExist:
        return None
    return account_id


def _name(person: str, program: str) -> str:
    return f"trial#{program}#{hashlib.sha256(person.encode()).hexdigest()}"
