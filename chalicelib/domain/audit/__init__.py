"""Proving a payer's books: each check compares what is written in two places (docs/decisions/audit.md)."""

from chalicelib.domain.audit.books import (
    AccountInBooks,
    Alarm,
    Books,
    ChargesFor,
    InvoiceInBooks,
    PaidByCard,
    Waiting,
)
from chalicelib.domain.audit.earnings import EarningReads, InvoiceEarningsCheck, of_ledger
from chalicelib.domain.audit.findings import Finding, Kind
from chalicelib.domain.audit.payouts import PayoutSums, of_payouts
from chalicelib.domain.audit.proof import prove

__all__ = [
    "AccountInBooks",
    "Alarm",
    "Books",
    "ChargesFor",
    "EarningReads",
    "Finding",
    "InvoiceEarningsCheck",
    "InvoiceInBooks",
    "Kind",
    "PaidByCard",
    "PayoutSums",
    "Waiting",
    "of_ledger",
    "of_payouts",
    "prove",
]
