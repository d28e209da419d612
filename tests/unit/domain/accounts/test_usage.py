"""What a report makes of an account's usage and of its partner's sum (docs/rules.md §5)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.accounts import usage as domain
from chalicelib.domain.accounts.accounts import Account, Status
from chalicelib.domain.accounts.usage import ContactPool, Measure, Usage
from chalicelib.programs import program
from tests.builders import make_account

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AGENCY, FRANCHISE = program("agency"), program("franchise")
NOTHING = Usage("acct_1", "prt_1")


def reported(before: Usage = NOTHING, *, account: Account | None = None, **given: Any) -> Usage:
    fields: dict[str, Any] = {"program": AGENCY, "contacts": 10, "limits": {}, "at": NOW, "now": NOW}
    return domain.reported(before, account=account or make_account(), **fields | given)


@pytest.mark.parametrize(("used", "over"), [(999, False), (1000, False), (1001, True)])
def test_is_over_only_beyond_the_limit(used: int, over: bool) -> None:
    assert Measure(used, 1000).over is over


@pytest.mark.parametrize("measure", [Measure(None, 1000), Measure(1000, None), Measure(None, None)])
def test_what_is_not_known_is_not_over(measure: Measure) -> None:
    assert not measure.over


def test_going_over_is_told_once_until_it_has_been_within_again() -> None:
    within, over = Measure(1000, 1000), Measure(1001, 1000)

    told = [domain.crossed(*each) for each in [(within, over), (over, over), (over, within), (within, over)]]

    assert told == [True, False, False, True]


def test_an_older_report_changes_nothing_and_one_of_the_same_moment_corrects() -> None:
    first = reported(contacts=10)

    assert reported(first, contacts=20, at=NOW - timedelta(microseconds=1)) is first
    assert reported(first, contacts=20, at=NOW).active_contacts == 20
    assert reported(first, contacts=10, at=NOW, now=NOW + timedelta(days=1)) is first


def test_a_report_takes_the_place_of_the_one_before() -> None:
    first = reported(limits={"email_sends": 5})

    assert reported(first, limits={"activities": 6}, at=NOW + timedelta(hours=1)).limits == {"activities": 6}


def test_contacts_are_held_against_the_tier_or_counted_in_the_pool() -> None:
    account = make_account()
    own, pooled = reported(account=account), reported(account=account, program=FRANCHISE)

    assert (own.tier, own.counted) == (account.plan.contacts, None)
    assert (pooled.tier, pooled.counted) == (None, 10)


@pytest.mark.parametrize("status", Status)
def test_accounts_count_in_the_pool_until_they_have_ended(status: Status) -> None:
    ended = status in (Status.EXPIRED, Status.ARCHIVED)
    account = make_account(status=status)
    before = reported(program=FRANCHISE)

    assert reported(account=account, program=FRANCHISE).counted == (0 if ended else 10)
    assert domain.recounted(before, account=account, program=FRANCHISE, now=NOW).counted == (0 if ended else 10)
    assert domain.recounted(reported(), account=account, program=AGENCY, now=NOW).counted is None


def test_what_can_be_reported_is_every_limit_of_the_program_and_active_contacts() -> None:
    assert domain.names(AGENCY) == ["active_contacts", "activities", "custom_reports", "email_sends"]
    assert domain.unknown(["activities", "logins", "at"], AGENCY) == ["logins", "at"]


STEPS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["ends", "comes back", "moves", *range(5)])), max_size=30)


@settings(max_examples=50)
@given(STEPS)
def test_a_pool_is_the_sum_of_the_partners_accounts_that_run(steps: list[tuple[int, Any]]) -> None:
    accounts = [make_account(id=f"acct_{n}") for n in range(4)]
    usages = [Usage(account.id, "prt_1") for account in accounts]
    pools = [ContactPool("prt_1"), ContactPool("prt_2")]

    for n, step in steps:
        before = usages[n]
        if isinstance(step, int):
            usages[n] = reported(before, account=accounts[n], program=FRANCHISE, contacts=step)
        elif step == "moves":
            accounts[n] = replace(accounts[n], partner_id="prt_2" if accounts[n].partner_id == "prt_1" else "prt_1")
            usages[n] = domain.recounted(before, account=accounts[n], program=FRANCHISE, now=NOW)
        else:
            status = Status.EXPIRED if step == "ends" else Status.ACTIVE
            accounts[n] = replace(accounts[n], status=status)
            usages[n] = domain.recounted(before, account=accounts[n], program=FRANCHISE, now=NOW)
        pools = [domain.pooled(pool, before=before, after=usages[n], now=NOW) for pool in pools]

    for pool in pools:
        of_partner = [n for n in range(4) if accounts[n].partner_id == pool.partner_id]
        running = [usages[n] for n in of_partner if accounts[n].status is Status.ACTIVE]
        assert pool.contacts == sum(usage.active_contacts or 0 for usage in running)


def test_an_account_that_moves_into_a_program_without_a_pool_leaves_the_one_it_was_in() -> None:
    before = reported(program=FRANCHISE)

    after = domain.recounted(before, account=make_account(partner_id="prt_2"), program=AGENCY, now=NOW)

    assert (after.partner_id, after.counted) == ("prt_2", None)
    assert domain.pooled(ContactPool("prt_1", contacts=10), before=before, after=after, now=NOW).contacts == 0
