"""How long things take: what was measured on this product, what is assumed of AWS, and how an installation is set."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.growth import limits

MESSAGE = 33
"""Accounts of a full message."""


@dataclass(frozen=True)
class Measured:
    """What benchmarks.renewals measured of one way to pay, for one renewal.

    ``units`` are write units by place, without those of the reminder, which comes on another day; ``dollars`` are for a
    million, with the reminder.
    """

    cpu_ms: float
    requests_a_message: float
    dollars: float
    units: dict[str, float]

    @classmethod
    def read(cls, file: Path, way: str) -> "Measured":
        told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))[way]
        return cls(**{name: told[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Assumed:
    """What can't be measured without AWS."""

    request_ms: float = 8.0
    """A request to DynamoDB or SQS from a function in the same region, small or of 33 items."""
    transaction_ms: float = 40.0
    """A transaction of 67 to 100 items."""
    card_ms: float = 1_500.0
    """A charge at the card processor."""


@dataclass(frozen=True)
class Setting:
    """How an installation is set, as far as it decides how fast renewals go."""

    name: str
    workers: int = 20
    shards: int = 16
    card_parallel: int = 8
    worker_megabytes: int = 1_024
    sweep_megabytes: int = 1_769
    sweeps_at_once: int = 1
    """In how many parts the shards are swept at the same time."""


def message_seconds(
    measured: Measured, assumed: Assumed, setting: Setting, *, accounts: int = MESSAGE, card: bool = False
) -> float:
    """How long a worker takes for a message: its requests one after the other, its CPU, and the cards if any."""
    cards = -(-accounts // setting.card_parallel) * assumed.card_ms / 1e3 if card else 0
    return waiting_seconds(measured, assumed, card=card) + accounts * cpu_seconds(measured, setting) + cards


def waiting_seconds(measured: Measured, assumed: Assumed, *, card: bool = False) -> float:
    """What a message's requests to DynamoDB take, however many accounts it names."""
    transactions = 2 if card else 1  # a card is charged between hold and settle
    others = measured.requests_a_message - transactions
    return (others * assumed.request_ms + transactions * assumed.transaction_ms) / 1e3


def cpu_seconds(measured: Measured, setting: Setting) -> float:
    """What one account takes a worker without waiting."""
    return measured.cpu_ms / cpu_share(setting.worker_megabytes) / 1e3


def swept_a_second(cpu_seconds: float, assumed: Assumed, setting: Setting) -> float:
    """Accounts that a sweep finds and sends in a second: its CPU for each, and a request for ten messages."""
    cpu = cpu_seconds / cpu_share(setting.sweep_megabytes)
    sending = assumed.request_ms / 1e3 / (MESSAGE * limits.MESSAGES_A_REQUEST)
    return setting.sweeps_at_once / (cpu + sending)


def cpu_share(megabytes: int) -> float:
    """The part of a virtual CPU that a function with this much memory has; one process uses no more than one."""
    return min(1.0, megabytes / limits.FULL_CPU_MEGABYTES)


def most_a_second(measured: Measured, setting: Setting, *, card: bool = False) -> tuple[float, str]:
    """The most renewals a second that the limits outside our code allow, and which limit that is."""
    bounds = {
        f"{place}: {limits.TABLE_WRITES:,} write units a second of a table": limits.TABLE_WRITES / units
        for place, units in measured.units.items()
        if units
    }
    due = measured.units.get("accounts/due")
    if due:
        bounds[f"{setting.shards} partitions of the due index"] = setting.shards * limits.PARTITION_WRITES / due
    if card:
        bounds["the card processor's rate limit"] = limits.CARDS_A_SECOND
    reason = min(bounds, key=lambda each: bounds[each])
    return bounds[reason], reason
