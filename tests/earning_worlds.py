"""A world whose changes reach the earnings ledgers, as the tables' streams let them."""

from dataclasses import dataclass, field
from typing import Any

from chalicelib.config import settings
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.earnings.balances import EarningBalance
from chalicelib.domain.earnings.lines import EarningLine
from chalicelib.models.earnings import balances as balance_rows
from chalicelib.models.earnings.lines import EarningLineRow
from chalicelib.services.earnings import postings
from tests.books import images
from tests.world import World

LITE = PlanRequest("S1", "email", "lite", 1000, Frequency.MONTHLY)


@dataclass
class EarningWorld(World):
    """A partner that earns. After each run of the schedules its changes are streamed, and what they bring is posted."""

    program: str = "solutions"
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run_schedules(self, *, healing: bool = False, times: int = 1) -> None:
        super().run_schedules(healing=healing, times=times)
        if self.stream():
            super().run_schedules(healing=healing, times=times)

    def stream(self) -> bool:
        """Set the alarms for what has changed since the last time; whether anything has."""
        changes = []
        for table in (settings().ledger_table, settings().accounts_table):
            for image in images(table):
                old = self.seen.get(image["id"]["S"])
                if image != old:
                    changes.append((table, old, image))
                    self.seen[image["id"]["S"]] = image
        postings.set_alarms(changes, now=self.now)
        return bool(changes)

    def post(self) -> None:
        """Stream and post what has happened."""
        self.run_schedules()

    @property
    def lines(self) -> list[EarningLine]:
        """The partner's lines in their order."""
        return [row.value() for row in EarningLineRow.by_sequence.query(self.partner_id)]

    @property
    def balance(self) -> EarningBalance:
        found = balance_rows.get(self.partner_id)
        assert found is not None
        return found

    def earned(self, account_id: str) -> int:
        return balance_rows.with_accounts(self.partner_id, [account_id])[account_id].earned.amount
