"""Verified domains, each of one account only. They lie with the names, which have no dots, and are names as well."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib.aws import Table
from chalicelib.config import TableName
from chalicelib.models.transactions import Put, Remove


class DomainRow(Table):
    """The row is the lock on a domain. A domain that is not verified has none: claiming keeps nobody out."""

    class Meta:
        table_name = TableName("names_table")

    name = UnicodeAttribute(hash_key=True)
    account_id = UnicodeAttribute()


def subject(domain: str) -> str:
    """How a domain is called when a write finds it taken."""
    return f"domain:{domain}"


def take(domain: str, *, account_id: str) -> Put:
    """The write that makes a domain the account's, unless it is another's."""
    free = DomainRow.name.does_not_exist() | (DomainRow.account_id == account_id)
    return Put(DomainRow(domain, account_id=account_id), subject=subject(domain), condition=free)


def give_back(domain: str, *, account_id: str) -> Remove:
    """The write that makes a domain nobody's."""
    return Remove(DomainRow(domain), subject=subject(domain), condition=DomainRow.account_id == account_id)
