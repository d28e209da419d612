"""Addresses that bounce mail, or complained of it (docs/rules.md §11)."""

from datetime import datetime
from enum import StrEnum

from chalicelib.domain.values import dataclass


class Reason(StrEnum):
    BOUNCE = "bounce"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address in lower case that gets no more mail, and why; with the partner and account of that mail, if known."""

    address: str
    reason: Reason
    detail: str
    at: datetime
    partner_id: str | None = None
    account_id: str | None = None
