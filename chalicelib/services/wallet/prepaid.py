"""Prepaid money: buying it, and its journal (docs/rules.md §7)."""

from datetime import datetime
from typing import Any

from chalicelib.domain.accounts.accounts import Status
from chalicelib.domain.accounts.actions import refuse_unless_partner_pays
from chalicelib.domain.catalog.explanations import Explanation, Rule
from chalicelib.domain.catalog.quotes import Line
from chalicelib.domain.charging.charges import Charge, ChargeKind
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import Invalid, KeyReused, Refusal
from chalicelib.domain.wallet import wallets
from chalicelib.domain.wallet.journal import CreditKind, Entry, EntryKind
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.billing import journal as journal_rows
from chalicelib.models.charging.pending_charges import PendingCharge, PrepaidPurchase
from chalicelib.models.transactions import Busy, commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.accounts import accounts
from chalicelib.services.accounts.quotes import QuoteChanged, quote_purchase
from chalicelib.services.billing import payment_retries
from chalicelib.services.charging import charges
from chalicelib.services.charging.one_off_intents import OneOffIntent
from chalicelib.services.charging.purchase_intents import PurchaseIntent
from chalicelib.services.charging.results import Result, refuse_unpaid
from chalicelib.services.partners import billing_profiles, partners

WALLET_BUSY = "Others kept changing the wallet. Try again in a moment."


class AccountHasEnded(Refusal):
    """An account that has ended takes neither money nor work."""

    code = "account_has_ended"
    title = "The account has ended"


def get_balances(*, partner_id: str) -> tuple[Wallet, list[tuple[str, Money]]]:
    """The partner's wallet, and what is set aside for each account."""
    return wallet_rows.get(partner_id), account_rows.set_asides(partner_id)


def buy_prepaid(
    *,
    purchase_id: str,
    partner_id: str,
    billing_profile_id: str,
    amount: int,
    account_id: str | None,
    expect_due_today: int | None = None,
    now: datetime,
    actor: str,
) -> Entry:
    """Buy prepaid money with a card; with ``account_id`` it is set aside for that account at once.

    The same ``purchase_id`` again is the same request repeated. Raises :class:`Invalid`,
    :class:`QuoteChanged`, :class:`CardDeclined`, :class:`ChargeOutcomeUnknown`.
    """
    program = partners.program_of(partner_id=partner_id)
    if (entry := journal_rows.get(partner_id, purchase_id)) is not None:
        _refuse_other(entry, amount, account_id, billing_profile_id)
        # the first try may have been cut off before this
        payment_retries.retry_if_covered(partner_id=partner_id, now=now, actor=actor)
        return entry
    if not program.credits_can_be_bought:
        raise NotForSale(f"Partners of the program {program.name} are granted credits by the operator.")
    if amount < program.prepaid_minimum:
        raise Invalid(errors=[("amount", f"must be at least {program.prepaid_minimum} (minor units)")])
    billing_profiles.get_profile(partner_id=partner_id, profile_id=billing_profile_id)
    account = accounts.get_managed(partner_id=partner_id, account_id=account_id) if account_id else None
    if account is not None:
        refuse_unless_partner_pays(account, for_what="prepaid money")
    if account is not None and account.status in (Status.EXPIRED, Status.ARCHIVED):
        raise AccountHasEnded(f"{account_id} is {account.status}. Buy without account_id, for all accounts.")
    price = Money(amount, program.currency)
    lines = (Line("prepaid", "Prepaid money", price, explanation=Explanation(Rule.AMOUNT)),)
    if expect_due_today not in (None, amount):
        raise QuoteChanged(quote_purchase(lines, program=program))
    charge = Charge(
        id=purchase_id,
        kind=ChargeKind.PREPAID_PURCHASE,
        lines=lines,
        total=price,
        started_at=now,
        billing_profile_id=billing_profile_id,
    )
    pending = PrepaidPurchase(id=purchase_id, payer=partner_id, charge=charge, account_id=account_id)
    intent = PurchaseIntent.of(pending, program)
    (result,) = charges.make([intent], payer=partner_id, program=program, now=now, actor=actor)
    entry = entry_of_purchase(result, pending)
    payment_retries.retry_if_covered(partner_id=partner_id, now=now, actor=actor)
    return entry


def grant_prepaid(*, entry_id: str, partner_id: str, amount: int, reason: str = "", now: datetime, actor: str) -> Entry:
    """Give a partner prepaid money, as an operator (§7). The same ``entry_id`` again is the same request repeated.

    The partner reads the ``reason`` in its journal.
    """
    partners.get_partner(partner_id=partner_id)

    def attempt() -> Entry:
        if (entry := journal_rows.get(partner_id, entry_id)) is not None:
            _refuse_other_grant(entry, amount, reason)
            return entry
        wallet = wallet_rows.get(partner_id)
        given = Money(amount, wallet.currency)
        wallet = wallets.with_journal_entry(wallets.add(wallet, given))
        entry = Entry(
            id=entry_id,
            payer=partner_id,
            kind=EntryKind.GRANT,
            at=now,
            amount=given,
            balance_after=wallet.balance,
            sequence=wallet.sequence,
            reason=reason,
        )
        commit([wallet_rows.put(wallet), journal_rows.put(entry, actor=actor, event="prepaid.granted")])
        return entry

    entry = transactions.retry(attempt, busy=WALLET_BUSY)
    payment_retries.retry_if_covered(partner_id=partner_id, now=now, actor=actor)
    return entry


def preview_grant(*, partner_id: str, amount: int) -> Wallet:
    """A partner's wallet as it would be with so much more prepaid money; nothing is changed."""
    wallet = wallet_rows.get(partner_id)
    return wallets.add(wallet, Money(amount, wallet.currency))


def list_journal(
    *, partner_id: str, kind: CreditKind = CreditKind.PREPAID, limit: int, start: dict[str, Any] | None
) -> tuple[list[Entry], dict[str, Any] | None]:
    """The partner's journal of one kind of credit, newest first, and where the next page starts."""
    return journal_rows.of_payer(partner_id, kind=kind, limit=limit, start=start)


class NotForSale(Refusal):
    """Partners of this program cannot buy credits (§7)."""

    code = "credits_not_for_sale"
    title = "Credits are granted, not sold"


def _refuse_other(entry: Entry, amount: int, account_id: str | None, billing_profile_id: str) -> None:
    if (entry.amount.amount, entry.account_id, entry.billing_profile_id) != (amount, account_id, billing_profile_id):
        raise KeyReused(
            f"It bought {entry.amount.amount} with {entry.billing_profile_id} "
            f"for {entry.account_id or 'all accounts'}. Use a new Idempotency-Key."
        )


def _refuse_other_grant(entry: Entry, amount: int, reason: str) -> None:
    made = entry.credit, entry.kind, entry.amount.amount, entry.reason
    if made != (CreditKind.PREPAID, EntryKind.GRANT, amount, reason):
        raise KeyReused(f"It was used for a different entry, of {entry.amount.amount}. Use a new Idempotency-Key.")


def entry_of_purchase(result: Result, asked: PendingCharge) -> Entry:
    """The journal entry of the purchase that was ``asked`` for.

    Raises :class:`KeyReused` if the purchase that was charged has the same id but is another, and the refusals of a
    charge that was not paid.
    """
    intent = result.intent
    assert isinstance(intent, OneOffIntent)
    intent.refuse_another(asked)
    paid = refuse_unpaid(
        result,
        declined="The card was declined; nothing was bought.",
        unknown="The purchase will be finished or given up within minutes. "
        "Repeat the request with the same Idempotency-Key to learn which.",
    )
    if paid is None:
        raise Busy("Others kept changing the same rows. Try again in a moment.", retry_after=1)
    entry = journal_rows.get(asked.payer, asked.id)
    assert entry is not None
    return entry
