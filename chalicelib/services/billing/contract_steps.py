"""The steps of a partner's contract: each year is charged on its first day, and tried again once declined (§10)."""

from datetime import datetime

from chalicelib.domain.billing import contracts as domain
from chalicelib.domain.billing.contracts import Contract
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.partners.partners import Partner
from chalicelib.models import transactions
from chalicelib.models.billing import contracts as contract_rows
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import WriteConflict
from chalicelib.programs import program as load_program
from chalicelib.services.charging import charges
from chalicelib.services.charging.contract_intents import ContractIntent
from chalicelib.services.charging.results import Conflict, Result
from chalicelib.services.partners import partners


def take_due_step(*, contract_id: str, now: datetime, actor: str) -> str:
    """Take the step that the contract's alarm is set for: charge a year, finish its charge or retry it.

    Returns what was done.
    """
    return transactions.retry(
        lambda: _take_due_step(contract_rows.partner_of(contract_id), now=now, actor=actor),
        busy="Others kept changing the contract. The next sweep tries again.",
    )


def _take_due_step(partner_id: str, *, now: datetime, actor: str) -> str:
    contract = contract_rows.get(partner_id)
    if contract.due_at is None or contract.due_at > now:
        return "not_due"
    partner = partners.get_partner(partner_id=partner_id)
    on_schedule = domain.is_scheduled_retry(contract, time_zone=partner.time_zone, now=now)
    result = charge(contract, partner, on_schedule=on_schedule, now=now, actor=actor)
    if isinstance(result, Conflict):
        raise WriteConflict(result.subjects)
    return f"contract_{type(result).__name__.lower()}"


def charge(contract: Contract, partner: Partner, *, on_schedule: bool, now: datetime, actor: str) -> Result:
    """Charge what is due of the contract: finish the charge that is in progress, retry the unpaid invoice, or begin the
    next year. Prepaid money pays first, then the partner's default card; without one it is declined.
    """
    program = load_program(partner.program)
    invoice = invoice_rows.get(partner.id, contract.unpaid.invoice_id) if contract.unpaid else None
    if contract.charge is not None:
        held = ContractIntent(contract, contract.charge, partner, program, invoice)
        (result,) = charges.finish([held], payer=partner.id, now=now, actor=actor)
        return result
    intent = ContractIntent(
        contract, _next_charge(contract, invoice, on_schedule=on_schedule, now=now), partner, program, invoice
    )
    (result,) = charges.make([intent], payer=partner.id, program=program, now=now, actor=actor)
    return result


def _next_charge(contract: Contract, invoice: Invoice | None, *, on_schedule: bool, now: datetime) -> Charge:
    profile = next(iter(profile_rows.defaults(contract.partner_id)), None)
    profile_id = profile.id if profile else None
    if invoice is not None:
        return domain.retry_charge(contract, invoice, billing_profile_id=profile_id, on_schedule=on_schedule, now=now)
    return domain.year_charge(contract, billing_profile_id=profile_id, now=now)
