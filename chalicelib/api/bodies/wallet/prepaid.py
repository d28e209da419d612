"""Credits over HTTP: prepaid money, SMS and inbox previews."""

from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator

from chalicelib.api.base import Body, ExpectedDue, Id, ListQuery, LocalDate, Query, Shape, Timestamp
from chalicelib.domain.calendar import local_date
from chalicelib.domain.money import Money
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.domain.wallet.wallets import TopUp, Wallet, credit_balance
from chalicelib.services.wallet.forecasts import Forecast

CardAmount = Annotated[int, Field(ge=0, le=99_999_999)]
"""Minor units; the card processor takes no more in one charge."""


class BuyPrepaid(Body):
    """Buy prepaid money; with `account_id` it is set aside for that account at once."""

    billing_profile_id: Id
    amount: Annotated[int, Field(gt=0, le=999_999_999_999, description="Minor units.", examples=[50000])]
    account_id: Id | None = None
    expect_due_today: ExpectedDue = None


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
        return cls(
            prepaid=Prepaid(balance=wallet.balance.amount, currency=wallet.currency, set_aside=reserved),
            sms=Units(balance=credit_balance(wallet, CreditKind.SMS).balance),
            inbox_preview=Units(balance=credit_balance(wallet, CreditKind.INBOX_PREVIEW).balance),
        )


class ListEntries(ListQuery):
    """The journal, newest first."""


Quantity = Annotated[int, Field(gt=0, le=1_000_000_000)]


class BuyPack(Body):
    """Buy a pack of credits; `GET /v1/program` lists the packs. With `account_id` it is allocated at once."""

    billing_profile_id: Id
    quantity: Quantity
    account_id: Id | None = None


class Allocate(Body):
    """Give credits to an account."""

    account_id: Id
    quantity: Quantity


class SetAsidePrepaid(Body):
    """Reserve general prepaid money for one account, in minor units."""

    account_id: Id
    amount: Annotated[int, Field(gt=0, le=999_999_999_999)]


class Grant(Body):
    """Give a partner credits."""

    quantity: Quantity


class GrantPrepaid(Body):
    """Give a partner prepaid money, in minor units."""

    amount: Annotated[int, Field(gt=0, le=999_999_999_999)]


class ReportUse(Body):
    """Credits an account used. `report_id` is the platform's own name for this use, unique for the account."""

    report_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,100}$", examples=["campaign-4711"])]
    quantity: Quantity
    at: Timestamp | None = Field(default=None, description="When they were used; now, if left out.")


class SmsRegistration(Body):
    """The account has completed its own SMS registration."""

    status: Literal["completed"]


class ForecastQuery(Query):
    """The date up to which to forecast, itself not included."""

    until: LocalDate


class RenewalShape(Shape):
    """A renewal ahead, a year of the contract, or the closing of a Single Bill, and how it will be paid."""

    date: LocalDate = Field(description="The day it is charged, in the partner's time zone, as `until` is.")
    at: Timestamp
    account_id: str = Field(description="The account's id, the contract's or the bill's.")
    amount: int
    prepaid: int
    card: int


class RunsOut(Shape):
    """The first renewal that would be charged to a card."""

    date: LocalDate
    account_id: str


MOST_LISTED = 10_000
"""Renewals in one answer: 1.4 MB of the 6 MB that a function may return."""


class TopUpAheadShape(Shape):
    """An automatic top-up ahead."""

    date: LocalDate
    at: Timestamp
    amount: int


class ForecastShape(Shape):
    """The renewals ahead, when prepaid money runs out, and what to buy today so that no card is charged."""

    currency: str
    until: LocalDate
    balance: int
    renewals: list[RenewalShape] = Field(description=f"The first {MOST_LISTED:,}; the other fields cover all.")
    renewals_total: int = Field(description="How many there are.")
    truncated: bool = Field(description="Whether there are more than are listed; ask for an earlier `until`.")
    top_ups: list[TopUpAheadShape] = Field(description=f"The first {MOST_LISTED:,} automatic top-ups.")
    runs_out: RunsOut | None
    buy_today: int = Field(
        description="The least purchase today so that no card is charged, not even by a top-up, before `until` "
        "begins in the partner's time zone: zero, or at least the minimum purchase."
    )

    @classmethod
    def of(cls, forecast: Forecast) -> Self:
        first = forecast.runs_out
        zone = forecast.time_zone
        return cls(
            currency=forecast.balance.currency,
            until=forecast.until,
            balance=forecast.balance.amount,
            renewals=[
                RenewalShape(
                    date=local_date(payment.at, zone),
                    at=payment.at,
                    account_id=payment.subject,
                    amount=payment.amount.amount,
                    prepaid=payment.prepaid.amount,
                    card=payment.card.amount,
                )
                for payment in forecast.payments[:MOST_LISTED]
            ],
            renewals_total=len(forecast.payments),
            truncated=len(forecast.payments) > MOST_LISTED,
            top_ups=[
                TopUpAheadShape(date=local_date(each.at, zone), at=each.at, amount=each.amount.amount)
                for each in forecast.top_ups[:MOST_LISTED]
            ],
            runs_out=RunsOut(date=local_date(first.at, zone), account_id=first.subject) if first else None,
            buy_today=forecast.buy_today.amount,
        )


class ArrangeTopUp(Body):
    """When general prepaid money falls below `below`, `amount` is bought, as many times as needed; minor units."""

    enabled: bool = True
    below: CardAmount = Field(default=0, description="At most a hundred times the amount.")
    amount: CardAmount = 0
    billing_profile_id: Id | None = None

    @field_validator("below", "amount", "billing_profile_id")
    @classmethod
    def _of_one_that_is_on(cls, value: object, info: ValidationInfo) -> object:
        if info.data.get("enabled") is False:
            raise ValueError("can only be given with enabled true: turning it off keeps nothing")
        return value


class TopUpShape(Shape):
    """The settings of automatic top-up."""

    enabled: bool
    below: int | None = None
    amount: int | None = None
    currency: str | None = None
    billing_profile_id: str | None = None

    @classmethod
    def of(cls, top_up: TopUp | None) -> Self:
        if top_up is None:
            return cls(enabled=False)
        return cls(
            enabled=True,
            below=top_up.below.amount,
            amount=top_up.amount.amount,
            currency=top_up.amount.currency,
            billing_profile_id=top_up.billing_profile_id,
        )
