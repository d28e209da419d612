"""Wallets: a row per payer."""

from collections.abc import Mapping

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.copies import replace
from chalicelib.domain.ids import is_account_id
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.domain.wallet.open_bill import OpenBill
from chalicelib.domain.wallet.wallets import CreditBalance, TopUp, Wallet, empty
from chalicelib.models.base import DataAttribute, MoneyAttribute, Row
from chalicelib.models.reads import Read
from chalicelib.models.transactions import Put, Remove, subject_unchanged


class WalletRow(Row[Wallet]):
    holds = Wallet

    class Meta:
        table_name = TableName("wallets_table")

    payer = UnicodeAttribute(hash_key=True)
    currency = UnicodeAttribute()
    balance = MoneyAttribute()
    held = MoneyAttribute()
    set_aside = MoneyAttribute()
    sequence = NumberAttribute(null=True)
    last_invoice_number = NumberAttribute(null=True)
    last_credit_note_number = NumberAttribute(null=True)
    active_paid_accounts = NumberAttribute(null=True)
    single_bill = DataAttribute[OpenBill](OpenBill, null=True)
    credits = DataAttribute[Mapping[CreditKind, CreditBalance]](Mapping[CreditKind, CreditBalance], null=True)
    top_up = DataAttribute[TopUp](TopUp, null=True)
    parties = UnicodeAttribute(null=True)
    version = NumberAttribute()


def get(payer: str) -> Wallet:
    """The payer's wallet, read consistently. Every payer has one from its creation on."""
    return WalletRow.get(payer, consistent_read=True).value()


def get_or_new(payer: str, *, currency: str) -> Wallet:
    """The payer's wallet. That of an account which pays for itself is stored with its first charge: until then it is
    a new one, empty.
    """
    if not is_account_id(payer):
        return get(payer)
    return find(payer) or empty(payer=payer, currency=currency)


def read(payer: str) -> Read[Wallet]:
    """The payer's wallet, to be read together with other rows."""
    return Read(WalletRow, (payer,), WalletRow.value)


def remove(wallet: Wallet) -> Remove:
    """The removal of the wallet of an account whose first charge was declined."""
    return Remove(WalletRow(wallet.payer), subject=wallet.payer, condition=subject_unchanged(WalletRow, wallet.version))


def find(payer: str) -> Wallet | None:
    """The payer's wallet, or None when there is no such payer."""
    try:
        return get(payer)
    except WalletRow.DoesNotExist:
        return None


def stored(put: Put) -> Wallet:
    """The wallet as a ``put`` leaves it in the table."""
    assert isinstance(put.row, WalletRow)
    return put.row.value()


def put(wallet: Wallet) -> Put:
    """The write of a changed wallet, under the condition that nobody changed it since it was read."""
    row = WalletRow.of(replace(wallet, version=wallet.version + 1))
    return Put(row, subject=wallet.payer, condition=subject_unchanged(WalletRow, wallet.version))
