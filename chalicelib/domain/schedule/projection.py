"""The worker's steps simulated ahead in memory, on copies of accounts (docs/decisions/forecast.md).

The steps are those the worker will take: :func:`lifecycle.upcoming` says which and when, :mod:`renewals` what a period
costs, :mod:`projected_wallets` who pays, :mod:`single_bills` and :mod:`contracts` when these charge, :mod:`prepaid`
what a top-up buys. The one assumption is that no card is declined.
"""

import heapq
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from chalicelib.domain.accounts import lifecycle, paid_periods
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.lifecycle import Step, StepKind
from chalicelib.domain.accounts.light_accounts import lightened
from chalicelib.domain.billing import contracts, single_bills
from chalicelib.domain.billing.contracts import Contract
from chalicelib.domain.calendar import local_date
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.copies import replace
from chalicelib.domain.money import Money
from chalicelib.domain.schedule import quiet_steps
from chalicelib.domain.schedule.ahead import Ahead, Renewing, Waiting, ahead_of
from chalicelib.domain.schedule.next_prices import NextPrices
from chalicelib.domain.wallet import open_bill, prepaid
from chalicelib.domain.wallet.open_bill import OpenBill
from chalicelib.domain.wallet.projected_wallets import ProjectedWallet
from chalicelib.domain.wallet.wallets import TopUp, Wallet

NEVER_REMINDED_DAYS = 1000
"""More days before its end than any period is long."""


class Payment(NamedTuple):
    """What will be charged: at which instant, for which account, contract or bill, and how it will be paid.

    A top-up's ``subject`` is the payer.
    """

    at: datetime
    subject: str
    amount: Money
    prepaid: Money
    card: Money


class BillAhead(NamedTuple):
    """The alarm of a Single Bill, and what is asked then of one that is declined; its charge, if one is in progress."""

    id: str
    due_at: datetime | None
    total: Money | None = None
    charge: Charge | None = None


class Projection:
    """The payments ahead of one payer, in order. ``wallet`` is as the last payment that was read leaves it.

    ``accounts`` are all that are not pending, as they are stored. ``check_at`` is the next daily balance check,
    ``at_once`` how many accounts the worker takes with one message: a top-up comes after each.
    """

    def __init__(
        self,
        accounts: Iterable[Account],
        *,
        program: Program,
        wallet: Wallet,
        projected: ProjectedWallet,
        time_zone: str,
        bills_ahead: Iterable[BillAhead],
        contract: Contract | None = None,
        check_at: datetime,
        at_once: int,
        now: datetime,
    ) -> None:
        self.wallet = projected
        self._payer = wallet.payer
        self._program = program if wallet.top_up else _without_reminders(program)
        self._time_zone = time_zone
        self._now = now
        self._at_once = at_once
        self._counted = wallet.active_paid_accounts
        self._top_up: TopUp | None = wallet.top_up
        self._bill: OpenBill | None = wallet.single_bill
        self._bills = {ahead.id: ahead for ahead in bills_ahead}
        self._prices = NextPrices(self._program)
        self._queue: list[tuple[datetime, int, str, Any]] = []
        for account in accounts:
            # One that is being prepared counts as ready: until then it is not charged.
            ready = replace(lightened(account), provisioning=None) if account.provisioning else account
            self._wait(self._ahead_of(self._as_reminded(ready)))
        for ahead in self._bills.values():
            self._ring(ahead)
        if contract is not None:
            self._await_year(contract)
        if self._top_up is not None:
            self._push(check_at, _CHECK, wallet.payer, None)

    def buy(self, amount: Money) -> None:
        """Put money in that is bought now, before anything else happens."""
        self.wallet.add(amount)
        self._retry_if_covered(self._now)

    def payments(self, *, until: datetime) -> Iterator[Payment]:
        """Everything that is charged before ``until``, a top-up too."""
        queue = self._queue
        while queue and queue[0][0] < until:
            at, rank, subject, item = heapq.heappop(queue)
            now = max(at, self._now)
            if rank == _ACCOUNT:
                batch = [item]
                while queue and len(batch) < self._at_once and queue[0][1] == _ACCOUNT and queue[0][0] <= now:
                    batch.append(heapq.heappop(queue)[3])
                yield from self._work_accounts(batch, now)
                yield from self._work_top_up(now)
            elif rank == _CONTRACT:
                yield self._pay_year(item, now)
            elif rank == _BILL:
                ahead = self._bills.get(subject)
                if ahead is not None and ahead is item:  # else its alarm was set anew
                    yield from self._work_bill(ahead, now)
            else:
                yield from self._work_top_up(now)
                self._push(prepaid.next_check_at(now=now), _CHECK, subject, None)

    def _push(self, at: datetime, rank: int, subject: str, item: Any) -> None:
        heapq.heappush(self._queue, (at, rank, subject, item))

    def _as_reminded(self, account: Account) -> Account:
        """The account with the reminder that was due by now marked as sent: a summary does not say whether it was."""
        if self._top_up is None:
            return account  # nobody is reminded then
        step = lifecycle.upcoming(account, program=self._program)
        if step is None or step.kind not in _REMINDERS or step.due_at > self._now:
            return account
        return lifecycle.reminded(lightened(account), now=self._now)

    def _ahead_of(self, account: Account) -> Ahead | None:
        return ahead_of(account, program=self._program)

    def _wait(self, ahead: Ahead | None) -> None:
        if ahead is not None:
            heapq.heappush(self._queue, (ahead.due_at, _ACCOUNT, ahead.account.id, ahead))

    def _ring(self, ahead: BillAhead) -> None:
        if ahead.due_at is not None:
            self._push(ahead.due_at, _BILL, ahead.id, ahead)

    def _work_accounts(self, due: list[Ahead], now: datetime) -> Iterator[Payment]:
        """Take the accounts' steps as the worker does: of each one a round, those that charge before the others."""
        while due:
            quiet: list[Ahead] = []
            after: list[Ahead | None] = []
            for ahead in due:
                if not ahead.charges_next:
                    quiet.append(ahead)
                    continue
                following, payment = (
                    self._renew(ahead, now) if isinstance(ahead, Renewing) else self._charge(ahead, now)
                )
                after.append(following)
                if payment is not None:
                    yield payment
            after += [self._taken(ahead, now) for ahead in quiet]
            due = []
            for following in after:
                if following is not None and following.due_at <= now:
                    due.append(following)
                else:
                    self._wait(following)
            due.sort(key=lambda ahead: (ahead.due_at, ahead.account.id))

    def _renew(self, renewing: Renewing, now: datetime) -> tuple[Ahead | None, Payment | None]:
        account = renewing.account
        if account.single_bill and not self._takes_invoices:
            return self._ahead_of(lifecycle.deferred(renewing.as_account(), now=now)), None
        period = renewing.period_due()
        by = renewing.terms_by, renewing.priced_by
        priced = self._prices.of_period(period, account, *by, active_paid_accounts=self._counted)
        renewing.begin(period)
        return renewing, self._pay(account, priced.total, now) if priced else None

    def _charge(self, waiting: Waiting, now: datetime) -> tuple[Ahead | None, Payment | None]:
        account, step = waiting.account, waiting.step
        after, payment = self._finished(account, now) if account.charge else self._charged(account, step, now)
        return self._ahead_of(after), payment

    def _charged(self, account: Account, step: Step, now: datetime) -> tuple[Account, Payment | None]:
        overdue = account.overdue if step.kind is StepKind.RETRY_CHARGE else None
        payment: Payment | None
        if overdue is not None:
            period, price, terms, total = overdue.period, overdue.price, overdue.terms, overdue.total
            payment = self._pay_at_once(account, total, now)  # what is past due was asked of a card
        else:
            if account.single_bill and not self._takes_invoices:
                return lifecycle.deferred(account, now=now), None
            period = lifecycle.period_due(account)
            priced = self._prices.of(account, active_paid_accounts=self._counted)
            if priced is None:
                return quiet_steps.advanced_unpriced(account, now=now), None
            terms, price, _, total = priced
            payment = self._pay(account, total, now)
        return paid_periods.advanced_to(account, period=period, price=price, terms=terms, now=now), payment

    @property
    def _takes_invoices(self) -> bool:
        """Whether there is a Single Bill, and invoices are added to it."""
        return self._bill is not None and self._bill.takes_invoices

    def _pay(self, account: Account, total: Money, now: datetime) -> Payment | None:
        """Pay for a period, or add it to the Single Bill that the account is on."""
        bill = self._bill if account.single_bill else None
        if bill is None:
            return self._pay_at_once(account, total, now)
        billed = self.wallet.put_on_bill(account.id, total)
        if not billed:  # money set aside pays all of it at once
            return Payment(now, account.id, total, total, billed)
        self._bill = open_bill.added(bill, billed)
        return None

    def _pay_at_once(self, account: Account, total: Money, now: datetime) -> Payment:
        prepaid, card = self.wallet.pay(account.id, total)
        return Payment(now, account.id, total, prepaid, card)

    def _finished(self, account: Account, now: datetime) -> tuple[Account, Payment | None]:
        """A charge that is in progress is finished as it was frozen; its prepaid part is held for it."""
        charge = account.charge
        assert charge is not None
        card = charge.card or Money.zero(charge.total.currency)
        paid = paid_periods.paid(account, charge, now=now)
        self._counted += int(paid.counts_as_active_paid) - int(account.counts_as_active_paid)
        if charge.from_set_aside:
            self.wallet.put_on_bill(account.id, charge.from_set_aside)
        return paid, Payment(now, account.id, charge.total, charge.prepaid, card)

    def _taken(self, ahead: Ahead, now: datetime) -> Ahead | None:
        """The account after a step that charges nothing; the count and money set aside follow (§5, §7)."""
        if isinstance(ahead, Renewing):
            ahead.remind()
            return ahead
        before = ahead.account
        after = quiet_steps.taken(before, ahead.step, now=now)
        self._counted += int(after.counts_as_active_paid) - int(before.counts_as_active_paid)
        if after.has_ended and not before.has_ended:
            self.wallet.release(before.id)
        return self._ahead_of(after)

    def _await_year(self, contract: Contract) -> None:
        if contract.due_at is not None:
            self._push(contract.due_at, _CONTRACT, contract.id, contract)

    def _pay_year(self, contract: Contract, now: datetime) -> Payment:
        """The year of a contract that is due, or unpaid; then the next one is awaited."""
        charge = contract.charge or contracts.year_charge(contract, billing_profile_id=None, now=now)
        total = contract.unpaid.total if contract.unpaid else charge.total
        if contract.charge is not None:
            payment = Payment(now, contract.id, total, charge.prepaid, charge.card or Money.zero(total.currency))
        else:
            parts = self.wallet.pay(contract.id, total)
            payment = Payment(now, contract.id, total, parts.prepaid, parts.card)
        after = contracts.paid(contract, charge, time_zone=self._time_zone, now=now)
        self._await_year(after)
        return payment

    def _work_bill(self, ahead: BillAhead, now: datetime) -> Iterator[Payment]:
        bill = self._bill
        assert bill is not None
        if ahead.total is not None:
            yield self._paid(ahead, ahead.total, now)
            del self._bills[ahead.id]
            self._bill = replace(bill, unpaid=None)
            return
        due_at = single_bills.next_bill_day(bill, now=now, time_zone=self._time_zone)
        if open_bill.stays_open(bill):
            following = ahead._replace(due_at=due_at)
        else:
            yield self._paid(ahead, bill.total, now)
            following = BillAhead(single_bills.bill_id(self._payer, bill.number + 1, now=now), due_at)
            self._bill = open_bill.next_bill(bill, bill_id=following.id, today=local_date(now, self._time_zone))
        self._bills[following.id] = following
        self._ring(following)

    def _paid(self, ahead: BillAhead, total: Money, now: datetime) -> Payment:
        if ahead.charge is not None:
            card = ahead.charge.card or Money.zero(total.currency)
            return Payment(now, ahead.id, total, ahead.charge.prepaid, card)
        parts = self.wallet.pay(ahead.id, total)
        return Payment(now, ahead.id, total, parts.prepaid, parts.card)

    def _work_top_up(self, now: datetime) -> Iterator[Payment]:
        top_up = self._top_up
        if top_up is None or (top_up.waits_until and now < top_up.waits_until):
            return
        self.wallet.must_hold(top_up.below)
        bought = prepaid.topped_up_by(top_up, general=self.wallet.general, now=now)
        if bought is None:
            return
        self._top_up = replace(top_up, waits_until=None)
        self.wallet.add(bought)
        yield Payment(now, self._payer, bought, Money.zero(bought.currency), bought)
        self._retry_if_covered(now)

    def _retry_if_covered(self, now: datetime) -> None:
        """Try a declined bill again at once if prepaid money covers all of it by now."""
        ahead = self._bills.get(self._bill.unpaid) if self._bill and self._bill.unpaid else None
        if ahead is None or ahead.total is None or ahead.charge is not None:
            return
        if single_bills.is_covered(ahead.total, general=self.wallet.general):
            self._bills[ahead.id] = soon = ahead._replace(due_at=now)
            self._ring(soon)


_ACCOUNT, _CONTRACT, _BILL, _CHECK = range(4)
"""The order in which the worker takes what falls due at one instant."""
_REMINDERS = frozenset({StepKind.REMIND_OF_RENEWAL, StepKind.REMIND_OF_TRIAL_END})


def _without_reminders(program: Program) -> Program:
    """The program without reminders: they charge nothing, and only wake the worker, which then checks for a top-up."""
    return replace(program, renewal_reminder_days=NEVER_REMINDED_DAYS, trial_reminder_days=NEVER_REMINDED_DAYS)
