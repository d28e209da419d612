"""The steps of a Single Bill: it is closed on its day, and tried again once declined (docs/rules.md §6)."""

from dataclasses import replace
from datetime import datetime

from chalicelib.domain.billing import single_bills as domain
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.money import Money
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.wallet.open_bill import OpenBill, stays_open
from chalicelib.models import transactions
from chalicelib.models.billing import single_bills as bill_rows
from chalicelib.models.billing.single_bills import BillAlarm
from chalicelib.models.transactions import Busy, commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.programs import program as load_program
from chalicelib.services.charging import charges
from chalicelib.services.charging.bill_intents import BillIntent
from chalicelib.services.charging.results import PriceChanged
from chalicelib.services.partners import partners

_TRIES = 10


def take_due_step(*, bill_id: str, now: datetime, actor: str) -> str:
    """Take the step a bill's alarm is set for: close it, finish its charge or retry it. Returns what was done."""
    return transactions.retry(
        lambda: _take_due_step(bill_id, now=now, actor=actor),
        busy="Others kept changing the Single Bill. The next sweep tries again.",
    )


def _take_due_step(bill_id: str, *, now: datetime, actor: str) -> str:
    alarm = bill_rows.get_alarm(bill_id)
    if alarm is None or alarm.due_at is None or alarm.due_at > now:
        return "not_due"
    partner = partners.get_partner(partner_id=alarm.payer)
    program = load_program(partner.program)
    bill = bill_rows.get_bill(alarm.payer, bill_id)
    if bill is None:
        return _close_open_bill(alarm, partner, now=now, actor=actor)
    if alarm.charge is None and alarm.first_declined_at is None:
        return "bill_closed_elsewhere"  # by another run, between the two reads; its charge has an alarm of its own
    if alarm.charge is not None:
        intent = BillIntent(alarm, alarm.charge, bill, partner, program)
        (result,) = charges.finish([intent], payer=alarm.payer, now=now, actor=actor)
    else:
        intent = BillIntent(alarm, _retry_charge(alarm, bill, partner, now=now), bill, partner, program)
        (result,) = charges.make([intent], payer=alarm.payer, program=program, now=now, actor=actor)
    return f"bill_{type(result).__name__.lower()}"


def _close_open_bill(alarm: BillAlarm, partner: Partner, *, now: datetime, actor: str) -> str:
    program = load_program(partner.program)
    for _ in range(_TRIES):
        wallet = wallet_rows.get(alarm.payer)
        bill = wallet.single_bill
        if bill is None or bill.id != alarm.id:
            return "not_open"
        if stays_open(bill):
            return _stay_open(alarm, partner, bill, now=now, actor=actor)
        following = BillAlarm(
            id=domain.bill_id(alarm.payer, bill.number + 1, now=now),
            payer=alarm.payer,
            due_at=domain.next_bill_day(bill, now=now, time_zone=partner.time_zone),
        )
        charge = domain.closing_charge(bill, now=now)
        intent = BillIntent(alarm, charge, _closed_bill(bill, alarm.payer, now), partner, program, following)
        (result,) = charges.make([intent], payer=alarm.payer, program=program, now=now, actor=actor)
        if not isinstance(result, PriceChanged):
            return f"bill_{type(result).__name__.lower()}"
    raise Busy("Invoices kept coming onto the bill. The next sweep closes it.")


def _stay_open(alarm: BillAlarm, partner: Partner, bill: OpenBill, *, now: datetime, actor: str) -> str:
    """Leave an empty bill, or one behind an unpaid one, open until the next bill day."""
    due_at = domain.next_bill_day(bill, now=now, time_zone=partner.time_zone)
    commit([bill_rows.put_alarm(alarm._replace(due_at=due_at), actor=actor)])
    return "bill_stays_open"


def _closed_bill(bill: OpenBill, payer: str, now: datetime) -> Bill:
    zero = Money.zero(bill.total.currency)
    return Bill(
        id=bill.id,
        payer=payer,
        bill_number=bill.number,
        status=InvoiceStatus.OPEN,
        currency=bill.total.currency,
        total=bill.total,
        invoice_count=bill.count,
        prepaid_applied=zero,
        card_charged=zero,
        opened_on=bill.opened_on,
        closed_at=now,
        billing_profile_id=bill.billing_profile_id,
    )


def _retry_charge(alarm: BillAlarm, bill: Bill, partner: Partner, *, now: datetime) -> Charge:
    """Another attempt at a declined bill, with the card that the Single Bill has now."""
    wallet = wallet_rows.get(alarm.payer)
    assert alarm.first_declined_at is not None
    scheduled = domain.retry_at(
        first_declined_at=alarm.first_declined_at,
        retries=alarm.retries,
        time_zone=partner.time_zone,
        retry_days=load_program(partner.program).retry_days,
        retried_at=alarm.retried_at,
    )
    opened = OpenBill(
        day=1,
        billing_profile_id=wallet.single_bill.billing_profile_id if wallet.single_bill else bill.billing_profile_id,
        id=bill.id,
        number=bill.bill_number,
        opened_on=bill.opened_on,
        total=bill.total,
        count=bill.invoice_count,
    )
    charge = domain.closing_charge(opened, now=now)
    return replace(charge, attempt=alarm.attempts + 1, on_schedule=scheduled is not None and scheduled <= now)
