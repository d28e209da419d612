"""The time machine's quiet watches: what is announced, and when, is the same as with a stop on every day."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.partners.billing_profiles import Card
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import commit
from chalicelib.models.wallet.balance_checks import BalanceCheckRow
from chalicelib.services.events import event_log
from chalicelib.services.wallet import credit_packs
from infra.local import quiet_checks
from infra.local.quiet_checks import DAY, run_quiet_checks
from tests.conftest import reset_aws
from tests.integration.events.test_event_log import stream
from tests.world import ACTOR, World

MOMENT = timedelta(seconds=1)
START = datetime(2027, 1, 31, 15, tzinfo=UTC)


def everything_a_check_announces() -> World:
    """Money that runs out and is used up, a card that expires, and credits that are low."""
    world = World()
    world.create()
    world.buy(4900 + 100)
    card = profile_rows.get(world.partner_id, world.card())
    assert card is not None
    commit([profile_rows.put(replace(card, card=Card("visa", "4242", 4, 2026)), actor=ACTOR, event="")])
    world.now += 20 * DAY
    grant = {"entry_id": "txn_G", "partner_id": world.partner_id, "kind": CreditKind.SMS, "quantity": 1}
    credit_packs.grant_credits(**grant, now=world.now, actor=ACTOR)
    return world


def a_top_up_that_is_declined_each_day() -> World:
    world = World()
    world.create()
    world.buy(6000)
    world.top_up(below=5000, amount=2000, card=world.card("pm_card_chargeDeclined"))
    return world


def quietly(world: World, *, days: int) -> int:
    """As the time machine goes: from alarm to alarm, past the watches that have no news; how many those are."""
    target, passed = world.now + days * DAY, 0
    while True:
        world.watched = False
        other, first = world.next_alarm() or target + DAY, BalanceCheckRow.get(world.partner_id).due_at
        until, stop = min(other, target + MOMENT), min(first, other)
        if world.now < first < until:
            news = run_quiet_checks(world.partner_id, first=first, until=until)
            passed += -((first - (news or until)) // DAY)
            stop = news or other
        if stop > target:
            world.now = target
            return passed
        world.now = max(stop, world.now)
        world.watched = True
        world.run_schedules()


def told(build: Callable[[], World], advance: Callable[[World], int]) -> tuple[list[tuple[str, str]], int]:
    """What is announced on which day, and how many watches needed no stop."""
    reset_aws()
    world = build()
    passed = advance(world)
    found = (event for change in stream() for event in event_log.events_of(*change))
    return sorted((f"{event.at:%Y-%m-%d %H:%M}", event.type) for event in found if event), passed


def daily(world: World, *, days: int) -> int:
    world.watched = True
    world.advance(days=days)
    return 0


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(
    ("build", "days", "news"),
    [
        (
            everything_a_check_announces,
            61,
            {"prepaid.running_out", "prepaid.used_up", "billing_profile.card_expiring", "credits.low"},
        ),
        (a_top_up_that_is_declined_each_day, 33, {"top_up.declined"}),
    ],
)
def test_what_is_announced_on_which_day_is_the_same(build: Callable[[], World], days: int, news: set[str]) -> None:
    expected, _ = told(build, lambda world: daily(world, days=days))
    found, passed = told(build, lambda world: quietly(world, days=days))

    assert found == expected
    assert news <= {event for _, event in found}
    assert passed > 10


@pytest.mark.usefixtures("aws")
def test_a_watch_that_has_news_writes_nothing_and_stays_due() -> None:
    world = World()
    world.create()
    world.buy(1_000)
    first = BalanceCheckRow.get(world.partner_id).due_at

    assert run_quiet_checks(world.partner_id, first=first, until=first + 9 * DAY) == first

    assert BalanceCheckRow.get(world.partner_id).due_at == first


@pytest.mark.parametrize("days", range(1, 12))
def test_the_first_watch_with_news_is_found_wherever_it_is(days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for news_on in range(days + 1):
        asked: list[datetime] = []

        def is_quiet(_: str, *, at: datetime, news_on: int = news_on, asked: list[datetime] = asked) -> bool:
            asked.append(at)
            return at < START + news_on * DAY

        monkeypatch.setattr(quiet_checks, "_is_quiet", is_quiet)
        for until in (START + days * DAY, START + days * DAY - timedelta(hours=23)):
            found = run_quiet_checks("prt_1", first=START, until=until)
            assert found == (START + news_on * DAY if news_on < days else None)
        assert len(asked) <= 2 * (days.bit_length() + 2)
