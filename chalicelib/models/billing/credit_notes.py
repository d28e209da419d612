"""Credit notes: the journal entries that have a number of their own (docs/rules.md §6)."""

from datetime import datetime
from typing import Any

from chalicelib.domain.wallet.journal import Entry
from chalicelib.models import pages
from chalicelib.models.billing.journal import EntryRow


def of_payer(
    payer: str, *, since: datetime | None, until: datetime | None, limit: int, start: dict[str, Any] | None
) -> tuple[list[Entry], dict[str, Any] | None]:
    """The journal entries that are a payer's credit notes, newest first, and where the next page starts."""
    where = pages.all_of([EntryRow.at >= since if since else None, EntryRow.at < until if until else None])
    return pages.newest(EntryRow.by_credit_note.query, payer, where=where, limit=limit, start=start)
