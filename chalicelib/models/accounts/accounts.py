"""Accounts: rows of the table of alarms, and the overview index with their summaries."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection

from chalicelib.config import TableName
from chalicelib.domain.accounts import lifecycle
from chalicelib.domain.accounts.accounts import (
    Account,
    Cancellation,
    Client,
    ExpiryReason,
    LastRequest,
    Overdue,
    PaymentState,
    PendingChange,
    Provisioning,
    Relationship,
    Status,
)
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.programs import PlanKind, Program
from chalicelib.domain.catalog.quotes import Terms
from chalicelib.domain.copies import replace
from chalicelib.domain.earnings.terms import EarningTerms
from chalicelib.domain.money import Money
from chalicelib.domain.setup.custom_domains import DomainState
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.models.accounts import house_shards, summaries, thin_rows
from chalicelib.models.accounts.house_shards import PartnerAttribute
from chalicelib.models.alarms import DueIndex, shard_of
from chalicelib.models.base import (
    DataAttribute,
    DateAttribute,
    DueAttribute,
    EnumAttribute,
    InstantAttribute,
    MoneyAttribute,
    PeriodAttribute,
    RecordAttribute,
    Row,
)
from chalicelib.models.packed_charges import ChargeAttribute
from chalicelib.models.reads import Read
from chalicelib.models.transactions import Check, Put, Remove, subject_unchanged

SUMMARY = "glance"
"""The attribute that holds an account summary."""


class OverviewIndex(GlobalSecondaryIndex[Any]):
    """A partner's accounts by creation, each as a summary. Nothing in it changes when an account renews."""

    class Meta:
        index_name = "overview"
        projection = IncludeProjection([SUMMARY])

    partner_id = PartnerAttribute(hash_key=True)
    created_at = InstantAttribute(range_key=True)


class SetAsideIndex(GlobalSecondaryIndex[Any]):
    """The accounts that prepaid money is set aside for."""

    class Meta:
        index_name = "set_aside"
        projection = IncludeProjection(["set_aside"])

    set_aside_of = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class AccountRow(Row[Account]):
    holds = Account

    class Meta:
        table_name = TableName("accounts_table")

    id = UnicodeAttribute(hash_key=True)
    partner_id = PartnerAttribute()
    created_at = InstantAttribute()
    payer = UnicodeAttribute()
    name = UnicodeAttribute()
    status = EnumAttribute(Status)
    kind = EnumAttribute(PlanKind)
    relationship = EnumAttribute(Relationship)
    client = DataAttribute[Client](Client)
    notification_email = UnicodeAttribute()
    country = UnicodeAttribute()
    data_region = UnicodeAttribute()
    language = UnicodeAttribute()
    time_zone = UnicodeAttribute()
    plan = RecordAttribute[Plan](Plan)
    updated_at = InstantAttribute()
    currency = UnicodeAttribute()
    payment_state = EnumAttribute(PaymentState, null=True)
    custom_domain = UnicodeAttribute(null=True)
    domain_state = EnumAttribute(DomainState, null=True)
    billing_profile_id = UnicodeAttribute(null=True)
    single_bill = BooleanAttribute(null=True)
    metadata = JSONAttribute(null=True)
    anchor = DateAttribute(null=True)
    period = PeriodAttribute(null=True)
    price = MoneyAttribute(null=True)
    terms = RecordAttribute[Terms](Terms, null=True)
    migrated_cycles = NumberAttribute(null=True)
    set_aside = MoneyAttribute(null=True)
    credits = DataAttribute[Mapping[CreditKind, int]](Mapping[CreditKind, int], null=True)
    sms_registered = BooleanAttribute(null=True)
    earlier_payers = DataAttribute[tuple[str, ...]](tuple[str, ...], null=True)
    earning_terms = RecordAttribute[EarningTerms](EarningTerms, null=True, attr_name="earns")
    first_paid_on = DateAttribute(null=True, attr_name="paid_on")
    had_bonus = BooleanAttribute(null=True)
    earlier_partners = DataAttribute[tuple[str, ...]](tuple[str, ...], null=True)
    moved_at = InstantAttribute(null=True)
    migrated = BooleanAttribute(null=True)
    charge = ChargeAttribute(null=True)
    charges = NumberAttribute(null=True)
    overdue = DataAttribute[Overdue](Overdue, null=True)
    cancellation = DataAttribute[Cancellation](Cancellation, null=True)
    pending_change = DataAttribute[PendingChange](PendingChange, null=True)
    reminded_for = DateAttribute(null=True)
    card_notice_on = DateAttribute(null=True)
    waits_until = InstantAttribute(null=True)
    touched_at = InstantAttribute(null=True)
    disabled_message = UnicodeAttribute(null=True)
    renewed_by = UnicodeAttribute(null=True)
    expired_at = InstantAttribute(null=True)
    expiry_reason = EnumAttribute(ExpiryReason, null=True)
    archived_at = InstantAttribute(null=True)
    provisioning = DataAttribute[Provisioning](Provisioning, null=True)
    last_request = RecordAttribute[LastRequest](LastRequest, null=True)
    fingerprint = UnicodeAttribute(null=True)
    revision = NumberAttribute(null=True)
    version = NumberAttribute()

    summary = UnicodeAttribute(attr_name=SUMMARY)
    due_shard = UnicodeAttribute(null=True)
    due_at = DueAttribute(null=True)
    set_aside_of = UnicodeAttribute(null=True)
    actor = UnicodeAttribute()
    event = UnicodeAttribute()

    due_index = DueIndex()
    overview = OverviewIndex()
    set_asides = SetAsideIndex()

    @classmethod
    def from_raw_data(cls, data: dict[str, Any]) -> "AccountRow":
        return super().from_raw_data(thin_rows.whole(data))

    def serialize(self, null_check: bool = True) -> dict[str, dict[str, Any]]:
        return thin_rows.thin(super().serialize(null_check))


def put(
    account: Account, *, program: Program, actor: str, event: str | None = None, rung_for: Account | None = None
) -> Put:
    """The write of a changed account under the condition that nobody changed it since it was read.

    ``event`` names the change for the event log; without one no event is published (a charge
    that is merely held). The account's next alarm is derived here, so that none can be forgotten. ``rung_for`` is the
    account as it was read, if its alarm has rung and shall stay as it is: whoever it woke goes on with the account.
    """
    changed = replace(account, version=account.version + 1, revision=account.revision + (1 if event else 0))
    row = row_of(changed, program=program, actor=actor, event=event or "", rung_for=rung_for)
    return Put(row, subject=account.id, condition=subject_unchanged(AccountRow, account.version))


def row_of(
    account: Account, *, program: Program, actor: str, event: str, rung_for: Account | None = None
) -> AccountRow:
    """The account's row, with the alarm of ``rung_for``, by default its own, and what indexes need."""
    alarm_of = rung_for or account
    step = lifecycle.upcoming(alarm_of, program=program)
    return AccountRow.of(
        account,
        partner_id=house_shards.place_of(account, program=program),
        summary=summaries.pack(account),
        due_shard=shard_of(lifecycle.sweep_of(account), account.id) if step else None,
        due_at=lifecycle.alarm_at(alarm_of, step) if step else None,
        set_aside_of=account.partner_id if account.set_aside else None,
        actor=actor,
        event=event,
    )


def stored(put: Put) -> Account:
    """The account as a ``put`` leaves it in the table."""
    assert isinstance(put.row, AccountRow)
    return put.row.value()


def still(account: Account) -> Check:
    """The check that status and partner of the account are as they were read; other changes of it do not matter."""
    return _check(account, (AccountRow.status == account.status) & _belongs_to(account.partner_id))


def unchanged(account: Account) -> Check:
    """The check that nothing of the account has changed since it was read."""
    return _check(account, subject_unchanged(AccountRow, account.version))


def still_managed(account: Account) -> Check:
    """The check that the account still belongs to its partner and is managed by it (docs/rules.md §9).

    It goes with every write that a partner may make because it manages the account, and that leaves the account as it
    is: between reading it and writing, the account may move, or its client end the permission.
    """
    return _check(account, (AccountRow.relationship == Relationship.MANAGED) & _belongs_to(account.partner_id))


def still_paid_by_partner(account: Account) -> Check:
    """The check that the account is :func:`still_managed` and that its partner still pays for it."""
    managed = (AccountRow.relationship == Relationship.MANAGED) & _belongs_to(account.partner_id)
    return _check(account, managed & (AccountRow.payer == account.partner_id))


def _belongs_to(partner_id: str) -> Condition:
    """An account of a house has the number of its partition behind the house's id."""
    belongs: Condition = AccountRow.partner_id.startswith(partner_id)
    return belongs


def _check(account: Account, condition: Condition) -> Check:
    return Check(AccountRow, account.id, None, subject=account.id, condition=condition)


def remove(account: Account) -> Remove:
    """The removal of an account whose first charge was declined."""
    return Remove(AccountRow(account.id), subject=account.id, condition=subject_unchanged(AccountRow, account.version))


def get(account_id: str) -> Account | None:
    """The account, read consistently, whoever it belongs to; other ids in the table name none."""
    if not account_id.startswith("acct_"):
        return None
    try:
        return AccountRow.get(account_id, consistent_read=True).value()
    except AccountRow.DoesNotExist:
        return None


def read(account_id: str) -> Read[Account]:
    """The account, to be read together with other rows."""
    return Read(AccountRow, (account_id,), AccountRow.value)


def get_many(account_ids: Iterable[str]) -> dict[str, Account]:
    """The accounts with these ids, in one consistent read for every hundred."""
    accounts = (row.value() for row in AccountRow.batch_get(list(account_ids), consistent_read=True))
    return {account.id: account for account in accounts}


def read_with_alarm(account_id: str) -> Read[tuple[Account, datetime | None]]:
    """The account and the alarm it carries, to be read together with other rows."""
    return Read(AccountRow, (account_id,), lambda row: (row.value(), row.due_at))


def set_asides(partner_id: str) -> list[tuple[str, Money]]:
    """The partner's accounts that prepaid money is set aside for, and how much."""
    return [(row.id, row.set_aside) for row in AccountRow.set_asides.query(partner_id)]
