"""Single Bills: the alarm of the one that is open, and the closed ones in the ledger."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.billing.invoices import Attempt, InvoiceStatus
from chalicelib.domain.billing.single_bills import Bill
from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.disputes import Noted
from chalicelib.domain.wallet.journal import EntryKind
from chalicelib.models import pages
from chalicelib.models.alarms import shard_of
from chalicelib.models.base import (
    CardNameAttribute,
    DataAttribute,
    DateAttribute,
    DueAttribute,
    EnumAttribute,
    InstantAttribute,
    MoneyAttribute,
    Row,
)
from chalicelib.models.billing.journal import JournalIndex, journal_of
from chalicelib.models.packed_charges import ChargeAttribute
from chalicelib.models.transactions import Put, Remove, subject_unchanged


class BillAlarm(NamedTuple):
    """When a bill is closed or tried again, and the charge that is in progress on it, if one is.

    ``retries`` counts scheduled retries only, the last of them at ``retried_at``. The row is gone once the bill is
    paid. A bill whose last retry failed has no alarm any more; it waits for another card.
    """

    id: str
    payer: str
    due_at: datetime | None
    charge: Charge | None = None
    first_declined_at: datetime | None = None
    retries: int = 0
    retried_at: datetime | None = None
    attempts: int = 0
    version: int = 0


class BillAlarmRow(Row[BillAlarm]):
    class Meta:
        table_name = TableName("accounts_table")

    id = UnicodeAttribute(hash_key=True)
    payer = UnicodeAttribute()
    charge = ChargeAttribute(null=True)
    first_declined_at = InstantAttribute(null=True)
    retries = NumberAttribute()
    retried_at = InstantAttribute(null=True)
    attempts = NumberAttribute()
    version = NumberAttribute()
    due_shard = UnicodeAttribute(null=True)
    due_at = DueAttribute(null=True)
    actor = UnicodeAttribute()


class BillRow(Row[Bill]):
    holds = Bill

    class Meta:
        table_name = TableName("ledger_table")

    payer = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    bill_number = NumberAttribute()
    status = EnumAttribute(InvoiceStatus)
    currency = UnicodeAttribute()
    total = MoneyAttribute()
    invoice_count = NumberAttribute()
    prepaid_applied = MoneyAttribute()
    card_charged = MoneyAttribute()
    opened_on = DateAttribute()
    closed_at = InstantAttribute()
    billing_profile_id = UnicodeAttribute()
    waived = MoneyAttribute(null=True)
    wallet_balance_after = MoneyAttribute(null=True)
    processor = UnicodeAttribute(null=True)
    reference = UnicodeAttribute(null=True)
    card = CardNameAttribute(null=True)
    attempts = DataAttribute[tuple[Attempt, ...]](tuple[Attempt, ...], null=True)
    paid_at = InstantAttribute(null=True)
    refunded_to_card = MoneyAttribute(null=True)
    disputes = DataAttribute[tuple[Noted, ...]](tuple[Noted, ...], null=True)
    sequence = NumberAttribute(null=True)
    revision = NumberAttribute()
    version = NumberAttribute()
    # The journal entry this bill is, once prepaid money paid some of it.
    journal = UnicodeAttribute(null=True)
    kind = EnumAttribute(EntryKind, null=True)
    at = InstantAttribute(null=True)
    amount = MoneyAttribute(null=True)
    balance_after = MoneyAttribute(null=True)
    actor = UnicodeAttribute()
    event = UnicodeAttribute()

    journal_index = JournalIndex()


def put_alarm(alarm: BillAlarm, *, actor: str) -> Put:
    row = BillAlarmRow(
        alarm.id,
        payer=alarm.payer,
        charge=alarm.charge,
        first_declined_at=alarm.first_declined_at,
        retries=alarm.retries,
        retried_at=alarm.retried_at,
        attempts=alarm.attempts,
        version=alarm.version + 1,
        due_shard=shard_of(Sweep.RENEWALS, alarm.id) if alarm.due_at else None,
        due_at=alarm.due_at,
        actor=actor,
    )
    return Put(row, subject=alarm.id, condition=subject_unchanged(BillAlarmRow, alarm.version))


def remove_alarm(alarm: BillAlarm) -> Remove:
    return Remove(BillAlarmRow(alarm.id), subject=alarm.id, condition=subject_unchanged(BillAlarmRow, alarm.version))


def get_alarm(bill_id: str) -> BillAlarm | None:
    try:
        row = BillAlarmRow.get(bill_id, consistent_read=True)
    except BillAlarmRow.DoesNotExist:
        return None
    return BillAlarm(
        id=row.id,
        payer=row.payer,
        due_at=row.due_at,
        charge=row.charge,
        first_declined_at=row.first_declined_at,
        retries=int(row.retries),
        retried_at=row.retried_at,
        attempts=int(row.attempts),
        version=int(row.version),
    )


def put_bill(bill: Bill, *, actor: str, event: str) -> Put:
    """The write of a closed bill, new or changed. It publishes each event that ``event`` names, if it names any."""
    entry: dict[str, Any] = {}
    if bill.sequence is not None:
        entry = {
            "journal": journal_of(bill.payer),
            "kind": EntryKind.APPLIED,
            "at": bill.paid_at,
            "amount": -bill.prepaid_applied,
            "balance_after": bill.wallet_balance_after,
        }
    changed = replace(bill, version=bill.version + 1, revision=bill.revision + len(event.split()))
    row = BillRow.of(changed, actor=actor, event=event, **entry)
    return Put(row, subject=record_of(bill.id), condition=subject_unchanged(BillRow, bill.version))


def record_of(bill_id: str) -> str:
    """A closed bill as the subject of a write; its id alone is its alarm's."""
    return f"record:{bill_id}"


def stored_bill(put: Put) -> Bill:
    """The bill as a ``put`` leaves it in the table."""
    assert isinstance(put.row, BillRow)
    return put.row.value()


def get_bill(payer: str, bill_id: str) -> Bill | None:
    try:
        return BillRow.get(payer, bill_id, consistent_read=True).value()
    except BillRow.DoesNotExist:
        return None


def get_bills(payer: str, bill_ids: set[str]) -> dict[str, Bill]:
    """The closed ones of these bills, in one read."""
    if not bill_ids:
        return {}
    keys = [(payer, bill_id) for bill_id in bill_ids]
    return {row.id: row.value() for row in BillRow.batch_get(keys, consistent_read=True)}


def get_each(keys: Iterable[tuple[str, str]]) -> dict[str, Bill]:
    """The closed bills with these payers and ids, in one read."""
    wanted = list(set(keys))
    return {row.id: row.value() for row in BillRow.batch_get(wanted, consistent_read=True)} if wanted else {}


def of_payer(payer: str, *, limit: int, start: dict[str, Any] | None) -> tuple[list[Bill], dict[str, Any] | None]:
    """A payer's closed bills, newest first, and where the next page starts."""
    return pages.newest(BillRow.query, payer, BillRow.id.startswith("bill_"), limit=limit, start=start)
