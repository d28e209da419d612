"""The runway's numbers: what is left day by day, and where the picture's lines and marks are."""

from datetime import UTC, date, datetime

import pytest

from chalicelib.domain.money import Money
from chalicelib.domain.schedule.projection import Payment
from chalicelib.domain.schedule.runway import RunwayDay, days_of
from chalicelib.portal.pages.wallet import charts

USD = "USD"


def usd(amount: int) -> Money:
    return Money(amount, USD)


def payment(day: int, amount: int, card: int = 0, hour: int = 12) -> Payment:
    at = datetime(2026, 3, day, hour, tzinfo=UTC)
    return Payment(at, f"acct_{day}", usd(amount), usd(amount - card), usd(card))


def test_days_sum_their_charges_and_say_what_is_left() -> None:
    payments = [payment(1, 300), payment(1, 200, hour=13), payment(4, 800, card=300)]

    first, second = days_of(balance=usd(1000), payments=payments, top_ups=[], time_zone="UTC")

    assert first == RunwayDay(date(2026, 3, 1), 2, usd(500), usd(500), usd(0), usd(0), usd(500))
    assert second == RunwayDay(date(2026, 3, 4), 1, usd(800), usd(500), usd(300), usd(0), usd(0))


def test_a_top_up_adds_on_its_day_and_is_no_charge() -> None:
    top_up = Payment(datetime(2026, 3, 1, 14, tzinfo=UTC), "prt_1", usd(500), usd(0), usd(500))

    (day,) = days_of(balance=usd(1000), payments=[payment(1, 300)], top_ups=[top_up], time_zone="UTC")

    assert (day.charges, day.card, day.topped_up, day.left) == (1, usd(0), usd(500), usd(1200))


def test_a_day_is_the_partners() -> None:
    (day,) = days_of(balance=usd(0), payments=[payment(1, 1, hour=2)], top_ups=[], time_zone="America/Chicago")

    assert day.day == date(2026, 2, 28)


def chart(balance: int, *payments: Payment, runs_out: date | None = None) -> charts.Chart:
    return charts.runway(
        days_of(balance=usd(balance), payments=payments, top_ups=[], time_zone="UTC"),
        balance=balance,
        begins=date(2026, 3, 1),
        ends=date(2026, 4, 30),
        runs_out=runs_out,
        unit=100,
        frame=charts.Frame(width=710, height=230, left=100, bottom=30, days_between=14, top=0, right=10),
    )


def test_money_stays_and_then_drops() -> None:
    drawn = chart(100_000, payment(11, 50_000), payment(21, 80_000, card=30_000), runs_out=date(2026, 3, 21))

    assert drawn.line == "M100 0.0H200.0V100.0H300.0V200.0H700"
    assert drawn.area == drawn.line + "V200H100Z"
    assert [(mark.x, mark.y, mark.on_card) for mark in drawn.marks] == [(200.0, 100.0, False), (300.0, 200.0, True)]
    assert (drawn.out, drawn.label_before) == (300.0, False)
    assert chart(0, payment(29, 1, card=1), runs_out=date(2026, 4, 25)).label_before


@pytest.mark.parametrize(
    ("highest", "levels"),
    [
        pytest.param(0, [0, 1], id="nothing at all"),
        pytest.param(1, [0, 1], id="a cent"),
        pytest.param(100, [0, 1], id="one unit"),
        pytest.param(101, [0, 1, 2], id="a cent more"),
        pytest.param(468_000, [0, 1000, 2000, 3000, 4000, 5000], id="4,680.00"),
        pytest.param(12_500_000, [0, 25_000, 50_000, 75_000, 100_000, 125_000], id="five steps of 25,000"),
        pytest.param(12_500_100, [0, 50_000, 100_000, 150_000], id="a unit more"),
    ],
)
def test_levels_are_steps_that_people_read_easily(highest: int, levels: list[int]) -> None:
    drawn = chart(highest)

    assert [level for _, level in drawn.lines] == levels
    assert drawn.lines[0][0] == drawn.floor


def test_dates_stand_below_with_the_year_where_it_changes() -> None:
    drawn = charts.runway(
        [], balance=1, begins=date(2026, 12, 10), ends=date(2027, 2, 8), runs_out=None, unit=100, frame=charts.WIDE
    )

    assert [(tick.day, tick.with_year) for tick in drawn.ticks] == [
        (date(2026, 12, 10), True),
        (date(2026, 12, 24), False),
        (date(2027, 1, 7), True),
        (date(2027, 1, 21), False),
    ]
