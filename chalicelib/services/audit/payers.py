"""Whose books are audited, one payer after the other (docs/decisions/audit.md)."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Self

from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.models import audit_reads as book_rows
from chalicelib.programs import program as load_program
from chalicelib.programs import program_names
from chalicelib.services.partners import partners


@dataclass(frozen=True)
class Position:
    """Where an audit of all payers goes on: the index of the program, and the key its list of partners goes on after;
    before that, if a partner's paying clients are not through, that partner and the key after which they go on.
    """

    program: int = 0
    start: dict[str, Any] | None = None
    clients_of: str | None = None
    clients: dict[str, Any] | None = None


@dataclass(frozen=True)
class Payer:
    """Whose books are read: a partner's, or those of an account that pays for itself.

    An account has one kind of money and no alarms but its own; nor has the house a balance check.
    """

    id: str
    program: Program
    credits: tuple[CreditKind, ...] = tuple(CreditKind)
    is_client: bool = False
    is_checked_daily: bool = True

    @classmethod
    def partner(cls, partner: Partner) -> Self:
        return cls(partner.id, load_program(partner.program), is_checked_daily=not partner.house)

    @classmethod
    def client(cls, account_id: str, program: Program) -> Self:
        return cls(account_id, program, credits=(CreditKind.PREPAID,), is_client=True, is_checked_daily=False)


def payers_from(position: Position | None) -> Iterator[tuple[Payer, Position]]:
    """All payers from a position on, each with its own position."""
    while position is not None:
        name = program_names()[position.program]
        if position.clients_of is None:
            page, start = partners.list_partners(program=name, limit=1, start=position.start)
            if not page:
                position = _behind(position, None)
                continue
            yield Payer.partner(page[0]), position
            position = replace(position, start=start, clients_of=page[0].id)
        assert position.clients_of is not None
        for account_id, place in book_rows.clients_paying(position.clients_of, start=position.clients):
            yield Payer.client(account_id, load_program(name)), position
            position = replace(position, clients=place)
        position = _behind(position, position.start)


def _behind(position: Position, start: dict[str, Any] | None) -> Position | None:
    """The position of the next partner, in the same program or the next one, behind all paying clients."""
    if start is not None:
        return Position(position.program, start)
    following = position.program + 1
    return Position(following) if following < len(program_names()) else None
