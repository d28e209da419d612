"""A forecast of many renewals: bounded in what it answers and in what it works out, cheap to ask for."""

from datetime import date, timedelta

import pytest

from chalicelib.api.bodies.wallet import prepaid as bodies
from chalicelib.api.bodies.wallet.prepaid import ForecastShape
from chalicelib.domain.refusals import Invalid
from chalicelib.services.wallet import forecasts
from tests.breaker import Breaker
from tests.world import World

pytestmark = pytest.mark.usefixtures("aws")

UNTIL = date(2026, 12, 31)


@pytest.fixture
def world() -> World:
    """Two accounts with ten renewals each before UNTIL."""
    world = World()
    for _ in range(2):
        world.create()
    return world


def ask(world: World, until: date = UNTIL) -> forecasts.Forecast:
    return forecasts.get_forecast(partner_id=world.partner_id, until=until, now=world.now)


@pytest.mark.parametrize(("most", "listed", "truncated"), [(19, 19, True), (20, 20, False)])
def test_beyond_the_most_that_is_listed_the_sums_still_reckon_with_all(
    world: World, monkeypatch: pytest.MonkeyPatch, most: int, listed: int, truncated: bool
) -> None:
    whole = ForecastShape.of(ask(world))
    monkeypatch.setattr(bodies, "MOST_LISTED", most)

    shown = ForecastShape.of(ask(world))

    assert (len(shown.renewals), shown.truncated, shown.renewals_total) == (listed, truncated, 20)
    assert shown.renewals == whole.renewals[:listed]
    assert shown.buy_today == whole.buy_today == sum(renewal.card for renewal in whole.renewals)


def test_who_has_too_many_renewals_ahead_is_told_how_far_it_may_ask(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecasts, "MOST_RENEWALS", 4)  # about two months of two accounts
    furthest = world.now.date() + timedelta(days=4 * 365 // 24)

    with pytest.raises(Invalid) as refused:
        ask(world, furthest + timedelta(days=1))

    assert str(furthest) in refused.value.errors[0][1]
    assert len(ask(world, furthest).payments) == 4


def test_it_takes_three_requests_however_far_it_looks(world: World) -> None:
    counts = []
    for until in (date(2026, 3, 1), date(2027, 12, 31)):
        with Breaker().watching() as watched:
            ask(world, until)
        counts.append([call.partition(" ")[0] for call in watched.calls])

    assert counts[0] == counts[1] == ["GetItem", "GetItem", "Query"]
