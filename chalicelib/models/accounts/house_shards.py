"""Where the overview index keeps the accounts of a house, which may have most accounts: spread over partitions (§9).

In the table, the partner of such an account has the number of its partition behind it; whoever reads the row gets the
partner's id without it.
"""

import hashlib
from functools import cache
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.partners.partners import house_id
from chalicelib.programs import program_names

SHARDS = 16
"""Part of what is stored: with another number, rows written before would not be found."""


class PartnerAttribute(UnicodeAttribute):
    """A partner's id, read without the number of the partition."""

    def deserialize(self, value: Any) -> Any:
        return partner_of(super().deserialize(value))


def place_of(account: Account, *, program: Program) -> str:
    """The partition of an account in the index: its partner's own, or one of the house's."""
    if account.partner_id != house_id(program.name):
        return account.partner_id
    number = int.from_bytes(hashlib.sha256(account.id.encode()).digest()[:4], "big") % SHARDS
    return f"{account.partner_id}#{number:02d}"


def places_of(partner_id: str) -> list[str]:
    """All partitions that a partner's accounts are in."""
    if not is_house(partner_id):
        return [partner_id]
    return [f"{partner_id}#{number:02d}" for number in range(SHARDS)]


def is_house(partner_id: str) -> bool:
    """Whether it is the house of a program."""
    return partner_id in _houses()


def partner_of(place: str) -> str:
    """The partner whose accounts a partition holds."""
    return place.partition("#")[0]


@cache
def _houses() -> frozenset[str]:
    return frozenset(map(house_id, program_names()))
