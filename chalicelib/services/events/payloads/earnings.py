"""Payloads of events about what partners earn (docs/rules.md §10, §11)."""

from dataclasses import replace

from chalicelib.domain.earnings import payouts
from chalicelib.domain.earnings.lines import title_of
from chalicelib.domain.earnings.payouts import Payout, PayoutStatus
from chalicelib.domain.events.events import Event
from chalicelib.models.changes import Change
from chalicelib.models.earnings.lines import EarningLineRow
from chalicelib.models.earnings.payees import PayeeRow
from chalicelib.models.earnings.payouts import PayoutRow
from chalicelib.models.earnings.withheld_invoices import WithheldRow
from chalicelib.services.events.payloads.envelope import build_event, values_of


def line_event(change: Change[EarningLineRow]) -> Event:
    row = change.new
    line = row.value()
    return build_event(
        change,
        at=row.updated_at,
        partner_id=line.partner_id,
        account_id=line.account_id,
        data={
            "earning_id": line.id,
            "kind": line.kind,
            "title": title_of(line),
            "account_id": line.account_id,
            "invoice_id": line.invoice_id,
            "currency": line.amount.currency,
            "amount": line.amount.amount,
            "balance_after": line.balance_after.amount if line.balance_after is not None else None,
            "payable_on": line.payable_on.isoformat(),
            "held_because": line.held_for[0].in_words if line.held_for else None,
        },
    )


def withheld_event(change: Change[WithheldRow]) -> Event:
    row = change.new
    return build_event(
        change,
        at=row.updated_at,
        partner_id=row.partner_id,
        account_id=row.account_id,
        data={"account_id": row.account_id, "invoice_id": row.invoice_id},
    )


def payee_event(change: Change[PayeeRow]) -> Event:
    row = change.new
    return build_event(
        change,
        at=row.updated_at,
        partner_id=row.partner_id,
        before=values_of(change.old, ("paypal_email",)),
        after=values_of(row, ("paypal_email",)),
        data={"partner_id": row.partner_id, "paypal_email": row.paypal_email},
    )


def payout_event(change: Change[PayoutRow]) -> Event:
    row = change.new
    payout = row.value()
    return build_event(
        change,
        at=row.updated_at,
        partner_id=row.partner_id,
        before=values_of(change.old, ("status",)),
        after=values_of(row, ("status",)),
        data={
            "payout_id": payout.id,
            "run_id": payout.run_id,
            "run_on": payout.run_on.isoformat(),
            "status": payout.status,
            "currency": payout.amount.currency,
            "amount": payout.amount.amount,
            "lines": payout.lines,
            "given_back": _given_back(change.old, payout),
            "recipient": payout.recipient,
            "paid_reference": payout.paid_reference,
            "cause": payout.cause,
            "reason": payout.cause.in_words if payout.cause else None,
            "advice": payout.cause.advice if payout.cause else None,
        },
    )


def _given_back(old: PayoutRow | None, payout: Payout) -> int:
    """What came back of a payout: all of that if it was not paid, what the change is about if it was."""
    before = old.value() if old is not None and payout.status is PayoutStatus.PAID else replace(payout, items=())
    return sum(amount.amount for amount in payouts.given_back(before, payout).values())
