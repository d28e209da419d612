"""A change of a row's form without downtime: whole accounts, as release 0.1.0 stored them, become thin ones.

The worked example of docs/operating/changing-rows.md. The earlier release reads both forms and writes the old one; this
release reads both and writes the new one; the command `python -m infra.rewrite` makes the rest new. At each stage there
is a way back.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest

from chalicelib.config import settings
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.partners.partners import house_id
from chalicelib.gateways.payments import Charged, OutcomeUnknown
from chalicelib.models import alarms, changes
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import thin_rows
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.models.transactions import commit
from chalicelib.programs import program
from chalicelib.services.charging import cards
from chalicelib.services.charging.results import ChargeOutcomeUnknown
from chalicelib.services.partners import partners
from infra import commands, rewrite
from tests.books import Books
from tests.world import ACTOR, World

pytestmark = pytest.mark.usefixtures("aws")


@contextmanager
def the_release_before() -> Iterator[None]:
    """The code of the release that reads both forms and still writes whole rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thin_rows, "thin", lambda item: item)
        yield


def rows() -> dict[str, dict[str, Any]]:
    """The stored rows of accounts by id, as DynamoDB has them."""
    items = boto3.client("dynamodb").scan(TableName=settings().accounts_table)["Items"]
    return {item["id"]["S"]: item for item in items if item["id"]["S"].startswith("acct_")}


def forms() -> Counter[str]:
    return Counter("whole" if "plan" in item else "thin" for item in rows().values())


def run(**overrides: Any) -> Counter[str]:
    fields: dict[str, Any] = {"partner": None, "per_second": 1000, "dry_run": False, "pause": lambda _: None}
    return list(rewrite.rewrite(**fields | overrides))[-1]


@pytest.fixture
def world(aws: None) -> World:
    """Four accounts, as the release before wrote them."""
    world = World()
    with the_release_before():
        for _ in range(4):
            world.create()
    assert forms() == {"whole": 4}
    return world


def accounts(world: World) -> dict[str, Account]:
    return {account_id: world.account(account_id) for account_id in rows()}


def test_both_forms_are_read_and_renewed_and_the_release_before_can_be_deployed_again(world: World) -> None:
    first = min(rows())
    world.cancel(first)
    assert forms() == {"whole": 3, "thin": 1}

    with the_release_before():
        world.advance(days=31)
        assert forms() == {"whole": 4}
    world.advance(days=31)

    assert forms()["thin"] >= 3
    Books(world).check()


def test_every_account_gets_the_new_form_and_stays_as_it_is(world: World) -> None:
    before = accounts(world)

    assert run() == {"written": 4}

    assert forms() == {"thin": 4}
    assert accounts(world) == before
    assert run() == {"newest": 4}


def test_a_dry_run_writes_nothing(world: World) -> None:
    assert run(dry_run=True) == {"would be written": 4}

    assert forms() == {"whole": 4}


def test_nothing_is_published_and_an_event_that_a_stream_lost_can_still_be_rebuilt(world: World) -> None:
    table, before = settings().accounts_table, rows()

    run()

    for account_id, after in rows().items():
        assert changes.to_publish(table, before[account_id], after) == []
        assert [each.event for each in changes.to_publish(table, None, after)] == ["account.created"]


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> None:
    """Let something happen between the reading of the rows and the first write."""
    write = rewrite._write
    happened: list[bool] = []

    def act_then_write(*args: Any, **kwargs: Any) -> str:
        if not happened:
            happened.append(True)
            act()
        return write(*args, **kwargs)

    monkeypatch.setattr(rewrite, "_write", act_then_write)


def test_what_others_write_between_reading_and_writing_is_not_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    canceled = min(rows())
    meanwhile(monkeypatch, lambda: world.cancel(canceled))

    assert run() == {"written": 3, "changed meanwhile": 1}

    assert world.account(canceled).cancellation is not None
    assert forms() == {"thin": 4}


def test_the_release_before_may_write_at_the_same_time_and_the_next_run_finds_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cancel_one() -> None:
        with the_release_before():
            world.cancel(min(rows()))

    meanwhile(monkeypatch, cancel_one)

    assert run() == {"written": 3, "changed meanwhile": 1}
    assert run() == {"written": 1, "newest": 3}


def test_an_account_that_its_partner_no_longer_has_is_left_to_its_new_partner(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index lags: it may still list an account under the partner that it has just left."""
    left = [item["id"]["S"] for item in rows().values()]
    monkeypatch.setattr(rewrite, "_accounts", lambda _: iter([list(rewrite._rows(left))]))

    assert run(partner=World().partner_id) == {"changed meanwhile": 4}

    assert forms() == {"whole": 4}


def test_accounts_of_a_house_stay_in_their_partitions_of_the_overview_index(world: World) -> None:
    with the_release_before():
        own = [world.sign_up(id=f"acct_{number}", name=f"own-{number}") for number in range(2)]
        for each in own:
            at_home = replace(each, partner_id=house_id("agency"))
            commit([account_rows.put(at_home, program=program("agency"), actor=ACTOR)])
    partners.house_of("agency", now=world.now, actor=ACTOR)
    places = {account_id: item["partner_id"] for account_id, item in rows().items()}

    assert run() == {"written": 6}

    assert {account_id: item["partner_id"] for account_id, item in rows().items()} == places
    assert run() == {"newest": 6}


def test_renewals_in_the_middle_are_made_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile(monkeypatch, lambda: world.advance(days=31))

    assert run() == {"changed meanwhile": 4}

    assert forms() == {"thin": 4}
    Books(world).check()


def test_whoever_read_an_account_before_it_was_written_anew_can_still_write_it(world: World) -> None:
    account = world.account(min(rows()))

    run()
    commit([account_rows.put(account, program=program("agency"), actor=ACTOR)])

    assert world.account(account.id).version == account.version + 1


def test_an_account_that_is_parked_between_reading_and_writing_stays_parked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = min(rows())
    meanwhile(monkeypatch, lambda: alarms.park(broken, because="ValueError"))

    assert run() == {"written": 3, "changed meanwhile": 1}

    assert run() == {"parked": 1, "newest": 3}
    assert [row.id for row in alarms.parked()] == [broken]


def test_an_account_with_a_charge_in_progress_is_left_to_whoever_settles_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent:
        def charge(self, **_: Any) -> Charged:
            raise OutcomeUnknown

    card = world.card()
    with monkeypatch.context() as patch, the_release_before():
        patch.setattr(cards, "payment_gateway", Silent)
        with pytest.raises(ChargeOutcomeUnknown):
            world.create(billing_profile_id=card)

    assert run() == {"written": 4, "charging": 1}

    world.now += timedelta(minutes=3)
    world.run_schedules()
    assert forms() == {"thin": 5}


SHIFTS = {
    "earlier": lambda due_at: AccountRow.due_at.set(due_at - timedelta(days=2)),
    "later": lambda due_at: AccountRow.due_at.set(due_at + timedelta(days=2)),
    "missing": lambda _: AccountRow.due_at.remove(),
}


@pytest.mark.parametrize("shift", SHIFTS.values(), ids=SHIFTS)
def test_an_alarm_that_an_earlier_program_file_set_is_set_anew(world: World, shift: Callable[[datetime], Any]) -> None:
    run()
    moved = AccountRow.get(min(rows()))
    expected = moved.due_at
    moved.update(actions=[shift(expected)])

    assert run() == {"written": 1, "newest": 3}

    assert AccountRow.get(moved.id).due_at == expected


def test_it_writes_no_faster_than_it_is_told(world: World) -> None:
    pauses: list[float] = []
    begun = time.monotonic()

    run(per_second=0.5, pause=pauses.append)

    assert sum(pauses) == pytest.approx(8, abs=time.monotonic() - begun)


@pytest.mark.parametrize(
    ("given", "code", "printed"),
    [
        ((), commands.DONE, {"accounts": 4, "written": 4}),
        (("--dry-run",), rewrite.LEFT, {"accounts": 4, "would be written": 4}),
        (("--partner", "prt_NOBODY"), commands.UNREACHABLE, None),
    ],
    ids=["written", "dry run", "unknown partner"],
)
def test_the_command_says_whether_anything_is_left(
    given: tuple[str, ...],
    code: int,
    printed: dict[str, int] | None,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("infra.commands.take_on", lambda **_: None)

    assert rewrite.main(["--local", "--json", *given]) == code

    out = capsys.readouterr().out
    assert (json.loads(out) if out else None) == printed
