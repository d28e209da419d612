"""The audit of a payer: its books are read, proved, and read again where they differ (docs/decisions/audit.md)."""

import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from chalicelib.domain.audit import Finding
from chalicelib.domain.values import dataclass
from chalicelib.models import audit_reads as book_rows
from chalicelib.programs import program as load_program
from chalicelib.services.audit.payers import Payer, Position, payers_from
from chalicelib.services.audit.readings import read_books
from chalicelib.services.partners import partners

_READS = 5
"""How often books are read that differ in another way each time, because they are being written."""
_MOMENT_SECONDS = 2.0
"""Longer than indexes lag behind their tables, and than writing in several transactions takes."""


@dataclass(frozen=True)
class Audited:
    """The result of the audit of one payer: of a partner, or of an account that pays for itself.

    ``findings`` were the same in two readings a moment apart. ``unsettled`` are differences of the last reading that
    the one before did not show: the books were being written, and are proved neither right nor wrong. ``compared``
    counts what there was.
    """

    payer: str
    compared: Counter[str]
    findings: list[Finding]
    unsettled: list[Finding]


def audit_all(
    position: Position | None, *, now: datetime, cards_since: datetime | None = None
) -> Iterator[tuple[Audited, Position | None]]:
    """Audit one partner after the other, and after each its accounts that pay for themselves, each with the
    position behind it; None behind the last.

    A payer whose rows cannot be read is a finding, and the others go on.
    """
    payers = payers_from(position)
    ahead = next(payers, None)
    while ahead is not None:
        audited = _audited(ahead[0], now=now, cards_since=cards_since)
        ahead = next(payers, None)
        yield audited, ahead[1] if ahead else None


def audit_with_clients(*, partner_id: str, now: datetime) -> Iterator[Audited]:
    """Audit a partner, and after it its accounts that pay or paid for themselves. Raises :class:`NotFound`."""
    partner = partners.get_partner(partner_id=partner_id)
    yield _audited(Payer.partner(partner), now=now, cards_since=None)
    for account_id, _ in book_rows.clients_paying(partner_id, start=None):
        yield _audited(Payer.client(account_id, load_program(partner.program)), now=now, cards_since=None)


def audit_partner(*, partner_id: str, now: datetime, cards_since: datetime | None = None) -> Audited:
    """Read a partner's books and prove them; what differs is read again before it is called a finding.

    With ``cards_since``, the card processor is asked only about what was paid since. Raises
    :class:`NotFound`.
    """
    partner = partners.get_partner(partner_id=partner_id)
    return _audited(Payer.partner(partner), now=now, cards_since=cards_since)


def audit_client(*, account_id: str, now: datetime, cards_since: datetime | None = None) -> Audited:
    """Read and prove the books of an account that pays for itself, as :func:`audit_partner` those of a partner (§9)."""
    return _audited(Payer.client(account_id, partners.program_of_payer(account_id)), now=now, cards_since=cards_since)


def _audited(payer: Payer, *, now: datetime, cards_since: datetime | None) -> Audited:
    differences: list[Finding] = []
    for _ in range(_READS):
        before, compared = set(differences), Counter[str]()
        differences = read_books(payer, compared, now=now, cards_since=cards_since)
        if before.issuperset(differences):
            return Audited(payer.id, compared, differences, [])
        time.sleep(_MOMENT_SECONDS)
    confirmed = [finding for finding in differences if finding in before]
    return Audited(payer.id, compared, confirmed, [finding for finding in differences if finding not in before])
