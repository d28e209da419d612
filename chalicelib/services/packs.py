"""SMS and inbox-preview credits: packs, grants, and what is allocated to accounts (docs/rules.md §7)."""

from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain import invoices, wallets
from chalicelib.domain.accounts import Account
from chalicelib.domain.actions import refuse_while_charging
from chalicelib.domain.charges import Charge, ChargeKind
from chalicelib.domain.credits import CreditKind, Entry, EntryKind
from chalicelib.domain.explanations import Explanation, Rule
from chalicelib.domain.ids import derived_id
from chalicelib.domain.money import Money
from chalicelib.domain.programs import Program
from chalicelib.domain.quotes import Line
from chalicelib.domain.refusals import Invalid, KeyReused, Refusal
from chalicelib.domain.wallets import Wallet
from chalicelib.gateways.payments import Charged, Declined
from chalicelib.models import accounts as account_rows
from chalicelib.models import ledger
from chalicelib.models import purchases as purchase_rows
from chalicelib.models import wallets as wallet_rows
from chalicelib.models.purchases import Purchase
from chalicelib.models.transactions import Busy, Moved, Write, commit
from chalicelib.services import accounts, charges, partners, profiles
from chalicelib.services.credits import AccountHasEnded, NotForSale, bought
from chalicelib.services.orders import Change
from chalicelib.services.standalone_orders import StandaloneOrder

_TRIES = 10
_TITLES = {CreditKind.SMS: "SMS credits", CreditKind.INBOX_PREVIEW: "inbox previews"}


class NotEnoughCredits(Refusal):
    """More was asked for than the partner has."""

    status = 409
    code = "not_enough_credits"
    title = "There are not enough credits"


class NoSmsYet(Refusal):
    """The account cannot use SMS credits: no add-on, or no registration of its own on the Single Bill (§2)."""

    status = 409
    code = "no_sms_yet"
    title = "The account cannot use SMS credits yet"


@dataclass(frozen=True)
class PackOrder(StandaloneOrder):
    """A pack of credits, paid by prepaid money and card, and invoiced to the partner itself."""

    kind: CreditKind
    quantity: int

    @property
    def touches(self) -> frozenset[str]:
        return frozenset({self.purchase.id, self.charge.id})

    def settle_paid(self, wallet: Wallet, payment: Charged | None, *, now: datetime, actor: str) -> Change:
        held = self.charge.from_general or self.set_aside
        wallet = wallets.numbered(wallets.spend(wallet, set_aside=self.set_aside, held=held))
        if self.charge.prepaid:
            wallet = wallets.entered(wallet)
        invoice = invoices.paid(
            invoices.issued(self.charge, payer=self.payer, account_id=None, number=wallet.last_invoice_number, now=now),
            self.charge,
            payment=payment.payment if payment else None,
            balance_after=wallet.balance,
            sequence=wallet.sequence if self.charge.prepaid else None,
            now=now,
        )
        wallet = wallets.credited(wallet, self.kind, self.quantity)
        entry = _entry(
            wallet,
            self.purchase.id,
            self.kind,
            EntryKind.PURCHASE,
            self.quantity,
            now=now,
            invoice_id=invoice.id,
            billing_profile_id=self.charge.billing_profile_id,
        )
        writes: list[Write] = [
            ledger.put_invoice(invoice, now=now, actor=actor, event="invoice.paid"),
            ledger.put_entry(entry, actor=actor, event=f"{self.kind}.purchased"),
        ]
        if self.purchase.version:
            writes.append(purchase_rows.remove(self.purchase))
        return Change(self, wallet, writes)

    def settle_declined(self, wallet: Wallet, answer: Declined, *, now: datetime, actor: str) -> Change:
        del answer, now, actor  # a purchase that was declined leaves nothing behind
        wallet = wallets.release(wallet, self.charge.from_general or self.set_aside)
        return Change(self, wallet, [purchase_rows.remove(self.purchase)])


def buy(
    *,
    purchase_id: str,
    partner_id: str,
    kind: CreditKind,
    billing_profile_id: str,
    quantity: int,
    now: datetime,
    actor: str,
) -> Entry:
    """Buy a pack of credits, prepaid money first. The same ``purchase_id`` again is the same request repeated.

    Raises :class:`Invalid` naming the packs there are, and the refusals of a charge.
    """
    program = partners.program_of(partner_id=partner_id)
    if (entry := ledger.get_entry(partner_id, purchase_id)) is not None:
        return _unless_other(entry, quantity, kind=kind, billing_profile_id=billing_profile_id)
    if not program.credits_can_be_bought:
        raise NotForSale(f"Partners of the program {program.name} are granted credits by the operator.")
    profiles.get_profile(partner_id=partner_id, profile_id=billing_profile_id)
    price = _price(program, kind, quantity)
    why = Explanation(Rule.PACK, list_price=price.amount)
    charge = Charge(
        id=derived_id("inv", purchase_id),
        kind=ChargeKind.CREDIT_PACK,
        lines=(Line(kind, f"{quantity:,} {_TITLES[kind]}", price, explanation=why),),
        total=price,
        started_at=now,
        billing_profile_id=billing_profile_id,
    )
    purchase = Purchase(
        id=purchase_id, payer=partner_id, charge=charge, account_id=None, credit=kind, quantity=quantity
    )
    order = PackOrder(purchase, kind, quantity)
    (result,) = charges.make([order], payer=partner_id, program=program, now=now, actor=actor)
    return bought(result, purchase)


def grant(*, entry_id: str, partner_id: str, kind: CreditKind, quantity: int, now: datetime, actor: str) -> Entry:
    """Give a partner credits, as an operator (§7)."""
    partners.get_partner(partner_id=partner_id)
    for _ in range(_TRIES):
        if (entry := ledger.get_entry(partner_id, entry_id)) is not None:
            return _unless_other(entry, quantity, kind=kind)
        wallet = wallets.credited(wallet_rows.get(partner_id), kind, quantity)
        entry = _entry(wallet, entry_id, kind, EntryKind.GRANT, quantity, now=now)
        try:
            commit([wallet_rows.put(wallet), ledger.put_entry(entry, actor=actor, event=f"{kind}.granted")])
            return entry
        except Moved:
            continue
    raise Busy("Others kept changing the wallet. Try again in a moment.", retry_after=1)


def allocate(
    *,
    entry_id: str,
    partner_id: str,
    kind: CreditKind,
    account_id: str,
    quantity: int,
    now: datetime,
    actor: str,
) -> Entry:
    """Give credits of the partner to one of its accounts; SMS only where the account can use them (§2, §7)."""
    program = partners.program_of(partner_id=partner_id)
    for _ in range(_TRIES):
        if (entry := ledger.get_entry(partner_id, entry_id)) is not None:
            return _unless_other(entry, -quantity, kind=kind, account_id=account_id)
        account = accounts.get_account(partner_id=partner_id, account_id=account_id)
        _refuse_unless_usable(account, kind)
        wallet = wallet_rows.get(partner_id)
        balance = wallets.credit_balance(wallet, kind).balance
        if quantity > balance:
            raise NotEnoughCredits(f"There are {balance:,} {_TITLES[kind]}, {quantity:,} cannot be allocated.")
        wallet = wallets.credited(wallet, kind, -quantity)
        richer = {**account.credits, kind: account.credits.get(kind, 0) + quantity}
        after = replace(account, credits=richer, updated_at=now)
        entry = _entry(wallet, entry_id, kind, EntryKind.ALLOCATED, -quantity, now=now, account_id=account_id)
        writes: list[Write] = [
            wallet_rows.put(wallet),
            account_rows.put(after, program=program, actor=actor),
            ledger.put_entry(entry, actor=actor, event=f"{kind}.allocated"),
        ]
        try:
            commit(writes)
            return entry
        except Moved:
            continue
    raise Busy("Others kept changing the same rows. Try again in a moment.", retry_after=1)


def register_sms(*, partner_id: str, account_id: str, now: datetime, actor: str) -> Account:
    """Note that an account on the Single Bill has completed its own SMS registration (§2)."""
    program = partners.program_of(partner_id=partner_id)
    for _ in range(_TRIES):
        account = accounts.get_account(partner_id=partner_id, account_id=account_id)
        if account.sms_registered:
            return account
        if "sms" not in account.plan.add_ons:
            raise NoSmsYet(f"{account_id} has no SMS add-on to register for.")
        put = account_rows.put(
            replace(account, sms_registered=True, updated_at=now),
            program=program,
            actor=actor,
            event="account.sms_registered",
        )
        try:
            commit([put])
            return account_rows.stored(put)
        except Moved:
            continue
    raise Busy(f"Others kept changing {account_id}. Try again in a moment.", retry_after=1)


def _price(program: Program, kind: CreditKind, quantity: int) -> Money:
    packs = program.credit_packs.get(kind, ())
    for pack in packs:
        if pack.quantity == quantity:
            return program.money(pack.price)
    offered = ", ".join(str(pack.quantity) for pack in packs) or "none"
    raise Invalid(errors=[("quantity", f"{quantity} is no pack; offered: {offered}")])


def _refuse_unless_usable(account: Account, kind: CreditKind) -> None:
    refuse_while_charging(account)
    if not account.runs:
        raise AccountHasEnded(f"{account.id} is {account.status} and can use no credits.")
    if kind is not CreditKind.SMS:
        return
    if "sms" not in account.plan.add_ons:
        raise NoSmsYet(f"{account.id} has no SMS add-on.")
    if account.single_bill and not account.sms_registered:
        raise NoSmsYet(
            f"{account.id} is on the Single Bill and has not completed its own SMS registration: "
            f"PUT /v1/accounts/{account.id}/sms-registration."
        )


def _entry(
    wallet: Wallet,
    entry_id: str,
    credit: CreditKind,
    kind: EntryKind,
    change: int,
    *,
    now: datetime,
    account_id: str | None = None,
    invoice_id: str | None = None,
    billing_profile_id: str | None = None,
) -> Entry:
    balance = wallets.credit_balance(wallet, credit)
    return Entry(
        id=entry_id,
        payer=wallet.payer,
        kind=kind,
        at=now,
        amount=Money(change, credit.unit),
        balance_after=Money(balance.balance, credit.unit),
        sequence=balance.sequence,
        account_id=account_id,
        invoice_id=invoice_id,
        billing_profile_id=billing_profile_id,
        credit=credit,
    )


def _unless_other(
    entry: Entry,
    change: int,
    *,
    kind: CreditKind,
    account_id: str | None = None,
    billing_profile_id: str | None = None,
) -> Entry:
    made = entry.credit, entry.amount.amount, entry.account_id, entry.billing_profile_id
    if made != (kind, change, account_id, billing_profile_id):
        raise KeyReused(f"It moved {entry.amount.amount} {entry.credit} credits. Use a new Idempotency-Key.")
    return entry
