"""Partners' contracts: a row each, beside the other rows that have an alarm."""

from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.billing.contracts import PREFIX, Contract, Unpaid
from chalicelib.domain.charging.charges import Charge
from chalicelib.models.alarms import shard_of
from chalicelib.models.base import DataAttribute, DateAttribute, DueAttribute, InstantAttribute, MoneyAttribute, Row
from chalicelib.models.transactions import Put, subject_unchanged


class ContractRow(Row[Contract]):
    holds = Contract

    class Meta:
        table_name = TableName("accounts_table")

    id = UnicodeAttribute(hash_key=True)
    partner_id = UnicodeAttribute()
    price = MoneyAttribute(null=True)
    starts_on = DateAttribute(null=True)
    next_on = DateAttribute(null=True)
    paid_until = DateAttribute(null=True)
    unpaid = DataAttribute[Unpaid](Unpaid, null=True)
    charge = DataAttribute[Charge](Charge, null=True)
    invoices = NumberAttribute(null=True)
    updated_at = InstantAttribute(null=True)
    revision = NumberAttribute(null=True)
    version = NumberAttribute()
    payer = UnicodeAttribute()
    due_shard = UnicodeAttribute(null=True)
    due_at = DueAttribute(null=True)
    actor = UnicodeAttribute()
    event = UnicodeAttribute(null=True)


def partner_of(contract_id: str) -> str:
    """Whose contract has this id."""
    return contract_id.removeprefix(PREFIX)


def get(partner_id: str) -> Contract:
    """The partner's contract, read consistently; one without a price if nothing was ever agreed."""
    nothing_agreed = Contract(partner_id)
    try:
        return ContractRow.get(nothing_agreed.id, consistent_read=True).value()
    except ContractRow.DoesNotExist:
        return nothing_agreed


def put(contract: Contract, *, actor: str, event: str = "") -> Put:
    """The write of a contract, if nobody changed it since it was read. Without an ``event`` nothing is published."""
    changed = replace(contract, version=contract.version + 1, revision=contract.revision + (1 if event else 0))
    row = ContractRow.of(
        changed,
        id=contract.id,
        payer=contract.partner_id,
        due_shard=shard_of(Sweep.RENEWALS, contract.id) if contract.due_at else None,
        actor=actor,
        event=event or None,
    )
    return Put(row, subject=contract.id, condition=subject_unchanged(ContractRow, contract.version))


def stored(put: Put) -> Contract:
    """The contract as a ``put`` leaves it in the table."""
    assert isinstance(put.row, ContractRow)
    return put.row.value()
