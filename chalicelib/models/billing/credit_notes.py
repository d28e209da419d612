"""Credit notes: the journal entries that have a number of their own (docs/rules.md §6)."""

from datetime import datetime
from typing import Any

from chalicelib.domain.wallet.journal import Entry
from chalicelib.models.base import all_of, page_of
from chalicelib.models.billing.journal import EntryRow


def of_payer(
    payer: str, *, since: datetime | None, until: datetime | None, limit: int, start: dict[str, Any] | None
) -> tuple[list[Entry], dict[str, Any] | None]:
    """The journal entries that are a payer's credit notes, newest first, and where the next page starts."""
    rows = EntryRow.by_credit_note.query(
        payer,
        filter_condition=all_of([EntryRow.at >= since if since else None, EntryRow.at < until if until else None]),
        scan_index_forward=False,
        page_size=limit + 1,
        last_evaluated_key=start,
    )
    page, last = page_of(rows, limit)
    return [row.value() for row in page], last
