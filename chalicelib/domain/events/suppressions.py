"""Addresses that take no mail, or want none (docs/rules.md §11)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Reason(StrEnum):
    BOUNCE = "bounce"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address nothing is sent to any more, in lower case, and what came back. Who was written about, if known."""

    address: str
    reason: Reason
    detail: str
    at: datetime
    partner_id: str | None = None
    account_id: str | None = None
