"""Prepaid money over HTTP."""

from typing import Annotated, Self

from pydantic import Field

from chalicelib.api.base import Body, Id, ListQuery, MinorUnits, Shape, Timestamp
from chalicelib.domain.credits import Entry, EntryKind
from chalicelib.domain.money import Money
from chalicelib.domain.wallets import Wallet


class BuyPrepaid(Body):
    """Buy prepaid money; with `account_id` it is set aside for that account at once."""

    billing_profile_id: Id
    amount: Annotated[int, Field(gt=0, le=999_999_999_999, description="Minor units.", examples=[50000])]
    account_id: Id | None = None
    expect_due_today: MinorUnits | None = Field(
        default=None, description="If anything else is due, nothing is charged: 409 with the fresh quote."
    )


class SetAside(Shape):
    """Prepaid money that only one account may use."""

    account_id: str
    amount: int


class Prepaid(Shape):
    """All prepaid money, what is set aside included."""

    balance: int
    currency: str
    set_aside: list[SetAside]


class Units(Shape):
    """Credits that are counted, not money."""

    balance: int = 0


class Balances(Shape):
    """A partner's credits."""

    prepaid: Prepaid
    sms: Units = Units()
    inbox_preview: Units = Units()

    @classmethod
    def of(cls, wallet: Wallet, set_asides: list[tuple[str, Money]]) -> Self:
        reserved = [SetAside(account_id=account_id, amount=money.amount) for account_id, money in set_asides]
        return cls(prepaid=Prepaid(balance=wallet.balance.amount, currency=wallet.currency, set_aside=reserved))


class EntryShape(Shape):
    """A journal entry: one movement and the balance after it, in minor units."""

    id: str
    at: Timestamp
    kind: EntryKind
    amount: int = Field(description="The signed change of the balance; 0 when money is set aside or taken back.")
    currency: str
    balance_after: int
    set_aside_change: int | None = None
    account_id: str | None = None
    invoice_id: str | None = None

    @classmethod
    def of(cls, entry: Entry) -> Self:
        return cls(
            id=entry.id.replace("inv_", "txn_", 1) if entry.id.startswith("inv_") else entry.id,
            at=entry.at,
            kind=entry.kind,
            amount=entry.amount.amount,
            currency=entry.amount.currency,
            balance_after=entry.balance_after.amount,
            set_aside_change=entry.set_aside_change.amount if entry.set_aside_change else None,
            account_id=entry.account_id,
            invoice_id=entry.invoice_id,
        )


class ListEntries(ListQuery):
    """The journal, newest first."""
