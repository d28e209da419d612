"""Payloads of events about invoices, bills, contracts, journals and prepaid money that runs out (docs/rules.md §11)."""

from typing import Any

from chalicelib.domain.billing.credit_notes import number_text
from chalicelib.domain.events.events import Event
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.models.billing.contracts import ContractRow
from chalicelib.models.billing.disputes import DisputeRow
from chalicelib.models.billing.invoices import InvoiceRow
from chalicelib.models.billing.journal import EntryRow
from chalicelib.models.billing.single_bills import BillRow
from chalicelib.models.changes import Change
from chalicelib.models.wallet.balance_checks import BalanceCheckRow
from chalicelib.services.events.payloads.envelope import as_text, build_event


def balance_event(change: Change[BalanceCheckRow]) -> Event:
    row = change.new
    data = dict(row.data or {})
    return build_event(change, at=row.updated_at, partner_id=row.payer, account_id=data.get("account_id"), data=data)


def invoice_event(change: Change[InvoiceRow]) -> Event:
    row = change.new
    invoice = row.value()
    last = invoice.attempts[-1] if invoice.attempts else None
    return build_event(
        change,
        at=row.updated_at,
        partner_id=row.payer,
        account_id=row.account_id,
        data={
            "invoice_id": row.id,
            "number": f"{invoice.number:06d}",
            "status": invoice.status,
            "currency": invoice.currency,
            "total": invoice.total.amount,
            "prepaid_applied": invoice.prepaid_applied.amount,
            "card_charged": invoice.card_charged.amount,
            "decline_code": last.decline_code if last else None,
        },
    )


def bill_event(change: Change[BillRow]) -> Event:
    row = change.new
    bill = row.value()
    last = bill.attempts[-1] if bill.attempts else None
    return build_event(
        change,
        at=last.at if last else bill.closed_at,
        partner_id=row.payer,
        data={
            "bill_id": row.id,
            "number": f"{bill.bill_number:06d}",
            "status": bill.status,
            "attempts": last.number if last else 0,
            "currency": bill.currency,
            "total": bill.total.amount,
            "invoice_count": bill.invoice_count,
            "prepaid_applied": bill.prepaid_applied.amount,
            "card_charged": bill.card_charged.amount,
            "decline_code": last.decline_code if last else None,
        },
    )


def contract_event(change: Change[ContractRow]) -> Event:
    row = change.new
    contract = row.value()
    owed = contract.unpaid or (change.old.value().unpaid if change.old else None)  # an event may be of its payment
    money = owed.total if owed and contract.price is None else contract.price
    return build_event(
        change,
        at=row.updated_at,
        partner_id=row.partner_id,
        before=_contract_terms(change.old),
        after=_contract_terms(row),
        data={
            "price": contract.price.amount if contract.price is not None else None,
            "currency": money.currency if money is not None else None,
            "starts_on": contract.starts_on.isoformat() if contract.starts_on else None,
            "paid_until": contract.paid_until.isoformat() if contract.paid_until else None,
            **({"invoice_id": owed.invoice_id, "total": owed.total.amount, "attempts": owed.attempts} if owed else {}),
        },
    )


def _contract_terms(row: ContractRow | None) -> dict[str, Any]:
    """What a change of a contract may have changed."""
    if row is None:
        return {}
    contract = row.value()
    return {
        "price": contract.price.amount if contract.price is not None else None,
        "starts_on": contract.starts_on.isoformat() if contract.starts_on else None,
        "payment_state": "past_due" if contract.is_past_due else "ok",
        "retry_on": contract.unpaid.retry_on.isoformat() if contract.unpaid and contract.unpaid.retry_on else None,
    }


def journal_event(change: Change[EntryRow]) -> Event:
    row = change.new
    entry = row.value()
    return build_event(
        change,
        at=entry.at,
        partner_id=row.payer,
        account_id=row.account_id,
        data={
            "transaction_id": row.id,
            "kind": entry.kind,
            "currency": entry.amount.currency if entry.credit is CreditKind.PREPAID else None,
            "amount": entry.amount.amount,
            "balance_after": entry.balance_after.amount,
            "account_change": entry.account_change.amount if entry.account_change else None,
            "to_card": entry.to_card.amount if entry.to_card else None,
            "invoice_id": entry.invoice_id,
            "purchase_id": entry.purchase_id,
            "credit_note": number_text(entry.credit_note) if entry.credit_note else None,
        },
    )


def dispute_event(change: Change[DisputeRow]) -> Event:
    row = change.new
    dispute = row.value()
    return build_event(
        change,
        at=row.updated_at,
        partner_id=row.payer,
        account_id=row.account_id,
        data={
            "dispute_id": row.id,
            "status": dispute.status,
            "reason": dispute.reason,
            "currency": dispute.amount.currency,
            "amount": dispute.amount.amount,
            "taken_back": dispute.taken_back.amount if dispute.taken_back else 0,
            "invoice_id": dispute.invoice_id,
            "number": f"{dispute.number:06d}" if dispute.number else None,
            "bill_id": dispute.bill_id,
            "purchase_id": dispute.purchase_id,
            "opened_at": as_text(dispute.opened_at),
            "evidence_due_at": as_text(dispute.evidence_due),
            "closed_at": as_text(dispute.closed_at),
        },
    )
