"""A partner's contract: each year invoiced once, and what is unpaid of it is what it owes (docs/rules.md §10)."""

from datetime import date

from chalicelib.domain.audit.findings import Finding, Findings, Kind
from chalicelib.domain.billing.contracts import Contract
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.charging.charges import ChargeKind
from chalicelib.domain.values import dataclass


@dataclass
class ContractCheck:
    """Goes through a payer's invoices by number and follows the years of its contract.

    Years may leave a gap where a contract ended and another was agreed on, but two never share a day.
    """

    contract: Contract | None
    _paid_until: date | None = None
    _open: tuple[str, ...] = ()

    def invoice(self, invoice: Invoice) -> Findings:
        """The next invoice."""
        period = invoice.period
        if invoice.charge_kind is not ChargeKind.CONTRACT or period is None or invoice.status is InvoiceStatus.VOID:
            return
        if self._paid_until is not None and period.start < self._paid_until:
            yield Finding(
                Kind.CONTRACT_YEARS,
                invoice.id,
                f"Invoice {invoice.number} is for a year of the contract from {period.start}, "
                f"though it was invoiced up to {self._paid_until} already.",
            )
        if invoice.status is InvoiceStatus.OPEN:
            self._open = (*self._open, invoice.id)
        else:
            self._paid_until = max(period.end, self._paid_until or period.end)

    def end(self) -> Findings:
        """After the last invoice: what the contract says is paid and unpaid is what its invoices say."""
        contract = self.contract
        if contract is None:
            return
        if contract.paid_until != self._paid_until:
            yield Finding(
                Kind.CONTRACT_YEARS,
                contract.partner_id,
                f"The contract is paid up to {contract.paid_until or 'no day'}, "
                f"its invoices up to {self._paid_until or 'no day'}.",
            )
        owes = (contract.unpaid.invoice_id,) if contract.unpaid else ()
        if owes != self._open:
            yield Finding(
                Kind.CONTRACT_UNPAID,
                contract.partner_id,
                f"The contract owes for {_listed(owes)}; open is {_listed(self._open)}.",
            )


def _listed(invoices: tuple[str, ...]) -> str:
    return ", ".join(invoices) or "no invoice"
