"""Refunds that fail after they were booked: a processor may learn days later that a card accepts no refund."""

from datetime import datetime

from aws_lambda_powertools import Logger

from chalicelib.domain.accounts import provisioning
from chalicelib.domain.accounts.accounts import ProvisioningStatus
from chalicelib.domain.billing import refunds
from chalicelib.domain.billing.refunds import Refund
from chalicelib.domain.ids import derived_id
from chalicelib.domain.money import Money
from chalicelib.domain.wallet import wallets
from chalicelib.domain.wallet.journal import Entry, EntryKind
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.gateways.choice import payment_gateway
from chalicelib.gateways.payments import Declined
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.billing import journal as journal_rows
from chalicelib.models.transactions import Write, commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.charging.refund_intents import note_undone, paid_invoice, purchase_of, purchase_undone
from chalicelib.services.partners import partners

_logger = Logger(service="sublet", child=True)


def undo_if_failed(*, payer: str, refund_id: str, now: datetime, actor: str) -> bool:
    """Ask the processor for the outcome of a booked refund; undo the card's part of one that failed, once.

    The journal gets an entry of kind ``returned``; what went to prepaid money stays there. What was paid for an account
    that could not be prepared is refunded again tomorrow (§2). True if it was undone now.
    Raises :class:`OutcomeUnknown` when the processor does not answer.
    """
    refund = booked(payer, refund_id)
    if refund is None or refund.reference is None:
        return False
    answer = payment_gateway().find_refund(reference=refund.reference)
    if not isinstance(answer, Declined):
        return False
    undone_id = derived_id("txn", refund.id, "failed")

    def attempt() -> bool:
        if journal_rows.get(payer, undone_id) is not None:
            return False
        wallet, writes = _undoing(refund, undone_id, wallet_rows.get(payer), now=now, actor=actor)
        commit([wallet_rows.put(wallet), *writes])
        _logger.warning("a refund failed at the card", extra={"refund": refund_id, "reason": answer.decline_code})
        return True

    return transactions.retry(attempt, busy="Others kept changing what was refunded. Try again in a moment.")


def booked(payer: str, refund_id: str) -> Entry | None:
    """The journal entry of a refund that a card has a part in, if this is one."""
    entry = journal_rows.get(payer, refund_id)
    return entry if entry is not None and entry.kind is EntryKind.REFUND and entry.to_card else None


def _undoing(refund: Entry, undone_id: str, wallet: Wallet, *, now: datetime, actor: str) -> tuple[Wallet, list[Write]]:
    """The wallet and the writes that undo the card's part, the journal entry among them."""
    assert refund.to_card is not None
    of_invoice = refund.invoice_id is not None
    back = Money.zero(wallet.currency) if of_invoice else refund.to_card
    wallet = wallets.with_journal_entry(wallets.add(wallet, back))
    if of_invoice:
        wallet = wallets.credit_noted(wallet)
    undone = Entry(
        id=undone_id,
        payer=refund.payer,
        kind=EntryKind.RETURNED,
        at=now,
        amount=back,
        balance_after=wallet.balance,
        sequence=wallet.sequence,
        account_id=refund.account_id,
        invoice_id=refund.invoice_id,
        purchase_id=refund.purchase_id,
        processor=refund.processor,
        reference=refund.reference,
        to_card=-refund.to_card,
        credit_note=wallet.last_credit_note_number if of_invoice else None,
        corrects=refund.credit_note,
    )
    if of_invoice:
        rows, event = _invoice_undone(refund, undone, now=now, actor=actor), "invoice.refund_failed"
    else:
        assert refund.purchase_id is not None
        bought = purchase_of(refund.payer, refund.purchase_id)
        rows = purchase_undone(bought, refund.to_card, now=now, actor=actor)
        event = "prepaid.refund_failed"
    return wallet, [*rows, journal_rows.put(undone, actor=actor, event=event)]


def _invoice_undone(refund: Entry, undone: Entry, *, now: datetime, actor: str) -> list[Write]:
    """The invoice and its bill, and the credit note that corrects the one whose refund failed."""
    assert refund.invoice_id is not None
    assert undone.to_card is not None
    invoice, bill = paid_invoice(refund.payer, refund.invoice_id)
    taken_back = Refund(card=undone.to_card, prepaid=undone.amount)
    return [
        *note_undone(refunds.credited(invoice, undone), bill, taken_back, now=now, actor=actor),
        *_refunded_again(refund, now=now, actor=actor),
    ]


def _refunded_again(refund: Entry, *, now: datetime, actor: str) -> list[Write]:
    """The alarm for another refund, under another id, of what was paid for an account that failed."""
    account = account_rows.get(refund.account_id) if refund.account_id else None
    if account is None or provisioning.status_of(account) is not ProvisioningStatus.FAILED:
        return []
    again = provisioning.refund_again(account, declined=True, now=now)
    return [account_rows.put(again, program=partners.program_of(partner_id=account.partner_id), actor=actor)]
