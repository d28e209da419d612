"""When balances are checked, and what an automatic top-up buys (docs/rules.md §7)."""

from datetime import UTC, datetime, time, timedelta

from chalicelib.domain.money import Money
from chalicelib.domain.wallet.wallets import TopUp

CHECK_TIME = time(6, tzinfo=UTC)
"""When all balances are checked: at one time of the day for all partners. The sweep spreads the work."""


def next_check_at(*, now: datetime) -> datetime:
    """When a balance is checked next: tomorrow at CHECK_TIME."""
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), CHECK_TIME)


def topped_up_by(top_up: TopUp, *, general: Money, now: datetime) -> Money | None:
    """What a top-up buys at ``now``: the fewest whole amounts that bring general prepaid money up to its limit.

    None if there is enough, or while it waits after a decline.
    """
    if general >= top_up.below or (top_up.waits_until and now < top_up.waits_until):
        return None
    gap = top_up.below.amount - general.amount
    times = -(-gap // top_up.amount.amount)  # rounded up: one charge covers the gap
    return Money(times * top_up.amount.amount, general.currency)
