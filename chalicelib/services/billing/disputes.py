"""Disputes of card payments: looked up at the processor, recorded, and entered in the books when lost (rules §6)."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger

from chalicelib.domain import disputes
from chalicelib.domain.billing import refunds
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.billing.refunds import Payment
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.disputes import Dispute, Reported
from chalicelib.domain.ids import derived_id
from chalicelib.domain.money import Money
from chalicelib.domain.wallet import wallets
from chalicelib.domain.wallet.journal import CreditKind, Entry, EntryKind
from chalicelib.gateways.choice import payment_gateway
from chalicelib.models import transactions
from chalicelib.models.billing import disputes as dispute_rows
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.billing import journal as journal_rows
from chalicelib.models.billing import single_bills as bill_rows
from chalicelib.models.billing.disputes import DisputeAlarm
from chalicelib.models.transactions import Write, commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.charging.refund_intents import short_dispute_alarms

_logger = Logger(service="sublet", child=True)


def list_disputes(*, limit: int, start: dict[str, Any] | None) -> tuple[list[Dispute], dict[str, Any] | None]:
    """The disputes of all payers, newest first, and where the next page starts."""
    return dispute_rows.newest(limit=limit, start=start)


def look_again(*, dispute_id: str, now: datetime, actor: str) -> str:
    """Look up a dispute whose alarm rang; what was done."""
    alarm = dispute_rows.get_alarm(dispute_id)
    if alarm is None or alarm.due_at > now:
        return "dispute_not_due"
    return look_up(reference=alarm.reference, now=now, actor=actor)


def look_up(*, reference: str, now: datetime, actor: str) -> str:
    """Ask the processor for a dispute and record what it says, however often and in whatever order it is reported.

    One that is of no charge of ours is only noted in the log. Raises :class:`OutcomeUnknown` when the processor does
    not answer.
    """
    first = payment_gateway().find_dispute(reference=reference, now=now)
    if first is None:
        _logger.warning("a dispute is of no charge of ours", extra={"reference": reference})
        return "dispute_unknown"

    def attempt() -> str:
        before = dispute_rows.get(first.payer, first.id)
        # An answer from before the record was read may be older than what another run recorded.
        again = payment_gateway().find_dispute(reference=reference, now=now) if before else None
        reported = again or first
        payment = _payment(reported)
        if payment is None:
            return _wait(reported, now=now, actor=actor)
        return _record(reported, before, payment, now=now, actor=actor)

    return transactions.retry(attempt, busy="Others kept changing what is disputed. Try again in a moment.")


def _payment(reported: Reported) -> Payment | None:
    """What the disputed payment paid for, once it is settled."""
    payer, charge_id = reported.payer, reported.charge_id
    found: Payment | None = None
    if charge_id.startswith("inv_"):
        found = invoice_rows.get(payer, charge_id)
    elif charge_id.startswith("bill_"):
        found = bill_rows.get_bill(payer, charge_id)
    elif charge_id.startswith("txn_"):
        found = journal_rows.get(payer, charge_id)
    if found is None or found.reference != reported.payment:
        return None
    if isinstance(found, Entry):
        return found if (found.kind, found.credit) == (EntryKind.PURCHASE, CreditKind.PREPAID) else None
    return found if found.status is InvoiceStatus.PAID else None


def _wait(reported: Reported, *, now: datetime, actor: str) -> str:
    """Set the alarm to look again once the charge is settled, unless it should have been long ago."""
    alarm = dispute_rows.get_alarm(reported.id)
    if now >= reported.opened_at + disputes.GIVEN_UP_AFTER:
        _logger.error("a dispute is of a charge that is not in the books", extra={"reference": reported.reference})
        if alarm is not None:
            commit([dispute_rows.remove_alarm(alarm)])
        return "dispute_unknown"
    commit([_alarm(reported, alarm, now + disputes.SETTLES_WITHIN, actor=actor)])
    return "dispute_waits"


def _record(reported: Reported, before: Dispute | None, payment: Payment, *, now: datetime, actor: str) -> str:
    invoice = payment if isinstance(payment, Invoice) else None
    dispute = disputes.after(
        reported,
        before,
        left=refunds.left_of_card(payment),
        in_all=refunds.left_in_all(payment),
        account_id=invoice.account_id if invoice else None,
        number=invoice.number if invoice else None,
        now=now,
    )
    alarm = dispute_rows.get_alarm(reported.id)
    writes = _alarm_after(dispute, reported, alarm, now=now, actor=actor)
    done = "dispute_looked_up"
    if dispute != before:
        happened = disputes.events(before, dispute)
        done = happened[-1].replace(".", "_") if happened else done
        dispute, changes = _changes(before, dispute, payment, now=now, actor=actor)
        writes += [dispute_rows.put(dispute, now=now, actor=actor, events=happened), *changes]
    if writes:
        commit(writes)
    if done != "dispute_looked_up":
        _logger.warning("a dispute changed", extra={"dispute": dispute.id, "status": dispute.status})
    return done


def _changes(
    before: Dispute | None, dispute: Dispute, payment: Payment, *, now: datetime, actor: str
) -> tuple[Dispute, list[Write]]:
    """The dispute, and the writes of its payment and, if the bank took money or gave it back, of wallet and journal."""
    zero = Money.zero(refunds.left_of_card(payment).currency)
    taken = (dispute.taken_back or zero) - ((before.taken_back if before else None) or zero)
    paid = refunds.disputed(payment, dispute, taken)
    writes: list[Write] = [_put_payment(paid, now=now, actor=actor)]
    if not taken:
        return dispute, writes
    if taken.amount < 0:
        writes += short_dispute_alarms(paid, now=now, actor=actor)  # what is left again, another dispute may have taken
    wallet = wallet_rows.get(dispute.payer)
    bore = (before.from_wallet if before else None) or zero
    bears = disputes.from_wallet(before, dispute, general=wallet.general) if isinstance(payment, Entry) else zero
    dispute = replace(dispute, from_wallet=bears or None)
    wallet = wallets.with_journal_entry(wallets.taken_back(wallet, bears - bore))
    entry = Entry(
        id=derived_id("txn", dispute.id, str(dispute.version)),
        payer=dispute.payer,
        kind=EntryKind.DISPUTE_LOST if taken.amount > 0 else EntryKind.RETURNED,
        at=now,
        amount=bore - bears,
        balance_after=wallet.balance,
        sequence=wallet.sequence,
        account_id=dispute.account_id,
        invoice_id=dispute.invoice_id,
        bill_id=dispute.bill_id,
        purchase_id=dispute.purchase_id,
        dispute_id=dispute.id,
        processor=dispute.processor,
        reference=dispute.reference,
        to_card=taken,
    )
    return dispute, [*writes, wallet_rows.put(wallet), journal_rows.put(entry, actor=actor, event="")]


def _put_payment(payment: Payment, *, now: datetime, actor: str) -> Write:
    if isinstance(payment, Invoice):
        return invoice_rows.put(payment, now=now, actor=actor, event="")
    if isinstance(payment, Bill):
        return bill_rows.put_bill(payment, actor=actor, event="")
    return journal_rows.put(payment, actor=actor, event="")


def _alarm_after(
    dispute: Dispute, reported: Reported, alarm: DisputeAlarm | None, *, now: datetime, actor: str
) -> list[Write]:
    """An open dispute is looked up every day; one that is decided has no alarm."""
    if not dispute.is_open:
        return [dispute_rows.remove_alarm(alarm)] if alarm else []
    if alarm is not None and now < alarm.due_at:
        return []
    return [_alarm(reported, alarm, now + disputes.ASKED_EVERY, actor=actor)]


def _alarm(reported: Reported, alarm: DisputeAlarm | None, due_at: datetime, *, actor: str) -> Write:
    version = alarm.version if alarm else 0
    wanted = DisputeAlarm(reported.id, reported.payer, reported.reference, due_at, version)
    return dispute_rows.put_alarm(wanted, actor=actor)
