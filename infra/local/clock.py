"""The clock of a stack outside production: the real one, plus an offset kept in the control table."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from infra.local.deployed import DeployedStack

ROW = {"id": {"S": "clock"}}


class InThePast(Exception):
    """Clocks only move forward."""


class StackClock:
    """A stack's clock: reads it and moves it."""

    def __init__(self, deployed: DeployedStack) -> None:
        self._dynamodb = deployed.dynamodb
        self._table = deployed.environment["CONTROL_TABLE"]
        self._offset = self._stored_offset()

    def now(self) -> datetime:
        """What the clock shows."""
        return datetime.now(UTC) + self._offset

    def move_to(self, instant: datetime) -> None:
        """Make the clock show `instant` now. Raises InThePast if the clock is past it."""
        offset = instant - datetime.now(UTC)
        if offset < self._offset:
            raise InThePast(f"The stack's clock already shows {shown(self.now())}; it only moves forward.")
        self._dynamodb.update_item(
            TableName=self._table,
            Key=ROW,
            UpdateExpression="SET offset_seconds = :offset",
            ExpressionAttributeValues={":offset": {"N": f"{offset.total_seconds():.6f}"}},
        )
        self._offset = offset

    def _stored_offset(self) -> timedelta:
        row = self._dynamodb.get_item(TableName=self._table, Key=ROW, ConsistentRead=True).get("Item", {})
        seconds = Decimal(row.get("offset_seconds", {"N": "0"})["N"])
        return timedelta(seconds=float(seconds))


def shown(instant: datetime) -> str:
    """`2026-11-21T06:00:00Z`: whole seconds, UTC, as alarms are written."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
