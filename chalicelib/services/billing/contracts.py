"""Partners' contracts: agreed on, ended, tried again soon (docs/rules.md §10, docs/decisions/contracts.md)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain.accounts.actions import ChargeInProgress
from chalicelib.domain.accounts.usage import ContactPool
from chalicelib.domain.billing import contracts as domain
from chalicelib.domain.billing import invoices
from chalicelib.domain.billing.contracts import Contract
from chalicelib.domain.money import Money
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.values import dataclass
from chalicelib.models import transactions
from chalicelib.models.accounts import usage as usage_rows
from chalicelib.models.billing import contracts as contract_rows
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.transactions import Write, commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import usage
from chalicelib.services.partners import partners

_ATTEMPTS = 25
"""The number of contacts is in the row of their sum, which the platform's reports change many at a time."""


class HouseHasNoContract(Refusal):
    """The house is the vendor itself (docs/rules.md §9)."""

    code = "house_has_no_contract"
    title = "The house has no contract"


@dataclass(frozen=True)
class Agreement:
    """A partner's contract, with the contacts it allows and those that its accounts have."""

    partner: Partner
    contract: Contract
    pool: ContactPool


def get_contract(*, partner_id: str) -> Agreement:
    """What a partner's contract says. Raises :class:`NotFound`, and :class:`usage.NotPooled` in other programs."""
    partner = _get_partner(partner_id)
    return Agreement(partner, contract_rows.get(partner_id), usage_rows.pool_of(partner_id))


def agree(*, partner_id: str, changes: Mapping[str, Any], now: datetime, actor: str) -> Agreement:
    """Note what a partner's contract says of ``contacts``, ``price`` and ``starts_on``; what is left out stays.

    A new price holds from the next year on. Without a price (None) the contract ends: nothing more is invoiced, and an
    unpaid invoice is void. Raises as :func:`get_contract` and :func:`domain.agreed`, :class:`HouseHasNoContract`, and
    :class:`ChargeInProgress`.
    """
    partner = _get_partner(partner_id)
    if partner.house and changes.get("price") is not None:
        raise HouseHasNoContract("Name the partner that pays.")

    def attempt() -> Agreement:
        contract, pool = contract_rows.get(partner_id), usage_rows.pool_of(partner_id)
        writes: list[Write] = []
        if "contacts" in changes:
            pool, writes = usage.agree_on_contacts(pool, contacts=changes["contacts"], now=now, actor=actor)
        if changes.keys() & {"price", "starts_on"}:
            contract, priced = _with_price(contract, partner, changes, now=now, actor=actor)
            writes += priced
        if writes:
            commit(writes)
        return Agreement(partner, contract, pool)

    busy = f"Others kept changing the contract of {partner_id}. Try again in a moment."
    return transactions.retry(attempt, busy=busy, attempts=_ATTEMPTS)


def retry_soon(*, partner_id: str, now: datetime, actor: str) -> None:
    """Have a contract's unpaid invoice tried again with the next sweep, after the partner's default card changed (§6).

    While the card that was the default before is being asked, the contract is written unchanged: so its answer is
    settled by what is on file now.
    """

    def attempt() -> None:
        contract = contract_rows.get(partner_id)
        if contract.charge is not None or contract.unpaid is not None:
            commit([contract_rows.put(domain.retried_soon(contract, now=now), actor=actor)])

    transactions.retry(attempt, busy=f"Others kept changing the contract of {partner_id}. Try again in a moment.")


def retry_if_covered(*, partner_id: str, now: datetime, actor: str) -> None:
    """Have a contract's unpaid invoice tried again with the next sweep if prepaid money covers all of it by now."""
    unpaid = contract_rows.get(partner_id).unpaid
    if unpaid is None:
        return
    invoice = invoice_rows.get(partner_id, unpaid.invoice_id)
    if invoice is not None and wallet_rows.get(partner_id).general >= invoice.total:
        retry_soon(partner_id=partner_id, now=now, actor=actor)


def _get_partner(partner_id: str) -> Partner:
    partner = partners.get_partner(partner_id=partner_id)
    usage.refuse_unless_pooled(load_program(partner.program))
    return partner


def _with_price(
    contract: Contract, partner: Partner, changes: Mapping[str, Any], *, now: datetime, actor: str
) -> tuple[Contract, list[Write]]:
    """The contract with another price or start, or without, and the writes of it."""
    if contract.charge is not None:
        raise ChargeInProgress("The contract is being charged. Try again in a moment.", retry_after=2)
    amount = changes.get("price", contract.price.amount if contract.price is not None else None)
    starts_on = changes.get("starts_on", contract.starts_on)
    if amount is None and changes.get("starts_on") is None:
        return _end(contract, now=now, actor=actor)
    domain.refuse_half(priced=amount is not None, starts=starts_on is not None)
    after = domain.agreed(
        contract, price=Money(amount, partner.currency), starts_on=starts_on, time_zone=partner.time_zone, now=now
    )
    if (after.price, after.starts_on) == (contract.price, contract.starts_on):
        return contract, []
    put = contract_rows.put(after, actor=actor, event="contract.agreed")
    return contract_rows.stored(put), [put]


def _end(contract: Contract, *, now: datetime, actor: str) -> tuple[Contract, list[Write]]:
    if contract.price is None:
        return contract, []
    put = contract_rows.put(domain.ended(contract, now=now), actor=actor, event="contract.ended")
    writes: list[Write] = [put]
    invoice = invoice_rows.get(contract.partner_id, contract.unpaid.invoice_id) if contract.unpaid else None
    if invoice is not None:
        writes.append(invoice_rows.put(invoices.voided(invoice), now=now, actor=actor, event="invoice.voided"))
    return contract_rows.stored(put), writes
