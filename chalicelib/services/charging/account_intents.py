"""Charges of accounts: a first period, a renewal, a retry, a change of plan (docs/rules.md §4, §5)."""

from collections.abc import Sequence
from datetime import datetime

from chalicelib.domain.accounts import earning, paid_periods, transitions
from chalicelib.domain.accounts.accounts import Account, Status
from chalicelib.domain.billing import invoices
from chalicelib.domain.billing.invoices import Invoice, InvoicedAccount, InvoiceStatus
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.charging.charges import Charge, ChargeKind
from chalicelib.domain.copies import replace
from chalicelib.domain.money import Money
from chalicelib.domain.partners import billing_profiles
from chalicelib.domain.schedule import renewals
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet import wallets
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.gateways.payments import Charged, Declined
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import Put, Write
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.charging.intents import Change, ChargeIntent
from chalicelib.services.charging.wallet_effects import adjust_active_count, release_set_aside


@dataclass(frozen=True, slots=True)
class AccountIntent:
    """A charge of an account: its first period, a renewal, the retry of an open invoice, a change of its plan.

    ``password_hash`` and ``opens_with`` come with an account that is not written yet: what is written along with it,
    such as the card of one that pays for itself. If another run wrote it, the password is that run's. ``is_due`` says
    that the account's alarm has rung for this charge. While it is held the alarm stays as it is: the message that it
    sent comes again if the worker is cut off.
    """

    account: Account
    charge: Charge
    program: Program
    open_invoice: Invoice | None = None
    password_hash: str = ""
    opens_with: tuple[Write, ...] = ()
    is_due: bool = False

    @property
    def subject(self) -> str:
        return self.account.id

    @property
    def payer(self) -> str:
        return self.account.payer

    @property
    def set_aside(self) -> Money:
        return self.account.prepaid_set_aside

    @property
    def touches(self) -> frozenset[str]:
        others = (write.subject for write in self.opens_with if self.account.version == 0)
        return frozenset({self.account.id, self.charge.id, names.subject(self.account.name), *others})

    @property
    def is_first(self) -> bool:
        """The account does not exist yet, or only as pending: it is removed if the charge is declined."""
        return self.account.status is Status.PENDING

    def is_outdated(self, wallet: Wallet) -> bool:
        if self.open_invoice is not None or self.charge.period is None:
            return False
        if self.charge.kind is ChargeKind.UPGRADE:
            return self._names_another_bill(wallet)  # its discounts are frozen with the period
        terms = renewals.terms_for(
            self.account,
            program=self.program,
            active_paid_accounts=wallet.active_paid_accounts + int(not self.account.counts_as_active_paid),
            day=self.charge.period.start,
        )
        return terms != self.charge.terms or self._names_another_bill(wallet)

    def split(self, charge: Charge) -> ChargeIntent:
        return replace(self, charge=charge)

    def hold(self, wallet: Wallet, *, now: datetime, actor: str) -> Change:
        held = paid_periods.charging(self.account, self.charge, now=now)
        rung_for = self.account if self.is_due else None
        put = account_rows.put(held, program=self.program, actor=actor, rung_for=rung_for)
        return self._change(put, wallet, self._name_writes())

    def settle_paid(self, wallet: Wallet, payment: Charged | None, *, now: datetime, actor: str) -> Change:
        frozen = self._frozen(now)
        after = paid_periods.paid(frozen, self.charge, now=now)
        wallet = wallets.spend(wallet, set_aside=self._from_set_aside, held=self._held)
        wallet, invoice = self._invoice(wallet, now)
        if self.charge.prepaid:
            wallet = wallets.with_journal_entry(wallet)
        sequence = wallet.sequence if self.charge.prepaid else None
        if self.charge.bill_id is not None:
            invoice = invoices.put_on_bill(
                invoice, self.charge, balance_after=wallet.balance, sequence=sequence, now=now
            )
            wallet = wallets.billed(wallet, invoice.billed) if invoice.billed else wallet
        else:
            invoice = invoices.paid(
                invoice,
                self.charge,
                payment=payment.payment if payment else None,
                balance_after=wallet.balance,
                sequence=sequence,
                now=now,
            )
        after, invoice = earning.after_payment(after, invoice, now=now)
        return self._change(
            account_rows.put(after, program=self.program, actor=actor, event=self._paid_event(frozen)),
            adjust_active_count(wallet, frozen, after),
            [
                invoice_rows.put(
                    invoice,
                    now=now,
                    actor=actor,
                    event="invoice.paid" if invoice.status is InvoiceStatus.PAID else "invoice.billed",
                ),
                *self._name_writes(),
            ],
        )

    def settle_declined(self, wallet: Wallet, answer: Declined, *, now: datetime, actor: str) -> Change:
        frozen = self._frozen(now)
        wallet = wallets.release(wallet, self._held)
        if self.is_first:
            return Change(self, wallet, self._removals(frozen, wallet))
        if self.charge.plan is not None:  # a change somebody requested: nothing has changed
            return self._change(
                account_rows.put(replace(frozen, charge=None), program=self.program, actor=actor), wallet, []
            )
        card_changed, unless_again = self._card_changed(frozen, answer)
        after = transitions.payment_declined(
            frozen, self.charge, program=self.program, now=now, card_changed=card_changed
        )
        given_up = after.status is Status.EXPIRED
        wallet, invoice = self._invoice(wallet, now)
        invoice = invoices.declined(invoice, self.charge, decline_code=answer.decline_code, given_up=given_up, now=now)
        wallet, releases = release_set_aside(wallet, frozen, after, now=now, actor=actor)
        return self._change(
            account_rows.put(
                after,
                program=self.program,
                actor=actor,
                event="account.expired" if given_up else "account.payment_failed",
            ),
            adjust_active_count(wallet, frozen, after),
            [
                invoice_rows.put(
                    invoice,
                    now=now,
                    actor=actor,
                    event="invoice.uncollectible" if given_up else "invoice.payment_failed",
                ),
                *releases,
                *unless_again,
            ],
        )

    def read_again(self) -> ChargeIntent | None:
        account = account_rows.get(self.account.id)
        if account is None or account.charge is None or not _is_same(account.charge, self.charge):
            return None
        return replace(self, account=account, charge=account.charge, password_hash="")

    def is_settled(self) -> bool:
        invoice = invoice_rows.get(self.account.payer, self.charge.id)
        if invoice is None or (invoice.charge_kind, invoice.period) != (self.charge.kind, self.charge.period):
            return False
        if self.charge.plan is not None and invoice.lines[: len(self.charge.lines)] != self.charge.lines:
            return False  # a change to another plan, requested at the same moment
        return invoice.status is InvoiceStatus.PAID or invoice.bill_id is not None

    def _names_another_bill(self, wallet: Wallet) -> bool:
        """Whether the charge names another Single Bill than the one that is open now."""
        if self.charge.bill_id is None:
            return False
        bill = wallet.single_bill
        return bill is None or bill.id != self.charge.bill_id or not bill.takes_invoices

    def _card_changed(self, frozen: Account, answer: Declined) -> tuple[bool, list[Write]]:
        """Whether the card was changed while it was asked the first time, and the condition that it is not yet.

        From then on the account is past due, and whoever changes the card has it tried again.
        """
        if frozen.overdue is not None:
            return False, []
        if frozen.billing_profile_id is None or frozen.billing_profile_id != self.charge.billing_profile_id:
            return frozen.billing_profile_id is not None, []
        profile = profile_rows.get(self.payer, frozen.billing_profile_id)
        changed = billing_profiles.has_new_card(profile, asked=answer.asked, since=self.charge.started_at)
        return changed, [profile_rows.unchanged(profile)] if profile else []

    @property
    def _held(self) -> Money:
        return self.charge.from_general or Money.zero(self.charge.total.currency)

    @property
    def _from_set_aside(self) -> Money:
        return self.charge.from_set_aside or Money.zero(self.charge.total.currency)

    def _change(self, put: Put, wallet: Wallet, others: Sequence[Write]) -> Change:
        stored = account_rows.stored(put)
        return Change(replace(self, account=stored), wallet, [put, *others])

    def _frozen(self, now: datetime) -> Account:
        """The account with the charge on it: as stored, or as if it had been held where no card is needed."""
        if self.account.charge is not None:
            return self.account
        return paid_periods.charging(self.account, self.charge, now=now)

    def _invoice(self, wallet: Wallet, now: datetime) -> tuple[Wallet, Invoice]:
        """The open invoice this charge is for; a new one takes the next number."""
        if self.open_invoice is not None:
            return wallet, self.open_invoice
        wallet = wallets.with_invoice_number(wallet, parties=self.charge.parties)
        return wallet, invoices.issued(
            self.charge,
            payer=self.account.payer,
            account_id=self.account.id,
            account=InvoicedAccount(self.account.name, self.account.client.name),
            number=wallet.last_invoice_number,
            earning=earning.of_issued(self.account, self.charge, program=self.program),
            now=now,
        )

    def _paid_event(self, before: Account) -> str:
        if self.is_first:
            return "account.created"
        if self.charge.plan is not None:
            return paid_periods.plan_change_event(before, self.charge.plan)
        return "account.payment_recovered" if before.overdue else "account.renewed"

    def _removals(self, frozen: Account, wallet: Wallet) -> list[Write]:
        """The removal of an account whose first charge was declined, with all that was written along with it."""
        gone: list[Write] = [account_rows.remove(frozen), names.give_back(frozen.name, account_id=frozen.id)]
        if frozen.pays_itself and wallet.version:
            gone.append(wallet_rows.remove(wallet))
            if frozen.billing_profile_id is not None:
                gone.append(profile_rows.remove(frozen.id, frozen.billing_profile_id))
        return gone

    def _name_writes(self) -> list[Write]:
        """A new account's name is taken in the same transaction as the account, and what else it opens with written."""
        is_new = self.account.version == 0
        if not is_new:
            return []
        taken = names.take(self.account.name, account_id=self.account.id, password_hash=self.password_hash)
        return [taken, *self.opens_with]


def _is_same(frozen: Charge, charge: Charge) -> bool:
    """Whether a frozen charge is this one: another change requested at the same moment has the same number."""
    return (frozen.key, frozen.kind, frozen.period, frozen.plan) == (
        charge.key,
        charge.kind,
        charge.period,
        charge.plan,
    )
