"""Provisioning: how far the product's platform is with preparing an account (docs/rules.md §2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class ProvisioningStatus(StrEnum):
    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Provisioning:
    """An account the platform has not said yes to: it is being prepared, or it cannot be. A ready one has none of this.

    Pending, the platform is asked (again) at ``ask_at``, until it is given up at ``give_up_at``; what
    the account is built from, ``snapshot_id``, comes first. Failed for ``reason``, what was paid is
    given back from ``refund_at`` on; ``refunds_declined`` counts the times the processor said no.
    """

    status: ProvisioningStatus
    give_up_at: datetime
    ask_at: datetime | None = None
    asked: int = 0
    snapshot_id: str | None = None
    reason: str | None = None
    refund_at: datetime | None = None
    refunds_declined: int = 0


_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
"""Between one time the platform is asked and the next; the last holds from then on."""


def ask_again_at(provisioning: Provisioning, *, now: datetime) -> datetime:
    """When the platform is asked once more, after it was asked ``now`` and did not decide."""
    return now + _PAUSES[min(provisioning.asked, len(_PAUSES) - 1)]
