"""Account names, unique over the whole installation, and the log-in behind each.

A row per name is the lock. It holds the hash of the admin's password as well: a client logs in by
name, and what is secret stays out of the accounts table and its stream.
"""

from collections.abc import Iterable

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.aws import Table
from chalicelib.config import TableName
from chalicelib.domain.values import dataclass
from chalicelib.models.reads import Read
from chalicelib.models.transactions import Put, Remove


class NameRow(Table):
    class Meta:
        table_name = TableName("names_table")

    name = UnicodeAttribute(hash_key=True)
    account_id = UnicodeAttribute()
    password_hash = UnicodeAttribute()
    generation = NumberAttribute(null=True)


@dataclass(frozen=True)
class LogIn:
    """Whose log-in a name is. ``generation`` counts its passwords: what was signed under one ends with it."""

    name: str
    account_id: str
    password_hash: str
    generation: int


def subject(name: str) -> str:
    """The subject that a :class:`WriteConflict` names if the name is taken."""
    return f"name:{name}"


def take(name: str, *, account_id: str, password_hash: str) -> Put:
    """The write that takes a name nobody has, with the log-in behind it."""
    row = NameRow(name, account_id=account_id, password_hash=password_hash)
    return Put(row, subject=subject(name), condition=NameRow.name.does_not_exist())


def give_back(name: str, *, account_id: str) -> Remove:
    return Remove(NameRow(name), subject=subject(name), condition=NameRow.account_id == account_id)


def owner(name: str) -> str | None:
    """The account that has the name."""
    try:
        account_id: str = NameRow.get(name, consistent_read=True).account_id
    except NameRow.DoesNotExist:
        return None
    return account_id


def read_owner(name: str) -> Read[str]:
    """The account that has the name, to be read together with other rows."""
    return Read(NameRow, (name,), lambda row: row.account_id)


def password_hash(name: str) -> str:
    """The hash of the password of a name's admin."""
    hashed: str = NameRow.get(name, consistent_read=True).password_hash
    return hashed


def log_in(name: str) -> LogIn | None:
    """The log-in behind a name, if somebody has it."""
    try:
        row = NameRow.get(name, consistent_read=True)
    except NameRow.DoesNotExist:
        return None
    return _log_in(row)


def put_password(log_in: LogIn, password_hash: str) -> Put:
    """The write of another password, under the condition that it still is the one that was read."""
    row = NameRow(
        log_in.name,
        account_id=log_in.account_id,
        password_hash=password_hash,
        generation=log_in.generation + 1,
    )
    unchanged = (NameRow.account_id == log_in.account_id) & (NameRow.password_hash == log_in.password_hash)
    return Put(row, subject=subject(log_in.name), condition=unchanged)


def stored(put: Put) -> LogIn:
    """The log-in as a ``put`` leaves it in the table."""
    assert isinstance(put.row, NameRow)
    return _log_in(put.row)


def taken(names: Iterable[str]) -> set[str]:
    """Which of these names somebody has, in one read."""
    return {row.name for row in NameRow.batch_get(list(names), consistent_read=True)}


def _log_in(row: NameRow) -> LogIn:
    return LogIn(row.name, row.account_id, row.password_hash, int(row.generation or 0))
