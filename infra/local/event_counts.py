"""What happened while the clock was moved, counted from the event log."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from infra.local.deployed import DeployedStack

EventKey = tuple[str, str]


@dataclass
class EventCounts:
    """Events by type, the amounts cards were charged by currency (minor units), and the number of mails sent."""

    events: Counter[str] = field(default_factory=Counter)
    card_charged: Counter[str] = field(default_factory=Counter)
    mails: int = 0

    def add(self, event_type: str, data: dict[str, Any]) -> None:
        """Count one event."""
        self.events[event_type] += 1
        if event_type == "invoice.paid":
            self.card_charged[data["currency"]] += data["card_charged"]

    @property
    def totals(self) -> dict[str, int]:
        """The most important counts, by name."""
        return {
            "renewals": self.events["account.renewed"],
            "charges": self.events["invoice.paid"],
            "declines": self.events["invoice.payment_failed"],
            "expiries": self.events["account.expired"],
            "notices": self.mails,
        }


class EventLog:
    """The event log of a deployed stack, of all partners."""

    def __init__(self, deployed: DeployedStack) -> None:
        self._dynamodb = deployed.dynamodb
        self._table = deployed.environment["EVENTS_TABLE"]

    def keys(self) -> set[EventKey]:
        """The keys of all events."""
        return {_key(item) for item in self._scan(ProjectionExpression="partner_id, id")}

    def count_since(self, earlier: set[EventKey]) -> EventCounts:
        """The counts of the events that are not among `earlier`."""
        counts = EventCounts()
        for item in self._scan():
            if _key(item) not in earlier:
                counts.add(item["type"]["S"], json.loads(item["data"]["S"]) if "data" in item else {})
        return counts

    def _scan(self, **arguments: Any) -> list[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._table, **arguments)
        return [item for page in pages for item in page["Items"]]


def _key(item: dict[str, Any]) -> EventKey:
    return item["partner_id"]["S"], item["id"]["S"]
