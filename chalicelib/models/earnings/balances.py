"""Partners' balances of earnings, and what they have earned with each account."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.earnings.account_earnings import AccountEarnings
from chalicelib.domain.earnings.balances import EarningBalance
from chalicelib.models.base import DataAttribute, DateAttribute, MoneyAttribute, Row
from chalicelib.models.transactions import Put, subject_unchanged

_BALANCE = "balance"


class EarningBalanceRow(Row[EarningBalance]):
    holds = EarningBalance

    class Meta:
        table_name = TableName("earnings_table")

    partner_id = UnicodeAttribute(hash_key=True, attr_name="owner")
    id = UnicodeAttribute(range_key=True, default=_BALANCE)
    balance = MoneyAttribute()
    sequence = NumberAttribute(attr_name="last_sequence", null=True)  # the by_sequence index is of lines
    pending = DataAttribute[Mapping[date, int]](Mapping[date, int], null=True)
    payable = MoneyAttribute(null=True)
    payable_until = DateAttribute(null=True)
    held = MoneyAttribute(null=True)
    paid_out = MoneyAttribute(null=True)
    accounts = NumberAttribute(null=True)
    scheduled = BooleanAttribute(null=True)
    settled_to = NumberAttribute(null=True)
    version = NumberAttribute()


class AccountEarningsRow(Row[AccountEarnings]):
    holds = AccountEarnings

    class Meta:
        table_name = TableName("earnings_table")

    account_id = UnicodeAttribute(hash_key=True, attr_name="owner")
    partner_id = UnicodeAttribute(range_key=True, attr_name="id")
    earned = MoneyAttribute()
    first_invoice_disputed = BooleanAttribute(null=True)
    cleared = BooleanAttribute(null=True)
    bonus_invoice_id = UnicodeAttribute(null=True)
    bonus_payer = UnicodeAttribute(null=True)
    version = NumberAttribute()


def put(balance: EarningBalance) -> Put:
    """The write of a changed balance."""
    row = EarningBalanceRow.of(replace(balance, version=balance.version + 1))
    condition = subject_unchanged(EarningBalanceRow, balance.version)
    return Put(row, subject=f"earnings of {balance.partner_id}", condition=condition)


def get(partner_id: str) -> EarningBalance | None:
    try:
        return EarningBalanceRow.get(partner_id, _BALANCE, consistent_read=True).value()
    except EarningBalanceRow.DoesNotExist:
        return None


def put_account(earnings: AccountEarnings) -> Put:
    """The write of what was earned with an account."""
    row = AccountEarningsRow.of(replace(earnings, version=earnings.version + 1))
    condition = subject_unchanged(AccountEarningsRow, earnings.version)
    return Put(row, subject=f"earnings with {earnings.account_id}", condition=condition)


def with_accounts(partner_id: str, account_ids: Iterable[str]) -> dict[str, AccountEarnings]:
    """What the partner has earned with these accounts, by their ids; nothing for those that it has not earned with."""
    keys = [(account_id, partner_id) for account_id in set(account_ids)]
    rows = AccountEarningsRow.batch_get(keys, consistent_read=True) if keys else ()
    return {row.account_id: row.value() for row in rows}
