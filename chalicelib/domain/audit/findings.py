"""What an audit finds: a difference, its subject, and both figures in words."""

from collections.abc import Iterator
from enum import StrEnum

from chalicelib.domain.currencies import decimal_text
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.journal import CreditKind


class Kind(StrEnum):
    """What can be wrong with a payer's books. One error in the tables is one finding, of one kind."""

    UNREADABLE = "unreadable"
    WALLET_MISSING = "wallet_missing"
    WALLET_BALANCE = "wallet_balance"
    WALLET_NEGATIVE = "wallet_negative"
    WALLET_HELD = "wallet_held"
    WALLET_SET_ASIDE = "wallet_set_aside"
    ACTIVE_COUNT = "active_count"
    JOURNAL_SEQUENCE = "journal_sequence"
    JOURNAL_BALANCE = "journal_balance"
    ACCOUNT_SET_ASIDE = "account_set_aside"
    ACCOUNT_CREDITS = "account_credits"
    NAME = "name"
    PAYER = "payer"
    INVOICE_NUMBER = "invoice_number"
    INVOICE_LINES = "invoice_lines"
    INVOICE_PAYMENT = "invoice_payment"
    INVOICE_JOURNAL = "invoice_journal"
    INVOICE_REFUNDS = "invoice_refunds"
    CREDIT_NOTES = "credit_notes"
    PURCHASE_REFUNDS = "purchase_refunds"
    BILL_REFUNDS = "bill_refunds"
    DISPUTES = "disputes"
    INVOICE_OF_NOBODY = "invoice_of_nobody"
    PERIOD_TWICE = "period_twice"
    PERIOD_OVERLAP = "period_overlap"
    PERIOD_GAP = "period_gap"
    PERIOD_CURRENT = "period_current"
    OPEN_INVOICE = "open_invoice"
    CONTRACT_YEARS = "contract_years"
    CONTRACT_UNPAID = "contract_unpaid"
    BILL_TOTAL = "bill_total"
    BILL_PAYMENT = "bill_payment"
    CARD_NOT_CHARGED = "card_not_charged"
    CARD_CHARGED_TWICE = "card_charged_twice"
    CARD_AMOUNT = "card_amount"
    CARD_REFERENCE = "card_reference"
    CARD_REFUNDS = "card_refunds"
    CARD_DISPUTES = "card_disputes"
    CARD_WITHOUT_RECORD = "card_without_record"
    EARNING_MISSING = "earning_missing"
    EARNING_OF_NOTHING = "earning_of_nothing"
    EARNING_AMOUNT = "earning_amount"
    EARNING_REVERSALS = "earning_reversals"
    EARNING_ACCOUNT = "earning_account"
    EARNING_SEQUENCE = "earning_sequence"
    EARNING_BALANCE = "earning_balance"
    EARNING_TOTALS = "earning_totals"
    PAYOUT_LINES = "payout_lines"
    PAYOUT_RETURNED = "payout_returned"
    PAYOUT_NOT_SENT = "payout_not_sent"
    PAYOUT_AMOUNT = "payout_amount"
    PAYOUT_OUTCOME = "payout_outcome"
    ALARM_MISSING = "alarm_missing"
    ALARM_WRONG = "alarm_wrong"
    ALARM_NEEDLESS = "alarm_needless"
    ALARM_UNHEARD = "alarm_unheard"
    ALARM_LATE = "alarm_late"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. ``subject`` is the id of what to look at: an account, an invoice, a journal entry, a payer."""

    kind: Kind
    subject: str
    message: str


Findings = Iterator[Finding]


_WHOLE = frozenset(kind.unit for kind in CreditKind)


def shown(money: Money) -> str:
    """`1,234.50 USD`, `1,000 SMS credits`."""
    if money.currency in _WHOLE:
        return f"{money.amount:,} {money.currency}"
    return f"{decimal_text(money, grouped=True)} {money.currency}"
