"""Credit notes as their invoice's payer sees them (docs/rules.md §6)."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from chalicelib.domain.billing.credit_notes import CreditNote, credit_note_of, entry_id_of
from chalicelib.domain.refusals import NotFound
from chalicelib.domain.wallet.journal import Entry
from chalicelib.models.billing import credit_notes as credit_note_rows
from chalicelib.models.billing import journal as journal_rows
from chalicelib.services.billing.invoices import days_of


def get_credit_note(*, payer: str, credit_note_id: str) -> CreditNote:
    """A payer's credit note. Raises :class:`NotFound` for whatever else the journal has."""
    found = journal_rows.get(payer, entry_id_of(credit_note_id)) if credit_note_id.startswith("cn_") else None
    note = credit_note_of(found) if found else None
    if note is None:
        raise NotFound.of("credit note", credit_note_id)
    return note


def list_credit_notes(
    *, payer: str, since: date | None, until: date | None, limit: int, start: dict[str, Any] | None
) -> tuple[list[CreditNote], dict[str, Any] | None]:
    """A payer's credit notes, newest first; ``since`` and ``until`` are its local dates, both included."""
    first, behind = days_of(payer, since, until)
    found, last = credit_note_rows.of_payer(payer, since=first, until=behind, limit=limit, start=start)
    return _notes(found), last


def _notes(entries: Sequence[Entry]) -> list[CreditNote]:
    return [note for note in map(credit_note_of, entries) if note is not None]
