"""Single Bills: arranging for one, putting accounts on it, closing it on its day (docs/rules.md §6)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.accounts.accounts import Account, Relationship
from chalicelib.domain.accounts.actions import refuse_while_charging
from chalicelib.domain.billing import single_bills as domain
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.calendar import local_date
from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.money import Money
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.refusals import NotFound, Refusal
from chalicelib.domain.wallet.open_bill import OpenBill, stays_open
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.models import transactions
from chalicelib.models.billing import ledger
from chalicelib.models.billing import single_bills as bill_rows
from chalicelib.models.billing.single_bills import BillAlarm
from chalicelib.models.transactions import Busy, Put, WriteConflict, commit
from chalicelib.models.wallet import settings_events
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import accounts
from chalicelib.services.accounts.accounts import NoSingleBill
from chalicelib.services.accounts.transitions import Transition, write_transitions
from chalicelib.services.charging import charges
from chalicelib.services.charging.bill_intents import BillIntent
from chalicelib.services.partners import billing_profiles, partners

_TRIES = 10


class NotOnSingleBill(Refusal):
    """The account cannot be on the Single Bill (§6)."""

    status = 409
    code = "not_for_single_bill"
    title = "The account cannot go on the Single Bill"


def open_bill(*, partner_id: str) -> OpenBill:
    """The partner's open bill. Raises :class:`NoSingleBill`."""
    bill = wallet_rows.get(partner_id).single_bill
    if bill is None:
        raise NoSingleBill("Arrange for one first: PATCH /v1/single-bill with bill_day and billing_profile_id.")
    return bill


def arrange(*, partner_id: str, day: int | None, billing_profile_id: str | None, now: datetime, actor: str) -> OpenBill:
    """Arrange for a Single Bill, or change its day or card. A bill that was declined is tried again with a new card.

    Raises :class:`NoSingleBill` where the program has none, and when the first arrangement lacks a card.
    """
    partner = partners.get_partner(partner_id=partner_id)
    if load_program(partner.program).single_bill is None:
        raise NoSingleBill(f"The program {partner.program} has no Single Bill.")
    if billing_profile_id is not None:
        billing_profiles.get_profile(partner_id=partner_id, profile_id=billing_profile_id)

    def attempt() -> OpenBill:
        wallet = wallet_rows.get(partner_id)
        before = wallet.single_bill
        bill = _arranged(before, partner, day=day, billing_profile_id=billing_profile_id, now=now)
        alarm = bill_rows.get_alarm(bill.id) or BillAlarm(id=bill.id, payer=partner_id, due_at=None)
        if alarm.due_at is None or before is None or bill.day != before.day:
            alarm = alarm._replace(due_at=_next_bill_day(bill, partner, now=now))
        writes = [
            wallet_rows.put(replace(wallet, single_bill=bill)),
            bill_rows.put_alarm(alarm, actor=actor),
        ]
        if before is None or (bill.day, bill.billing_profile_id) != (before.day, before.billing_profile_id):
            writes.append(_telling(bill, wallet, now=now, actor=actor))
        unpaid = bill_rows.get_alarm(bill.unpaid) if bill.unpaid else None
        if unpaid is not None and unpaid.charge is None and billing_profile_id is not None:
            writes.append(bill_rows.put_alarm(unpaid._replace(due_at=now), actor=actor))
        commit(writes)
        return bill

    return transactions.retry(attempt, busy="Others kept changing the Single Bill. Try again in a moment.")


def _telling(bill: OpenBill, wallet: Wallet, *, now: datetime, actor: str) -> Put:
    """The write that tells how the Single Bill is arranged."""
    return settings_events.put(
        wallet.payer,
        event="single_bill.arranged",
        told={"bill_day": bill.day, "billing_profile_id": bill.billing_profile_id},
        wallet_version=wallet.version,
        now=now,
        actor=actor,
    )


def retry_soon(*, partner_id: str, profile_id: str, now: datetime, actor: str) -> None:
    """Set a declined bill that ``profile_id`` has to pay to be tried again with the next sweep (§6)."""
    bill = wallet_rows.get(partner_id).single_bill
    if bill is None or bill.unpaid is None or bill.billing_profile_id != profile_id:
        return
    alarm = bill_rows.get_alarm(bill.unpaid)
    if alarm is None or alarm.charge is not None:
        return  # paid, or being paid, meanwhile
    try:
        commit([bill_rows.put_alarm(alarm._replace(due_at=now), actor=actor)])
    except WriteConflict:
        return  # a charge has just begun


def retry_if_covered(*, partner_id: str, now: datetime, actor: str) -> None:
    """Set a declined bill to be tried again with the next sweep if prepaid money covers all of it by now (§6)."""
    wallet = wallet_rows.get(partner_id)
    bill = wallet.single_bill
    if bill is None or bill.unpaid is None:
        return
    unpaid = bill_rows.get_bill(partner_id, bill.unpaid)
    if unpaid is None or not domain.is_covered(unpaid.total, general=wallet.general):
        return
    retry_soon(partner_id=partner_id, profile_id=bill.billing_profile_id, now=now, actor=actor)


def put_on(*, partner_id: str, account_id: str, now: datetime, actor: str) -> Account:
    """Put an account on the Single Bill: what it is charged from now on goes there (§6). Again changes nothing.

    Its discount is the bill's from its next renewal on; until then the one frozen for its period stays (§5).
    """
    open_bill(partner_id=partner_id)
    return _set(partner_id, account_id, on_bill=True, now=now, actor=actor)


def take_off(*, partner_id: str, account_id: str, now: datetime, actor: str) -> Account:
    """Take an account off the Single Bill: its billing profile pays what it is charged from now on (§6).

    It pays list price from its next renewal on; until then the bill's discount, frozen for its period, stays (§5).
    """
    return _set(partner_id, account_id, on_bill=False, now=now, actor=actor)


def take_due_step(*, bill_id: str, now: datetime, actor: str) -> str:
    """Do what a bill's alarm rings for: close it, finish its charge, or try it again. Returns what was done."""
    return transactions.retry(
        lambda: _take_due_step(bill_id, now=now, actor=actor),
        busy="Others kept changing the Single Bill. It is looked at again with the next sweep.",
    )


def _take_due_step(bill_id: str, *, now: datetime, actor: str) -> str:
    alarm = bill_rows.get_alarm(bill_id)
    if alarm is None or alarm.due_at is None or alarm.due_at > now:
        return "not_due"
    partner = partners.get_partner(partner_id=alarm.payer)
    program = load_program(partner.program)
    bill = bill_rows.get_bill(alarm.payer, bill_id)
    if bill is None:
        return _close(alarm, partner, now=now, actor=actor)
    if alarm.charge is None and alarm.first_declined_at is None:
        return "bill_closed_elsewhere"  # by another run, between the two reads; its charge has an alarm of its own
    if alarm.charge is not None:
        intent = BillIntent(alarm, alarm.charge, bill, partner, program)
        (result,) = charges.finish([intent], payer=alarm.payer, now=now, actor=actor)
    else:
        intent = BillIntent(alarm, _retry(alarm, bill, partner, now=now), bill, partner, program)
        (result,) = charges.make([intent], payer=alarm.payer, program=program, now=now, actor=actor)
    return f"bill_{type(result).__name__.lower()}"


def list_bills(
    *, partner_id: str, limit: int, start: dict[str, Any] | None
) -> tuple[list[Bill], dict[str, Any] | None]:
    """A partner's closed bills, newest first, and where the next page starts."""
    return bill_rows.of_payer(partner_id, limit=limit, start=start)


def get_bill(*, partner_id: str, bill_id: str) -> Bill:
    """One closed bill. Raises :class:`NotFound` for another partner's."""
    bill = bill_rows.get_bill(partner_id, bill_id) if bill_id.startswith("bill_") else None
    if bill is None:
        raise NotFound.of("closed bill", bill_id)
    return bill


def invoices_on(
    *, partner_id: str, bill_id: str, limit: int, start: dict[str, Any] | None
) -> tuple[list[Invoice], dict[str, Any] | None]:
    """The invoices on a bill, open or closed, oldest first, and where the next page starts."""
    if bill_id != open_bill(partner_id=partner_id).id:
        get_bill(partner_id=partner_id, bill_id=bill_id)
    return ledger.invoices_on_bill(bill_id, payer=partner_id, limit=limit, start=start)


def _close(alarm: BillAlarm, partner: Partner, *, now: datetime, actor: str) -> str:
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
        intent = BillIntent(alarm, charge, _recorded(bill, alarm.payer, now), partner, program, following)
        (result,) = charges.make([intent], payer=alarm.payer, program=program, now=now, actor=actor)
        if not isinstance(result, charges.PriceChanged):
            return f"bill_{type(result).__name__.lower()}"
    raise Busy("Invoices kept coming onto the bill. It is closed with the next sweep.")


def _stay_open(alarm: BillAlarm, partner: Partner, bill: OpenBill, *, now: datetime, actor: str) -> str:
    """An empty bill, or one behind an unpaid one, waits for the next bill day."""
    due_at = domain.next_bill_day(bill, now=now, time_zone=partner.time_zone)
    commit([bill_rows.put_alarm(alarm._replace(due_at=due_at), actor=actor)])
    return "bill_stays_open"


def _recorded(bill: OpenBill, payer: str, now: datetime) -> Bill:
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


def _retry(alarm: BillAlarm, bill: Bill, partner: Partner, *, now: datetime) -> Charge:
    """Another attempt at a declined bill, by the card that is arranged for now."""
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


def _arranged(
    before: OpenBill | None, partner: Partner, *, day: int | None, billing_profile_id: str | None, now: datetime
) -> OpenBill:
    if before is not None:
        return replace(
            before,
            day=day or before.day,
            billing_profile_id=billing_profile_id or before.billing_profile_id,
        )
    if billing_profile_id is None:
        raise NoSingleBill("A Single Bill needs a card: give billing_profile_id.")
    return OpenBill(
        day=day or 1,
        billing_profile_id=billing_profile_id,
        id=domain.bill_id(partner.id, 1, now=now),
        number=1,
        opened_on=local_date(now, partner.time_zone),
        total=Money.zero(partner.currency),
    )


def _next_bill_day(bill: OpenBill, partner: Partner, *, now: datetime) -> datetime:
    """When a bill whose day was just chosen is closed: today at the earliest, and never on the day it was opened."""
    yesterday = local_date(now, partner.time_zone) - timedelta(days=1)
    due_at = domain.closes_at(opened_on=max(bill.opened_on, yesterday), day=bill.day, time_zone=partner.time_zone)
    return max(due_at, now)


def _set(partner_id: str, account_id: str, *, on_bill: bool, now: datetime, actor: str) -> Account:
    program = partners.program_of(partner_id=partner_id)
    for _ in range(_TRIES):
        account = accounts.get_account(partner_id=partner_id, account_id=account_id)
        if account.single_bill == on_bill:
            return account
        _refuse_unless_possible(account, on_bill=on_bill)
        after = replace(account, single_bill=on_bill, updated_at=now)
        event = "account.joined_single_bill" if on_bill else "account.left_single_bill"
        stored = write_transitions(
            [Transition(account, after, event)], payer=account.payer, program=program, now=now, actor=actor
        )
        if stored:
            return stored[account_id]
    raise Busy(f"Others kept changing {account_id}. Try again in a moment.", retry_after=1)


def _refuse_unless_possible(account: Account, *, on_bill: bool) -> None:
    refuse_while_charging(account)
    if account.relationship is Relationship.REFERRED:
        raise NotOnSingleBill(f"{account.id} is referred: its client pays for it.")
    if account.overdue is not None:
        raise NotOnSingleBill(f"{account.id} is past due. Pay its open invoice first.")
    if not account.counts_as_active_paid:
        raise NotOnSingleBill(f"{account.id} is {account.status} on a {account.kind} plan: nothing of it is charged.")
    if not on_bill and account.billing_profile_id is None:
        raise NotOnSingleBill(f"{account.id} has no billing profile to pay for it. Give it one first.")
