"""A partner that is about to be paid."""

from datetime import timedelta
from typing import Any

from chalicelib.domain.earnings.payouts import Payout
from chalicelib.domain.ids import new_id
from chalicelib.models.earnings import payouts as payout_rows
from chalicelib.services.earnings import decisions, payees
from tests.earning_worlds import EarningWorld

ADDRESS = "money@bright.example"


class PayoutWorld(EarningWorld):
    """A partner with a PayPal address and what it has earned, on the eve of its payout unless it is told otherwise."""

    def earn(self, *amounts: int) -> list[str]:
        """Enter adjustments, which are payable at once; their ids."""
        return [
            decisions.adjust(
                line_id=new_id("earn", at=self.now),
                partner_id=self.partner_id,
                amount=amount,
                reason="Test",
                now=self.now,
                actor="operator",
            ).id
            for amount in amounts
        ]

    def be_paid_at(self, address: str | None) -> None:
        payees.set_address(partner_id=self.partner_id, paypal_email=address, now=self.now, actor="partner")

    def to_payout_day(self) -> None:
        """Time goes on to the instant at which the next run begins; its schedules have not run."""
        alarm = self.next_payout_alarm()
        self.advance(to=alarm - timedelta(seconds=1))
        self.now = alarm

    def next_payout_alarm(self) -> Any:
        from chalicelib.models.earnings import payout_runs

        (alarm,) = payout_runs.partner_alarms([self.partner_id])
        return alarm.due_at

    @property
    def payouts(self) -> list[Payout]:
        """The partner's payouts, oldest first."""
        return list(payout_rows.of_partner(self.partner_id))

    @property
    def payout(self) -> Payout:
        """The newest payout."""
        return self.payouts[-1]


def a_payday(*amounts: int, address: str | None = ADDRESS, program: str = "solutions") -> PayoutWorld:
    """A partner that has earned this, at the instant at which it is paid."""
    world = PayoutWorld(program=program)
    world.be_paid_at(address)
    world.earn(*(amounts or (6_000,)))
    world.to_payout_day()
    return world
