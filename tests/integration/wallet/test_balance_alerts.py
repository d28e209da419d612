"""The daily balance check: which events it publishes, and how often (docs/rules.md §7)."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.domain.calendar import Frequency, first_instant, local_date
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.models.wallet.balance_checks import BalanceCheckRow
from chalicelib.services.billing import single_bills
from chalicelib.services.partners import partners
from chalicelib.services.wallet import balance_alerts
from chalicelib.services.wallet.forecasts import forecast
from tests.world import SANDBOX, TRIAL, World

pytestmark = pytest.mark.usefixtures("aws")

PRICE = 4900
RUNNING_OUT, USED_UP = "prepaid.running_out", "prepaid.used_up"


def event_of_next_check(world: World) -> str | None:
    """The event that the next check publishes, at six tomorrow."""
    world.advance(to=max(BalanceCheckRow.get(world.partner_id).due_at, world.now))
    return balance_alerts.run_daily_check(partner_id=world.partner_id, now=world.now, actor="schedule:prepaid")


def data(world: World) -> dict[str, Any]:
    return BalanceCheckRow.get(world.partner_id).data


def events_of_checks(world: World, days: int) -> list[str]:
    return [event for event in (event_of_next_check(world) for _ in range(days)) if event]


class TestRunningOut:
    def test_tells_the_date_and_the_account_at_which_the_money_runs_out(self) -> None:
        world = World()
        world.create()
        world.now += timedelta(days=3)
        second = world.create()
        world.buy(PRICE)  # after both first periods: the first account's renewal takes 3675 of it

        assert event_of_next_check(world) == RUNNING_OUT
        assert data(world) == {
            "date": "2026-03-03",
            "account_id": second.id,
            "balance": PRICE,
            "currency": "USD",
        }

    def test_says_that_a_single_bill_takes_over_where_there_is_one(self) -> None:
        world = World(program="solutions")
        single_bills.set_up_single_bill(
            partner_id=world.partner_id, day=15, billing_profile_id=world.card(), now=world.now, actor="api_key:key_1"
        )
        world.create(
            plan=PlanRequest("S1", "email", "standard", 1000, Frequency.MONTHLY),
            single_bill=True,
            billing_profile_id=None,
        )
        world.buy(1000)

        assert event_of_next_check(world) == RUNNING_OUT
        assert data(world)["single_bill"] is True

    def test_tells_it_once(self) -> None:
        world = World()
        world.create()
        world.buy(PRICE - 1)

        assert events_of_checks(world, 20) == [RUNNING_OUT]

    def test_says_nothing_while_the_money_lasts_to_the_cent(self) -> None:
        world = World()
        world.create()
        world.buy(PRICE)

        assert event_of_next_check(world) is None

    def test_tells_when_it_is_a_cent_short(self) -> None:
        world = World()
        world.create()
        world.buy(PRICE - 1)

        assert event_of_next_check(world) == RUNNING_OUT

    def test_tells_it_again_after_the_wallet_was_filled_and_runs_out_anew(self) -> None:
        world = World()
        world.create()
        world.buy(PRICE - 1)
        assert events_of_checks(world, 2) == [RUNNING_OUT]

        world.buy(10_000)
        assert events_of_checks(world, 5) == []
        assert events_of_checks(world, 130) == [RUNNING_OUT, USED_UP]

    def test_looks_thirty_days_ahead_and_no_further(self) -> None:
        world = World()
        world.now += timedelta(days=29)
        event_of_next_check(world)
        world.create()  # on 1 March: it renews on 1 April
        world.buy(1_000)

        assert event_of_next_check(world) is None  # on 2 March, exactly 30 days before
        assert event_of_next_check(world) == RUNNING_OUT

    def test_money_set_aside_counts_only_for_its_account(self) -> None:
        world = World()
        poor, rich = world.create(), world.create()
        world.buy(50_000, account_id=rich.id)

        assert event_of_next_check(world) == RUNNING_OUT
        assert data(world)["account_id"] == poor.id

    def test_money_set_aside_pays_its_accounts_renewal(self) -> None:
        world = World()
        account = world.create()
        world.buy(PRICE, account_id=account.id)

        assert event_of_next_check(world) is None

    def test_an_account_canceled_before_its_renewal_asks_for_nothing(self) -> None:
        world = World()
        account = world.create()
        world.buy(1_000)

        world.cancel(account.id)

        assert event_of_next_check(world) is None

    @pytest.mark.parametrize(("day", "expected"), [(28, None), (29, RUNNING_OUT)])
    def test_a_cancellation_that_comes_by_the_renewal_day_spares_the_renewal(self, day: int, expected: Any) -> None:
        world = World()
        account = world.create()
        world.buy(1_000)

        renewal = account.period.end
        world.cancel(account.id, effective_date=renewal + timedelta(days=day - 28))

        assert event_of_next_check(world) == expected

    def test_a_trial_and_a_sandbox_cost_nothing(self) -> None:
        world = World()
        world.create(plan=TRIAL)
        world.create(plan=SANDBOX)
        world.buy(1_000)

        assert event_of_next_check(world) is None


class TestUsedUp:
    def test_tells_once_which_card_takes_over_and_when(self) -> None:
        world = World()
        card = world.card()
        account = world.create(billing_profile_id=card)
        world.buy(PRICE)
        events = []
        while USED_UP not in events:
            events.append(event_of_next_check(world))

        assert data(world) == {
            "balance": 0,
            "currency": "USD",
            "date": "2026-03-31",
            "account_id": account.id,
            "billing_profile_id": card,
            "card": {"brand": "visa", "last4": "4242"},
        }
        assert events_of_checks(world, 40) == []

    def test_is_never_told_who_never_bought_anything(self) -> None:
        world = World()
        world.create()

        assert events_of_checks(world, 40) == []

    def test_is_told_when_money_came_and_went_between_two_looks(self) -> None:
        world = World()
        world.create()
        for _ in range(27):
            event_of_next_check(world)
        world.buy(PRICE)  # on the eve of the renewal

        assert events_of_checks(world, 3) == [USED_UP]

    def test_is_told_again_after_another_purchase_is_used_up(self) -> None:
        world = World()
        world.create()
        world.buy(PRICE)
        assert events_of_checks(world, 35)[-1] == USED_UP

        world.buy(PRICE)

        assert events_of_checks(world, 35)[-1] == USED_UP


class TestOnce:
    def test_looking_twice_tells_nothing_twice(self) -> None:
        world = World()
        world.create()
        world.buy(1_000)
        at = BalanceCheckRow.get(world.partner_id).due_at

        assert (
            balance_alerts.run_daily_check(partner_id=world.partner_id, now=at, actor="schedule:prepaid") == RUNNING_OUT
        )
        assert balance_alerts.run_daily_check(partner_id=world.partner_id, now=at, actor="schedule:prepaid") is None

    def test_looks_at_six_the_next_morning_and_not_before(self) -> None:
        world = World()
        world.create()
        world.buy(1_000)
        at = BalanceCheckRow.get(world.partner_id).due_at

        assert at.isoformat() == "2026-02-01T06:00:00+00:00"
        assert (
            balance_alerts.run_daily_check(partner_id=world.partner_id, now=at - timedelta(seconds=1), actor="x")
            is None
        )
        assert balance_alerts.run_daily_check(partner_id=world.partner_id, now=at, actor="x") == RUNNING_OUT

    def test_the_sweep_wakes_it_every_day(self) -> None:
        world = World(watched=True)
        world.create()
        world.buy(1_000)

        world.advance(days=10)

        row = BalanceCheckRow.get(world.partner_id)
        assert row.published_running_out
        assert row.version == 11
        assert row.due_at > world.now


def one_plain(world: World) -> None:
    world.create()
    world.buy(3_000)


def several_days(world: World) -> None:
    for days in (0, 3, 9):
        world.now += timedelta(days=days)
        world.create()
    world.buy(9_000)


def two_of_one_day(world: World) -> None:
    world.create()
    world.create()
    world.buy(5_000)


def one_set_aside(world: World) -> None:
    accounts = [world.create() for _ in range(3)]
    world.buy(3_000, account_id=accounts[2].id)
    world.buy(5_000)


def migrated(world: World) -> None:
    world.create(migrated=True)
    world.buy(10_000)


def a_cent_short(world: World) -> None:
    world.create()
    world.buy(PRICE - 1)


@pytest.mark.parametrize("prepare", [one_plain, several_days, two_of_one_day, one_set_aside, migrated, a_cent_short])
def test_the_forecast_is_what_the_renewals_then_charge(prepare: Callable[[World], None]) -> None:
    world = World()
    prepare(world)
    until = local_date(world.now, world.time_zone) + timedelta(days=75)
    before = len(world.invoices())
    standing = partners.standing(partner_id=world.partner_id, now=world.now)
    expected = forecast(standing, until=until, now=world.now).payments

    world.advance(to=first_instant(until, world.time_zone) - timedelta(seconds=1))

    assert expected
    assert [(local_date(p.at, world.time_zone), p.subject, p.prepaid, p.card) for p in expected] == [
        (i.period.start, i.account_id, i.prepaid_applied, i.card_charged) for i in world.invoices()[before:]
    ]


def test_an_account_canceled_for_a_later_date_is_forecast_until_then_and_no_longer() -> None:
    world = World()
    account = world.create()
    world.cancel(account.id, effective_date=date(2026, 3, 31))
    standing = partners.standing(partner_id=world.partner_id, now=world.now)

    ahead = forecast(standing, until=date(2026, 12, 31), now=world.now).payments

    assert [local_date(payment.at, world.time_zone) for payment in ahead] == [date(2026, 2, 28)]
