"""Buying packs of SMS and inbox-preview credits, and granting credits (docs/rules.md §7)."""

from datetime import datetime

from chalicelib.domain.catalog.explanations import Explanation, Rule
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.catalog.quotes import Line
from chalicelib.domain.charging.charges import Charge, ChargeKind
from chalicelib.domain.ids import derived_id
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import Invalid, KeyReused
from chalicelib.domain.wallet import wallets
from chalicelib.domain.wallet.journal import CreditKind, Entry, EntryKind
from chalicelib.models import transactions
from chalicelib.models.billing import journal as journal_rows
from chalicelib.models.charging.pending_charges import CreditsPurchase
from chalicelib.models.transactions import commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.accounts import accounts
from chalicelib.services.accounts.quotes import QuoteChanged, quote_purchase
from chalicelib.services.charging import charges
from chalicelib.services.charging.results import Conflict
from chalicelib.services.partners import billing_profiles, partners
from chalicelib.services.wallet.account_credits import TITLES, refuse_unless_usable
from chalicelib.services.wallet.pack_intents import PackIntent
from chalicelib.services.wallet.prepaid import WALLET_BUSY, NotForSale, entry_of_purchase

_ATTEMPTS = 10


def buy_pack(
    *,
    purchase_id: str,
    partner_id: str,
    kind: CreditKind,
    billing_profile_id: str,
    quantity: int,
    account_id: str | None = None,
    expect_due_today: int | None = None,
    now: datetime,
    actor: str,
) -> Entry:
    """Buy a pack of credits, prepaid money first; with ``account_id`` it is allocated to that account at once.

    The same ``purchase_id`` again is the same request repeated. Raises :class:`Invalid` naming the packs on offer,
    :class:`QuoteChanged` for a pack at another price, and the refusals of an allocation and of a charge.
    """
    program = partners.program_of(partner_id=partner_id)
    if (entry := journal_rows.get(partner_id, purchase_id)) is not None:
        return _unless_other(entry, quantity, kind=kind, account_id=account_id, billing_profile_id=billing_profile_id)
    if not program.credits_can_be_bought:
        raise NotForSale(f"Partners of the program {program.name} are granted credits by the operator.")
    billing_profiles.get_profile(partner_id=partner_id, profile_id=billing_profile_id)
    price = _price(program, kind, quantity)
    why = Explanation(Rule.PACK, list_price=price.amount)
    lines = (Line(kind, f"{quantity:,} {TITLES[kind]}", price, explanation=why),)
    if expect_due_today not in (None, price.amount):
        raise QuoteChanged(quote_purchase(lines, program=program))
    charge = Charge(
        id=derived_id("inv", purchase_id),
        kind=ChargeKind.CREDIT_PACK,
        lines=lines,
        total=price,
        started_at=now,
        billing_profile_id=billing_profile_id,
    )
    pending = CreditsPurchase(
        id=purchase_id, payer=partner_id, charge=charge, account_id=account_id, credit=kind, quantity=quantity
    )
    for _ in range(_ATTEMPTS):
        account = accounts.get_managed(partner_id=partner_id, account_id=account_id) if account_id else None
        if account is not None:
            refuse_unless_usable(account, kind)
        intent = PackIntent(pending, program, account)
        (result,) = charges.make([intent], payer=partner_id, program=program, now=now, actor=actor)
        if not isinstance(result, Conflict):
            break  # else the account was changed meanwhile, and nothing was charged
    return entry_of_purchase(result, pending)


def grant_credits(
    *, entry_id: str, partner_id: str, kind: CreditKind, quantity: int, reason: str = "", now: datetime, actor: str
) -> Entry:
    """Give a partner credits, as an operator (§7). The partner reads the ``reason`` in its journal."""
    partners.get_partner(partner_id=partner_id)

    def attempt() -> Entry:
        if (entry := journal_rows.get(partner_id, entry_id)) is not None:
            return _unless_other(entry, quantity, kind=kind, reason=reason)
        wallet = wallets.credited(wallet_rows.get(partner_id), kind, quantity)
        entry = wallets.credit_entry(wallet, kind, EntryKind.GRANT, quantity, id=entry_id, now=now, reason=reason)
        commit([wallet_rows.put(wallet), journal_rows.put(entry, actor=actor, event=f"{kind}.granted")])
        return entry

    return transactions.retry(attempt, busy=WALLET_BUSY)


def preview_grant(*, partner_id: str, kind: CreditKind, quantity: int) -> int:
    """How many credits a partner would have with so many more; nothing is changed."""
    return wallets.credit_balance(wallets.credited(wallet_rows.get(partner_id), kind, quantity), kind).balance


def _price(program: Program, kind: CreditKind, quantity: int) -> Money:
    packs = program.credit_packs.get(kind, ())
    for pack in packs:
        if pack.quantity == quantity:
            return program.money(pack.price)
    offered = ", ".join(str(pack.quantity) for pack in packs) or "none"
    raise Invalid(errors=[("quantity", f"{quantity} is not a pack; there are packs of: {offered}")])


def _unless_other(
    entry: Entry,
    change: int,
    *,
    kind: CreditKind,
    account_id: str | None = None,
    billing_profile_id: str | None = None,
    reason: str = "",
) -> Entry:
    made = entry.credit, entry.amount.amount, entry.account_id, entry.billing_profile_id, entry.reason
    if made != (kind, change, account_id, billing_profile_id, reason):
        raise KeyReused(f"It moved {entry.amount.amount} {entry.credit} credits. Use a new Idempotency-Key.")
    return entry
