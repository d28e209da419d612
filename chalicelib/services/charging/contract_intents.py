"""Charges of partners' contracts (docs/rules.md §10)."""

from dataclasses import replace
from datetime import datetime

from chalicelib.domain.accounts import lifecycle
from chalicelib.domain.billing import contracts as domain
from chalicelib.domain.billing import invoices
from chalicelib.domain.billing.contracts import Contract
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.money import Money
from chalicelib.domain.partners import billing_profiles
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet import wallets
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.gateways.payments import Charged, Declined
from chalicelib.models.billing import contracts as contract_rows
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import Put
from chalicelib.services.charging.intents import Change, ChargeIntent


@dataclass(frozen=True)
class ContractIntent:
    """The charge of a contract's year, or the retry of ``open_invoice``. It brings nobody a commission."""

    contract: Contract
    charge: Charge
    partner: Partner
    program: Program
    open_invoice: Invoice | None = None

    @property
    def subject(self) -> str:
        return self.contract.id

    @property
    def payer(self) -> str:
        return self.partner.id

    @property
    def set_aside(self) -> Money:
        return Money.zero(self.charge.total.currency)

    @property
    def touches(self) -> frozenset[str]:
        return frozenset({self.subject, self.charge.id})

    def is_outdated(self, wallet: Wallet) -> bool:
        del wallet  # no discount comes off a contract's price
        return False

    def split(self, charge: Charge) -> ChargeIntent:
        return replace(self, charge=charge)

    def hold(self, wallet: Wallet, *, now: datetime, actor: str) -> Change:
        held = replace(self.contract, charge=self.charge, due_at=now + lifecycle.CHARGE_CHECKED_AFTER)
        return self._change(contract_rows.put(held, actor=actor), wallet)

    def settle_paid(self, wallet: Wallet, payment: Charged | None, *, now: datetime, actor: str) -> Change:
        wallet = wallets.spend(wallet, set_aside=self.set_aside, held=self._held)
        wallet, invoice = self._invoice(wallet, now)
        if self.charge.prepaid:
            wallet = wallets.with_journal_entry(wallet)
        invoice = invoices.paid(
            invoice,
            self.charge,
            payment=payment.payment if payment else None,
            balance_after=wallet.balance,
            sequence=wallet.sequence if self.charge.prepaid else None,
            now=now,
        )
        after = domain.paid(self.contract, self.charge, time_zone=self.partner.time_zone, now=now)
        event = "contract.payment_recovered" if self.contract.is_past_due else "contract.renewed"
        return self._change(
            contract_rows.put(after, actor=actor, event=event),
            wallet,
            invoice_rows.put(invoice, now=now, actor=actor, event="invoice.paid"),
        )

    def settle_declined(self, wallet: Wallet, answer: Declined, *, now: datetime, actor: str) -> Change:
        wallet, invoice = self._invoice(wallets.release(wallet, self._held), now)
        invoice = invoices.declined(invoice, self.charge, decline_code=answer.decline_code, given_up=False, now=now)
        after = domain.declined(
            self.contract,
            self.charge,
            retry_days=self.program.retry_days,
            time_zone=self.partner.time_zone,
            card_changed=self._card_changed(answer),
            now=now,
        )
        return self._change(
            contract_rows.put(after, actor=actor, event="contract.payment_failed"),
            wallet,
            invoice_rows.put(invoice, now=now, actor=actor, event="invoice.payment_failed"),
        )

    def read_again(self) -> ChargeIntent | None:
        contract = contract_rows.get(self.partner.id)
        if contract.charge is None or contract.charge.key != self.charge.key:
            return None
        return replace(self, contract=contract, charge=contract.charge)

    def is_settled(self) -> bool:
        invoice = invoice_rows.get(self.payer, self.charge.id)
        return invoice is not None and invoice.status is InvoiceStatus.PAID

    def _card_changed(self, answer: Declined) -> bool:
        """Whether another card would be asked now.

        Whoever changes the default card writes the contract afterwards (``contracts.retry_soon``), so that an answer
        that is being settled meanwhile is settled anew, and sees it.
        """
        profile = next(iter(profile_rows.defaults(self.payer)), None)
        if profile is None or profile.id != self.charge.billing_profile_id:
            return profile is not None
        return billing_profiles.has_new_card(profile, asked=answer.asked, since=self.charge.started_at)

    @property
    def _held(self) -> Money:
        return self.charge.from_general or Money.zero(self.charge.total.currency)

    def _invoice(self, wallet: Wallet, now: datetime) -> tuple[Wallet, Invoice]:
        """The open invoice this charge is for; a new one takes the next number."""
        if self.open_invoice is not None:
            return wallet, self.open_invoice
        wallet = wallets.with_invoice_number(wallet, parties=self.charge.parties)
        number = wallet.last_invoice_number
        return wallet, invoices.issued(self.charge, payer=self.payer, account_id=None, number=number, now=now)

    def _change(self, put: Put, wallet: Wallet, *others: Put) -> Change:
        return Change(replace(self, contract=contract_rows.stored(put)), wallet, [put, *others])
