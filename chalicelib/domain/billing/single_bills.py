"""The Single Bill: one payment a month for many accounts (docs/rules.md §6)."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from chalicelib.domain.billing.dunning import retry_on
from chalicelib.domain.billing.invoices import MOST_ATTEMPTS, Attempt, InvoiceStatus, Outcome, Payment
from chalicelib.domain.calendar import first_instant, local_date, next_day_of_month
from chalicelib.domain.catalog.explanations import Explanation, Rule
from chalicelib.domain.catalog.quotes import Line
from chalicelib.domain.charging.charges import Charge, ChargeKind
from chalicelib.domain.disputes import Noted
from chalicelib.domain.ids import ulid
from chalicelib.domain.money import Money
from chalicelib.domain.partners.billing_profiles import CardName
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.open_bill import OpenBill


@dataclass(frozen=True, slots=True)
class Bill:
    """A closed bill. Its invoices are those that name it; they are paid when it is.

    ``waived`` is a total too small for any card that prepaid money did not cover (§6).
    ``refunded_to_card`` is what went back to its card for its invoices, all together, lost ``disputes`` included.
    """

    id: str
    payer: str
    bill_number: int
    status: InvoiceStatus
    currency: str
    total: Money
    invoice_count: int
    prepaid_applied: Money
    card_charged: Money
    opened_on: date
    closed_at: datetime
    billing_profile_id: str
    waived: Money | None = None
    wallet_balance_after: Money | None = None
    processor: str | None = None
    reference: str | None = None
    card: CardName | None = None
    attempts: tuple[Attempt, ...] = ()
    paid_at: datetime | None = None
    refunded_to_card: Money | None = None
    disputes: tuple[Noted, ...] = ()
    sequence: int | None = None
    revision: int = 0
    version: int = 0

    def kept_of(self, billed: Money) -> Money:
        """What lost disputes left of ``billed``, which one invoice has on the bill: the same part of each."""
        for dispute in self.disputes:
            if dispute.taken_back is not None and dispute.taken_of is not None:
                billed -= billed.share(part=dispute.taken_back.amount, whole=dispute.taken_of.amount)
        return billed


def closes_at(*, opened_on: date, day: int, time_zone: str) -> datetime:
    """The first instant of the first bill day after ``opened_on``, clamped to the end of a shorter month."""
    return first_instant(next_day_of_month(after=opened_on, day=day), time_zone)


def next_bill_day(bill: OpenBill, *, now: datetime, time_zone: str) -> datetime:
    """The bill day after the one at ``now``."""
    return closes_at(opened_on=local_date(now, time_zone), day=bill.day, time_zone=time_zone)


def bill_id(payer: str, number: int, *, now: datetime) -> str:
    """The id of a partner's bill, opened ``now``: bills sort by when they were opened, and one number has one bill."""
    return "bill_" + ulid(at=now, randomness=hashlib.sha256(f"{payer}#{number}".encode()).digest()[:10])


def is_covered(unpaid: Money, *, general: Money) -> bool:
    """Whether money that came in pays all of a declined bill: then it is tried again at once (§6)."""
    return general >= unpaid


def closing_charge(bill: OpenBill, *, now: datetime) -> Charge:
    """The charge that pays a bill."""
    why = Explanation(Rule.BILL, times=bill.count)
    line = Line("bill", f"{bill.count:,} invoices", bill.total, explanation=why)
    return Charge(
        id=bill.id,
        kind=ChargeKind.BILL,
        lines=(line,),
        total=bill.total,
        started_at=now,
        billing_profile_id=bill.billing_profile_id,
        scheduled=True,
    )


def retry_at(
    *,
    first_declined_at: datetime,
    retries: int,
    time_zone: str,
    retry_days: Sequence[int],
    retried_at: datetime | None,
) -> datetime | None:
    """When a declined bill is tried again, as any charge; after the last retry it stays unpaid (§6).

    ``retried_at`` is when the last scheduled retry was made.
    """
    day = retry_on(
        first_declined_at=first_declined_at,
        retries=retries,
        retried_at=retried_at,
        retry_days=retry_days,
        time_zone=time_zone,
    )
    return first_instant(day, time_zone) if day else None


def paid(
    bill: Bill, charge: Charge, *, payment: Payment | None, balance_after: Money, sequence: int | None, now: datetime
) -> Bill:
    """The bill after ``charge`` paid it."""
    return replace(
        bill,
        status=InvoiceStatus.PAID,
        prepaid_applied=charge.prepaid,
        card_charged=charge.card or Money.zero(bill.currency),
        waived=(bill.total - charge.total) or None,
        billing_profile_id=charge.billing_profile_id or bill.billing_profile_id,
        wallet_balance_after=balance_after,
        processor=payment.processor if payment else None,
        reference=payment.reference if payment else None,
        card=payment.card if payment else None,
        attempts=(*bill.attempts, Attempt(charge.attempt, now, Outcome.SUCCEEDED))[-MOST_ATTEMPTS:],
        paid_at=now,
        sequence=sequence,
    )


def declined(bill: Bill, charge: Charge, *, decline_code: str, now: datetime) -> Bill:
    """The bill after another declined attempt."""
    attempt = Attempt(charge.attempt, now, Outcome.DECLINED, decline_code)
    return replace(bill, attempts=(*bill.attempts, attempt)[-MOST_ATTEMPTS:])
