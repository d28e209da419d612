"""The lines of partners' earnings ledgers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.config import TableName
from chalicelib.domain.earnings.lines import EarningLine, Hold, LineKind, LineStatus, ReversalBasis
from chalicelib.domain.earnings.payout_causes import Cause
from chalicelib.models import pages
from chalicelib.models.base import (
    DataAttribute,
    DateAttribute,
    EnumAttribute,
    InstantAttribute,
    MoneyAttribute,
    RecordAttribute,
    Row,
)
from chalicelib.models.transactions import Put, subject_unchanged

PREFIX = "earn_"
DECIDED = (LineKind.COMMISSION, LineKind.BONUS)
"""The kinds that operators decide about when they are held; reversals are held with what they reverse."""
_HELD = "held"
_PLACES_AT_ONCE = 2_000
"""How far lines to be paid out are looked for at once: ten pages or so."""


class SequenceIndex(GlobalSecondaryIndex[Any]):
    """A partner's lines in their order."""

    class Meta:
        index_name = "by_sequence"
        projection = AllProjection()

    partner_id = UnicodeAttribute(hash_key=True, attr_name="owner")
    sequence = NumberAttribute(range_key=True)


class LinesOfAccountIndex(GlobalSecondaryIndex[Any]):
    """An account's lines, in the order of each partner's."""

    class Meta:
        index_name = "by_account"
        projection = AllProjection()

    account_id = UnicodeAttribute(hash_key=True)
    sequence = NumberAttribute(range_key=True)


class HeldIndex(GlobalSecondaryIndex[Any]):
    """The commissions and bonuses of all partners that are held: an operator decides about them."""

    class Meta:
        index_name = "held"
        projection = AllProjection()

    held_list = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class EarningLineRow(Row[EarningLine]):
    holds = EarningLine

    class Meta:
        table_name = TableName("earnings_table")

    partner_id = UnicodeAttribute(hash_key=True, attr_name="owner")
    id = UnicodeAttribute(range_key=True)
    kind = EnumAttribute(LineKind)
    at = InstantAttribute()
    amount = MoneyAttribute()
    payable_on = DateAttribute()
    sequence = NumberAttribute()
    balance_after = MoneyAttribute()
    account_id = UnicodeAttribute(null=True)
    invoice_id = UnicodeAttribute(null=True)
    payer = UnicodeAttribute(null=True)
    relationship = UnicodeAttribute(null=True)
    base = MoneyAttribute(null=True)
    percent = DataAttribute[Decimal](Decimal, null=True)
    reverses = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    reversed = MoneyAttribute(null=True)
    reversals = NumberAttribute(null=True)
    held_for = DataAttribute[tuple[Hold, ...]](tuple[Hold, ...], null=True)
    released = DataAttribute[tuple[Hold, ...]](tuple[Hold, ...], null=True)
    refused = BooleanAttribute(null=True)
    payout_id = UnicodeAttribute(null=True)
    account_name = UnicodeAttribute(null=True)
    basis = RecordAttribute[ReversalBasis](ReversalBasis, null=True)
    returns = UnicodeAttribute(null=True)
    cause = EnumAttribute(Cause, null=True)
    revision = NumberAttribute()
    version = NumberAttribute()
    held_list = UnicodeAttribute(null=True)
    updated_at = InstantAttribute()
    actor = UnicodeAttribute()
    event = UnicodeAttribute()

    by_sequence = SequenceIndex()
    by_account = LinesOfAccountIndex()
    held_index = HeldIndex()


_PAYABLE = EarningLineRow.payout_id.does_not_exist() & EarningLineRow.held_for.does_not_exist()


def put(line: EarningLine, *, now: datetime, actor: str, event: str = "") -> Put:
    """The write of a line, new or noted on anew ``now``. Without an ``event`` none is published."""
    changed = replace(line, version=line.version + 1, revision=line.revision + (1 if event else 0))
    listed = line.held_for and line.kind in DECIDED and not line.is_settled
    row = EarningLineRow.of(changed, held_list=_HELD if listed else None, updated_at=now, actor=actor, event=event)
    return Put(row, subject=line.id, condition=subject_unchanged(EarningLineRow, line.version))


def stored(put: Put) -> EarningLine:
    """The line as a ``put`` leaves it in the table."""
    assert isinstance(put.row, EarningLineRow)
    return put.row.value()


def get(partner_id: str, line_id: str) -> EarningLine | None:
    try:
        return EarningLineRow.get(partner_id, line_id, consistent_read=True).value()
    except EarningLineRow.DoesNotExist:
        return None


def get_many(partner_id: str, line_ids: Iterable[str]) -> dict[str, EarningLine]:
    """The lines with these ids, in one consistent read for every hundred."""
    keys = [(partner_id, line_id) for line_id in line_ids]
    return {row.id: row.value() for row in EarningLineRow.batch_get(keys, consistent_read=True)} if keys else {}


def existing(keys: Sequence[tuple[str, str]]) -> set[str]:
    """Those of these lines that there are, by their partners' ids and their own."""
    return {row.id for row in EarningLineRow.batch_get(list(keys), consistent_read=True)}


def in_order(partner_id: str, *, until: int) -> Iterator[EarningLine]:
    """A partner's lines in their order, up to a number, page by page as they are asked for."""
    return (row.value() for row in EarningLineRow.by_sequence.query(partner_id, EarningLineRow.sequence <= until))


def payable(
    partner_id: str, *, after: int, until: int, payable_on: date, limit: int
) -> tuple[list[EarningLine], int | None]:
    """Lines that can be paid out on a date, by their places after one and up to another, and the place from which the
    rest follows; None if no line follows. The places are found by an index; the lines are as they are now. Only so many
    places are looked at: those of lines that were settled long ago may be most of the ledger.
    """
    reached = min(until, after + _PLACES_AT_ONCE)
    rows = (
        EarningLineRow.by_sequence.query(
            partner_id,
            EarningLineRow.sequence.between(after + 1, reached),
            filter_condition=_PAYABLE & (EarningLineRow.payable_on <= payable_on),
            attributes_to_get=["id", "sequence"],
            page_size=2 * limit,  # a megabyte would be read anew for each part of a payout
        )
        if after < until
        else ()
    )
    found = list(islice(rows, limit))
    lines = get_many(partner_id, [row.id for row in found])
    last = int(found[-1].sequence) if len(found) == limit else reached if reached < until else None
    still = [line for line in lines.values() if not line.is_settled and not line.held_for]
    return sorted(still, key=lambda line: line.sequence), last


def of_payout(payout_id: str, *, partner_id: str, after: int, until: int) -> Iterator[EarningLine]:
    """The lines that a payout settles, by their places after one and up to another, page by page."""
    return (row.value() for row in _of_payout(payout_id, partner_id, after, until))


def page_of_payout(
    payout_id: str, *, partner_id: str, after: int, until: int, limit: int, start: dict[str, Any] | None
) -> tuple[list[EarningLine], dict[str, Any] | None]:
    """Some of the lines that a payout settles, and where the next page starts. See :func:`of_payout`."""
    rows = _of_payout(payout_id, partner_id, after, until, last_evaluated_key=start)
    return pages.page_of(rows, limit)


def _of_payout(payout_id: str, partner_id: str, after: int, until: int, **options: Any) -> Any:
    return EarningLineRow.by_sequence.query(
        partner_id,
        EarningLineRow.sequence.between(after + 1, max(until, after + 1)),
        filter_condition=(EarningLineRow.payout_id == payout_id) & (EarningLineRow.kind != LineKind.PAYOUT),
        **options,
    )


def first_unsettled(partner_id: str, *, after: int) -> EarningLine | None:
    """The first line after a place that no payout has settled."""
    rows = EarningLineRow.by_sequence.query(
        partner_id, EarningLineRow.sequence > after, filter_condition=EarningLineRow.payout_id.does_not_exist()
    )
    return next((row.value() for row in rows), None)


def open_of_account(account_id: str, *, partner_id: str) -> list[EarningLine]:
    """The partner's commissions and bonuses with an account that no payout has settled."""
    rows = EarningLineRow.by_account.query(
        account_id,
        filter_condition=(EarningLineRow.partner_id == partner_id)
        & EarningLineRow.payout_id.does_not_exist()
        & EarningLineRow.kind.is_in(*DECIDED),
    )
    return [row.value() for row in rows]


def held(*, limit: int, start: dict[str, Any] | None) -> tuple[list[EarningLine], dict[str, Any] | None]:
    """The lines of all partners that are held, by their ids, and where the next page starts."""
    rows = EarningLineRow.held_index.query(_HELD, page_size=limit + 1, last_evaluated_key=start)
    return pages.page_of(rows, limit)


def partner_of_held(line_id: str) -> str | None:
    """Whose held line that is."""
    rows = EarningLineRow.held_index.query(_HELD, EarningLineRow.id == line_id, limit=1)
    return next((row.partner_id for row in rows), None)


def filters(
    *,
    kind: LineKind | None,
    status: LineStatus | None,
    since: datetime | None,
    until: datetime | None,
    today: date,
) -> Condition | None:
    """The condition of lines of a kind and a status, entered from ``since`` to before ``until``."""
    settled, held_ = EarningLineRow.payout_id.exists(), EarningLineRow.held_for.exists()
    statuses = {
        LineStatus.SETTLED: settled,
        LineStatus.HELD: ~settled & held_,
        LineStatus.PAYABLE: ~settled & ~held_ & (EarningLineRow.payable_on <= today),
        LineStatus.PENDING: ~settled & ~held_ & (EarningLineRow.payable_on > today),
    }
    return pages.all_of(
        [
            EarningLineRow.kind == kind if kind else None,
            statuses[status] if status else None,
            EarningLineRow.at >= since if since else None,
            EarningLineRow.at < until if until else None,
        ]
    )


def newest(
    partner_id: str, *, account_id: str | None, filters: Condition | None, limit: int, start: dict[str, Any] | None
) -> tuple[list[EarningLine], dict[str, Any] | None]:
    """A partner's lines, of one account or of all, newest first, and where the next page starts."""
    index = EarningLineRow.by_sequence if account_id is None else EarningLineRow.by_account
    if account_id is not None:
        filters = pages.all_of([EarningLineRow.partner_id == partner_id, filters])
    return pages.newest(index.query, account_id or partner_id, where=filters, limit=limit, start=start)
