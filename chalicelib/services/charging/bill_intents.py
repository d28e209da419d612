"""Charges of Single Bills (docs/rules.md §6)."""

from dataclasses import replace
from datetime import datetime

from chalicelib.domain.accounts import lifecycle
from chalicelib.domain.billing import single_bills as domain
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.calendar import local_date
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.money import Money
from chalicelib.domain.partners import billing_profiles
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet import wallets
from chalicelib.domain.wallet.open_bill import next_bill
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.gateways.payments import Charged, Declined
from chalicelib.models.billing import single_bills as bill_rows
from chalicelib.models.billing.single_bills import BillAlarm
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import Write
from chalicelib.services.charging.intents import Change, ChargeIntent


@dataclass(frozen=True)
class BillIntent:
    """The one charge of a closed bill, or its retry. ``alarm`` is the row it is frozen on.

    With ``following``, the charge closes the bill: ``following`` is the alarm of the next open bill and is written
    with it.
    """

    alarm: BillAlarm
    charge: Charge
    bill: Bill
    partner: Partner
    program: Program
    following: BillAlarm | None = None

    @property
    def subject(self) -> str:
        return self.alarm.id

    @property
    def payer(self) -> str:
        return self.alarm.payer

    @property
    def set_aside(self) -> Money:
        return Money.zero(self.charge.total.currency)

    @property
    def touches(self) -> frozenset[str]:
        following = {self.following.id} if self.following else set()
        return frozenset({self.alarm.id, bill_rows.record_of(self.bill.id), *following})

    def is_outdated(self, wallet: Wallet) -> bool:
        """A bill that is closed must still be the open one, with these invoices; the total of a retry is final."""
        if self.following is None:
            return False
        bill = wallet.single_bill
        closing = self.bill.id, self.bill.total, self.bill.invoice_count
        return bill is None or (bill.id, bill.total, bill.count) != closing

    def split(self, charge: Charge) -> ChargeIntent:
        return replace(self, charge=charge)

    def hold(self, wallet: Wallet, *, now: datetime, actor: str) -> Change:
        held = self.alarm._replace(charge=self.charge, due_at=now + lifecycle.CHARGE_CHECKED_AFTER)
        writes: list[Write] = [bill_rows.put_alarm(held, actor=actor), *self._closing(actor)]
        stored = replace(self, alarm=held._replace(version=held.version + 1), following=None)
        return Change(self._with_record(stored), self._opened_next(wallet, now), writes)

    def settle_paid(self, wallet: Wallet, payment: Charged | None, *, now: datetime, actor: str) -> Change:
        wallet = wallets.spend(wallet, set_aside=self.set_aside, held=self._held)
        if self.charge.prepaid:
            wallet = wallets.with_journal_entry(wallet)
        bill = domain.paid(
            self.bill,
            self.charge,
            payment=payment.payment if payment else None,
            balance_after=wallet.balance,
            sequence=wallet.sequence if self.charge.prepaid else None,
            now=now,
        )
        event = "bill.closed bill.paid" if self.following else "bill.paid"  # prepaid money covers it at once
        writes: list[Write] = [bill_rows.put_bill(bill, actor=actor, event=event)]
        if self.alarm.version:
            writes.append(bill_rows.remove_alarm(self.alarm))
        writes += self._next_alarm(actor)
        return Change(self, self._paid_off(self._opened_next(wallet, now)), writes)

    def settle_declined(self, wallet: Wallet, answer: Declined, *, now: datetime, actor: str) -> Change:
        wallet = wallets.release(wallet, self._held)
        first = self.alarm.first_declined_at or now
        by_schedule = self.alarm.first_declined_at is not None and self.charge.on_schedule
        retries = self.alarm.retries + int(by_schedule)
        retried_at = now if by_schedule else self.alarm.retried_at
        due_at = domain.retry_at(
            first_declined_at=first,
            retries=retries,
            time_zone=self.partner.time_zone,
            retry_days=self.program.retry_days,
            retried_at=retried_at,
        )
        if wallet.single_bill is not None and wallet.single_bill.billing_profile_id != self.charge.billing_profile_id:
            due_at = now  # another card was chosen while this one was asked
        profile = profile_rows.get(self.payer, self.charge.billing_profile_id or "")
        if billing_profiles.has_new_card(profile, asked=answer.asked, since=self.charge.started_at):
            due_at = now
        alarm = self.alarm._replace(
            charge=None,
            due_at=due_at,
            first_declined_at=first,
            retries=retries,
            retried_at=retried_at,
            attempts=self.charge.attempt,
        )
        bill = domain.declined(self.bill, self.charge, decline_code=answer.decline_code, now=now)
        writes: list[Write] = [
            bill_rows.put_alarm(alarm, actor=actor),
            bill_rows.put_bill(bill, actor=actor, event="bill.payment_failed"),
            *([profile_rows.unchanged(profile)] if profile else []),
        ]
        stored = replace(self, alarm=alarm._replace(version=alarm.version + 1))
        return Change(stored, self._unpaid(wallet), writes)

    def read_again(self) -> ChargeIntent | None:
        alarm = bill_rows.get_alarm(self.alarm.id)
        if alarm is None or alarm.charge is None or alarm.charge.key != self.charge.key:
            return None
        bill = bill_rows.get_bill(self.payer, self.bill.id)
        assert bill is not None
        return replace(self, alarm=alarm, charge=alarm.charge, bill=bill, following=None)

    def is_settled(self) -> bool:
        bill = bill_rows.get_bill(self.payer, self.bill.id)
        return bill is not None and bill.status is InvoiceStatus.PAID

    @property
    def _held(self) -> Money:
        return self.charge.from_general or Money.zero(self.charge.total.currency)

    def _closing(self, actor: str) -> list[Write]:
        """When the bill is closed, its record is written as unpaid and the next bill gets its alarm."""
        if self.following is None:
            return []
        return [bill_rows.put_bill(self.bill, actor=actor, event="bill.closed"), *self._next_alarm(actor)]

    def _next_alarm(self, actor: str) -> list[Write]:
        return [bill_rows.put_alarm(self.following, actor=actor)] if self.following else []

    def _with_record(self, stored: "BillIntent") -> "BillIntent":
        """The intent with the bill's record as stored: closing wrote it, a retry leaves it as it was read."""
        if self.following is None:
            return stored
        written = replace(self.bill, version=self.bill.version + 1, revision=self.bill.revision + 1)
        return replace(stored, bill=written)

    def _opened_next(self, wallet: Wallet, now: datetime) -> Wallet:
        """The wallet with the next, empty bill open."""
        if self.following is None or wallet.single_bill is None:
            return wallet
        today = local_date(now, self.partner.time_zone)
        return replace(wallet, single_bill=next_bill(wallet.single_bill, bill_id=self.following.id, today=today))

    def _unpaid(self, wallet: Wallet) -> Wallet:
        """Nothing new goes on the open bill until this one is paid."""
        if wallet.single_bill is None:
            return wallet
        return replace(wallet, single_bill=replace(wallet.single_bill, unpaid=self.bill.id))

    def _paid_off(self, wallet: Wallet) -> Wallet:
        bill = wallet.single_bill
        if bill is None or bill.unpaid != self.bill.id:
            return wallet
        return replace(wallet, single_bill=replace(bill, unpaid=None))
