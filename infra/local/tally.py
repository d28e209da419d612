"""What happened during a journey in time, from the events it left in the event log."""

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from infra.local.deployed import DeployedStack

QUIET_SECONDS = 1.0
PATIENCE_SECONDS = 120.0
POLL_SECONDS = 0.05

NOTICES = ("account.renewal_upcoming", "account.trial_ending", "prepaid.running_out", "prepaid.used_up")

EventKey = tuple[str, str]


@dataclass
class Tally:
    """Events by their type, and what cards were charged by currency (minor units)."""

    events: Counter[str] = field(default_factory=Counter)
    card_charged: Counter[str] = field(default_factory=Counter)

    def add(self, event_type: str, data: dict[str, Any]) -> None:
        """Count one event."""
        self.events[event_type] += 1
        if event_type == "invoice.paid":
            self.card_charged[data["currency"]] += data["card_charged"]

    @property
    def counts(self) -> dict[str, int]:
        """What one asks for first, by name."""
        return {
            "renewals": self.events["account.renewed"],
            "charges": self.events["invoice.paid"],
            "declines": self.events["invoice.payment_failed"],
            "expiries": self.events["account.expired"],
            "notices": sum(self.events[notice] for notice in NOTICES),
        }


class StreamBlocked(Exception):
    """A batch of changes fails whenever it is delivered, and everything behind it waits."""


class EventLog:
    """The event log of a deployed stack, all partners' together."""

    def __init__(self, deployed: DeployedStack) -> None:
        self._dynamodb = deployed.dynamodb
        self._functions = deployed.functions
        self._table = deployed.environment["EVENTS_TABLE"]

    def keys(self) -> set[EventKey]:
        """The keys of all events there are."""
        return {_key(item) for item in self._scan(ProjectionExpression="partner_id, id")}

    def tally_since(self, earlier: set[EventKey]) -> Tally:
        """What the events are that came after `earlier`."""
        tally = Tally()
        for item in self._scan():
            if _key(item) not in earlier:
                tally.add(item["type"]["S"], json.loads(item["data"]["S"]) if "data" in item else {})
        return tally

    def wait_until_complete(self) -> None:
        """Wait for the streams: until the log has stopped growing. Raises StreamBlocked if one of them is stuck."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        count, since = self._count(), time.monotonic()
        while time.monotonic() - since < QUIET_SECONDS and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            latest = self._count()
            if latest != count:
                count, since = latest, time.monotonic()
        blocked = [mapping["EventSourceArn"] for mapping in self._mappings() if _is_blocked(mapping)]
        if blocked:
            raise StreamBlocked(f"Changes cannot be told: {', '.join(blocked)}; .local/ministack.log tells why.")

    def _mappings(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._functions.list_event_source_mappings()["EventSourceMappings"]
        return found

    def _count(self) -> int:
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._table, Select="COUNT")
        return sum(page["Count"] for page in pages)

    def _scan(self, **arguments: Any) -> list[dict[str, Any]]:
        pages = self._dynamodb.get_paginator("scan").paginate(TableName=self._table, **arguments)
        return [item for page in pages for item in page["Items"]]


def _key(item: dict[str, Any]) -> EventKey:
    return item["partner_id"]["S"], item["id"]["S"]


def _is_blocked(mapping: dict[str, Any]) -> bool:
    return "/stream/" in mapping["EventSourceArn"] and mapping.get("LastProcessingResult") == "FAILED"
