"""Single Bills: setting one up, putting accounts on it, taking an invoice off the open one (docs/rules.md §6)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.accounts import payers
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.actions import refuse_while_charging
from chalicelib.domain.accounts.payers import PartnerPays
from chalicelib.domain.billing import invoices
from chalicelib.domain.billing import single_bills as domain
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.calendar import local_date
from chalicelib.domain.ids import derived_id
from chalicelib.domain.money import Money
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.refusals import NotFound, Refusal
from chalicelib.domain.wallet import open_bill as open_bills
from chalicelib.domain.wallet import wallets
from chalicelib.domain.wallet.journal import Entry, EntryKind
from chalicelib.domain.wallet.open_bill import OpenBill
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.models import transactions
from chalicelib.models.billing import invoice_lists
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.billing import journal as journal_rows
from chalicelib.models.billing import single_bills as bill_rows
from chalicelib.models.billing.single_bills import BillAlarm
from chalicelib.models.transactions import Busy, Put, Write, WriteConflict, commit
from chalicelib.models.wallet import settings_events
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import accounts
from chalicelib.services.accounts.accounts import NoSingleBill
from chalicelib.services.accounts.transitions import Transition, write_transitions
from chalicelib.services.partners import billing_profiles, partners

_TRIES = 10


class NotOnSingleBill(Refusal):
    """The account cannot be on the Single Bill (§6)."""

    code = "not_for_single_bill"
    title = "The account cannot go on the Single Bill"


def open_bill(*, partner_id: str) -> OpenBill:
    """The partner's open bill. Raises :class:`NoSingleBill`."""
    bill = wallet_rows.get(partner_id).single_bill
    if bill is None:
        raise NoSingleBill("Set one up first: PATCH /v1/single-bill with bill_day and billing_profile_id.")
    return bill


def set_up_single_bill(
    *, partner_id: str, day: int | None, billing_profile_id: str | None, now: datetime, actor: str
) -> OpenBill:
    """Set up a Single Bill, or change its day or card. A bill that was declined is tried again with a new card.

    Raises :class:`NoSingleBill` where the program has none, and when a new one lacks a card.
    """
    partner = partners.get_partner(partner_id=partner_id)
    if load_program(partner.program).single_bill is None:
        raise NoSingleBill(f"The program {partner.program} has no Single Bill.")
    if billing_profile_id is not None:
        billing_profiles.get_profile(partner_id=partner_id, profile_id=billing_profile_id)

    def attempt() -> OpenBill:
        wallet = wallet_rows.get(partner_id)
        before = wallet.single_bill
        bill = _after_set_up(before, partner, day=day, billing_profile_id=billing_profile_id, now=now)
        alarm = bill_rows.get_alarm(bill.id) or BillAlarm(id=bill.id, payer=partner_id, due_at=None)
        if alarm.due_at is None or before is None or bill.day != before.day:
            alarm = alarm._replace(due_at=_next_bill_day(bill, partner, now=now))
        writes = [
            wallet_rows.put(replace(wallet, single_bill=bill)),
            bill_rows.put_alarm(alarm, actor=actor),
        ]
        if before is None or (bill.day, bill.billing_profile_id) != (before.day, before.billing_profile_id):
            writes.append(_put_arranged_event(bill, wallet, now=now, actor=actor))
        unpaid = bill_rows.get_alarm(bill.unpaid) if bill.unpaid else None
        if unpaid is not None and unpaid.charge is None and billing_profile_id is not None:
            writes.append(bill_rows.put_alarm(unpaid._replace(due_at=now), actor=actor))
        commit(writes)
        return bill

    return transactions.retry(attempt, busy="Others kept changing the Single Bill. Try again in a moment.")


def _put_arranged_event(bill: OpenBill, wallet: Wallet, *, now: datetime, actor: str) -> Put:
    """The write of the event that publishes the bill's day and card."""
    return settings_events.put(
        wallet.payer,
        event="single_bill.arranged",
        payload={"bill_day": bill.day, "billing_profile_id": bill.billing_profile_id},
        wallet_version=wallet.version,
        now=now,
        actor=actor,
    )


def retry_soon(*, partner_id: str, profile_id: str, now: datetime, actor: str) -> None:
    """Have a declined bill that ``profile_id`` has to pay tried again with the next sweep (§6)."""
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
    """Have a declined bill tried again with the next sweep if prepaid money covers all of it by now (§6)."""
    wallet = wallet_rows.get(partner_id)
    bill = wallet.single_bill
    if bill is None or bill.unpaid is None:
        return
    unpaid = bill_rows.get_bill(partner_id, bill.unpaid)
    if unpaid is None or not domain.is_covered(unpaid.total, general=wallet.general):
        return
    retry_soon(partner_id=partner_id, profile_id=bill.billing_profile_id, now=now, actor=actor)


def put_account_on_bill(*, partner_id: str, account_id: str, now: datetime, actor: str) -> Account:
    """Put an account on the Single Bill: what it is charged from now on goes there (§6). Again changes nothing.

    Its discount is the bill's from its next renewal on; until then the one frozen for its period stays (§5). If its
    client paid for it, its partner pays from now on (§9). Raises :class:`NoSingleBill`, also while a bill is unpaid,
    :class:`NotOnSingleBill`, and as :func:`payers.paid_by_partner`.
    """
    open_bill(partner_id=partner_id)
    return _set_on_bill(partner_id, account_id, on_bill=True, now=now, actor=actor)


def take_account_off_bill(*, partner_id: str, account_id: str, now: datetime, actor: str) -> Account:
    """Take an account off the Single Bill: its billing profile pays what it is charged from now on (§6).

    It pays list price from its next renewal on; until then the bill's discount, frozen for its period, stays (§5). A
    renewal that an unpaid bill held up is charged with the next sweep.
    """
    return _set_on_bill(partner_id, account_id, on_bill=False, now=now, actor=actor)


def void_on_open_bill(invoice: Invoice, *, now: datetime, actor: str) -> bool:
    """Void an invoice that waits on the open bill; what prepaid money covered of it goes back to the wallet.

    False if its bill is closed already: then it is refunded like any other, once the bill is paid.
    """

    def attempt() -> bool:
        current = invoice_rows.get(invoice.payer, invoice.id)
        wallet = wallet_rows.get(invoice.payer)
        if current is None or current.bill_id is None or current.billed is None:
            return True  # it was taken off by another run
        if wallet.single_bill is None or wallet.single_bill.id != current.bill_id:
            return False
        after = replace(wallet, single_bill=open_bills.removed(wallet.single_bill, current.billed))
        writes: list[Write] = []
        if current.prepaid_applied:
            after = wallets.with_journal_entry(wallets.add(after, current.prepaid_applied))
            entry = Entry(
                id=derived_id("txn", "taken_off_bill", current.id),
                payer=current.payer,
                kind=EntryKind.REFUND,
                at=now,
                amount=current.prepaid_applied,
                balance_after=after.balance,
                sequence=after.sequence,
                account_id=current.account_id,
                invoice_id=current.id,
            )
            writes.append(journal_rows.put(entry, actor=actor, event="invoice.refunded"))
        writes.append(invoice_rows.put(invoices.taken_off_bill(current), now=now, actor=actor, event="invoice.voided"))
        commit([*writes, wallet_rows.put(after)])
        return True

    return transactions.retry(attempt, busy=f"Others kept changing the Single Bill of {invoice.payer}.")


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
    return invoice_lists.on_bill(bill_id, payer=partner_id, limit=limit, start=start)


def _after_set_up(
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


def _set_on_bill(partner_id: str, account_id: str, *, on_bill: bool, now: datetime, actor: str) -> Account:
    program = partners.program_of(partner_id=partner_id)
    for _ in range(_TRIES):
        account = accounts.get_managed(partner_id=partner_id, account_id=account_id)
        if account.single_bill == on_bill:
            return account
        if on_bill:
            accounts.refuse_unless_open(wallet_rows.get(partner_id))
        transition = _joined_or_left(account, on_bill=on_bill, now=now)
        stored = write_transitions([transition], program=program, now=now, actor=actor)
        if stored:
            return stored[account_id]
    raise Busy(f"Others kept changing {account_id}. Try again in a moment.", retry_after=1)


def _joined_or_left(account: Account, *, on_bill: bool, now: datetime) -> Transition:
    if account.pays_itself:
        after = payers.paid_by_partner(account, PartnerPays(single_bill=True), now=now)
        _refuse_unless_possible(after, on_bill=True)
        return Transition(account, after, "account.payer_changed")
    _refuse_unless_possible(account, on_bill=on_bill)
    event = "account.joined_single_bill" if on_bill else "account.left_single_bill"
    waits_until = now if account.waits_until is not None else None
    return Transition(account, replace(account, single_bill=on_bill, waits_until=waits_until, updated_at=now), event)


def _refuse_unless_possible(account: Account, *, on_bill: bool) -> None:
    refuse_while_charging(account)
    if account.overdue is not None:
        raise NotOnSingleBill(f"{account.id} is past due. Pay its open invoice first.")
    if not account.counts_as_active_paid:
        raise NotOnSingleBill(f"{account.id} is {account.status} on a {account.kind} plan: nothing of it is charged.")
    if not on_bill and account.billing_profile_id is None:
        raise NotOnSingleBill(f"{account.id} has no billing profile to pay for it. Give it one first.")
