"""What the overview costs, and that what it shows without reading accounts is what they are."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import moto.dynamodb.models.table
import pytest

from benchmarks.bulk import varied_accounts
from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.config import settings
from chalicelib.domain.accounts.accounts import Account, Status
from chalicelib.domain.accounts.overview import Filters, Sort, ends_at, ends_within, has_metadata, matches, place
from chalicelib.domain.calendar import first_instant
from chalicelib.domain.ids import new_id
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import summaries
from chalicelib.models.transactions import commit
from chalicelib.services.accounts.overview import Question, list_accounts
from tests.builders import agency
from tests.conftest import reset_aws
from tests.counting import requests_counted
from tests.world import ACTOR, TRIAL, World, raw_account

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
INDEX = ("id", "partner_id", "created_at", "glance")


@pytest.fixture(scope="module")
def many(_mocked: None) -> Iterator[list[Account]]:
    """The accounts of a big partner, in the table with what the index holds of them and no more.

    moto ends a page of an index by the size of the rows in the table; so these rows are as small as the index's. A
    tenth of 10,000 with pages of a tenth of a megabyte are as many pages in a tenth of the time.
    """
    reset_aws()
    partner_id, profile_id = new_id("prt", at=NOW), new_id("bp", at=NOW)
    accounts = list(varied_accounts(1_000, partner_id=partner_id, profile_id=profile_id, now=NOW))
    puts = [account_rows.put(account, program=agency(), actor="test").row for account in accounts]
    rows = [{name: held[name] for name in INDEX} for held in (row.to_dynamodb_dict() for row in puts)]
    dynamodb, table = boto3.client("dynamodb"), settings().accounts_table
    for begin in range(0, len(rows), 25):
        batch = [{"PutRequest": {"Item": row}} for row in rows[begin : begin + 25]]
        dynamodb.batch_write_item(RequestItems={table: batch})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(moto.dynamodb.models.table, "RESULT_SIZE_LIMIT", 100_000)
        yield accounts


def pages(accounts: list[Account], question: Question, *, limit: int = 100, most: int = 3) -> list[list[Account]]:
    """The first pages of an answer."""
    found: list[list[Account]] = []
    start: dict[str, Any] | None = None
    while len(found) < most:
        page, start = list_accounts(
            partner_id=accounts[0].partner_id, question=question, limit=limit, start=start, now=NOW
        )
        found.append(page)
        if start is None:
            break
    return found


def test_the_default_view_is_one_request(many: list[Account]) -> None:
    with requests_counted() as asked:
        first, second, _ = pages(many, Question(), limit=50)

    assert asked == ["Query accounts"] * 3
    oldest = sorted(many, key=lambda account: account.created_at)
    assert [account.id for account in first + second] == [account.id for account in oldest[:100]]


@pytest.mark.parametrize(("sort", "descending"), [(Sort.NAME, False), (Sort.PLAN_SIZE, True), (Sort.EXPIRES_AT, False)])
def test_any_order_is_three_requests_a_page(many: list[Account], sort: Sort, descending: bool) -> None:
    with requests_counted() as asked:
        first, second = pages(many, Question(sort=sort, descending=descending), most=2)

    assert asked == ["Query accounts"] * 6
    ordered = sorted(many, key=lambda account: place(account, sort), reverse=descending)
    assert [account.id for account in first + second] == [account.id for account in ordered[:200]]


@pytest.mark.parametrize(
    "filters",
    [
        Filters(q="no such thing"),
        Filters(q="ACME", plan=("plus",), country=("DE",), single_bill=False),
        Filters(metadata={"team": "red"}, expires_to=NOW + timedelta(days=3)),
    ],
    ids=["nothing", "some", "metadata"],
)
def test_any_filter_is_three_requests_a_page(many: list[Account], filters: Filters) -> None:
    with requests_counted() as asked:
        (page,) = pages(many, Question(filters), most=1)

    assert asked == ["Query accounts"] * 3
    chosen = [each for each in many if matches(each, filters) and has_metadata(each, filters.metadata)]
    if filters.bound_ends:
        chosen = [each for each in chosen if ends_within(ends_at(each), filters, time_zone=each.time_zone)]
    assert {account.id for account in page} == {account.id for account in chosen}


def test_a_search_reads_only_accounts_that_have_the_text(many: list[Account], monkeypatch: pytest.MonkeyPatch) -> None:
    unpack, read = summaries.unpack, list[str]()
    monkeypatch.setattr(summaries, "unpack", lambda packed, *, id, **of: read.append(id) or unpack(packed, id=id, **of))

    assert pages(many, Question(Filters(q="no such thing"), sort=Sort.NAME)) == [[]]
    assert read == []
    (page, *_) = pages(many, Question(Filters(q="ACME-delta"), sort=Sort.NAME))
    assert 0 < len(page) == len(read) < 20


def test_an_order_works_out_only_what_it_goes_by(many: list[Account], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a thousand accounts; only the fifty on the page have every field."""
    field_of, looked_at = summaries._field_of, Counter[str]()
    monkeypatch.setattr(summaries, "_field_of", lambda data, name: looked_at.update([name]) or field_of(data, name))

    for sort, fields in (
        (Sort.NAME, dict[str, int]()),
        (Sort.PLAN_SIZE, {"plan": 1_000}),
        (Sort.EXPIRES_AT, {"anchor": 1_000, "frequency": 1_000 + 50}),
    ):
        looked_at.clear()
        pages(many, Question(sort=sort), limit=50, most=1)
        assert {name: times for name, times in looked_at.items() if times > 50} == fields


class TestAtAGlance:
    """What a list shows, held against the accounts themselves; more of that in tests/books.py."""

    @pytest.fixture
    def world(self, aws: None) -> World:
        return World()

    def listed(self, world: World) -> tuple[list[Account], list[str]]:
        with requests_counted() as asked:
            page, _ = list_accounts(
                partner_id=world.partner_id, question=Question(), limit=100, start=None, now=world.now
            )
        return page, asked

    def test_renewals_and_reminders_write_nothing_to_the_index(self, world: World) -> None:
        account = world.create()
        before = raw_account(account.id).summary

        world.advance(days=62)

        assert world.account(account.id).charges == 3
        assert raw_account(account.id).summary == before
        (shown,), asked = self.listed(world)
        assert AccountShape.of(shown, now=world.now) == AccountShape.of(world.account(account.id), now=world.now)
        assert asked == ["Query accounts"]

    def test_a_renewal_under_way_is_read_from_the_account(self, world: World) -> None:
        account = world.create()
        before = world.account(account.id).period
        world.now = first_instant(before.end, account.time_zone)

        (shown,), asked = self.listed(world)

        assert asked == ["Query accounts", "BatchGetItem accounts"]
        assert shown.period == before
        world.run_schedules()
        (shown,), _ = self.listed(world)
        assert shown == world.account(account.id)
        assert shown.period.start == before.end

    def test_long_metadata_is_read_from_the_account_and_filtered_by(self, world: World) -> None:
        long = {f"key-{number}": "🦊" * 400 for number in range(20)}
        fox = world.create(plan=TRIAL, metadata=long)
        world.advance(days=1)
        world.create(plan=TRIAL)

        (first, second), asked = self.listed(world)

        assert (first.metadata, second.metadata) == (long, {})
        assert asked == ["Query accounts", "BatchGetItem accounts"]
        question = Question(Filters(metadata={"key-7": "🦊" * 400}))
        page, _ = list_accounts(partner_id=world.partner_id, question=question, limit=9, start=None, now=world.now)
        assert [account.id for account in page] == [fox.id]
        page, _ = list_accounts(
            partner_id=world.partner_id, question=Question(), limit=9, start=None, in_full=False, now=world.now
        )
        assert len(page) == 2

    def test_a_pending_account_is_in_no_list(self, world: World) -> None:
        shown = world.create(plan=TRIAL)
        pending = replace(shown, id="acct_PENDING", name="pending", status=Status.PENDING, version=0)
        commit([account_rows.put(pending, program=agency(), actor=ACTOR)])

        (listed,), _ = self.listed(world)

        assert listed.id == shown.id

    def test_pages_by_the_end_of_periods_hold_while_accounts_renew_between_them(self, world: World) -> None:
        """The clock of the first page orders the others, else who renews would jump over whom was not yet shown."""
        ids = []
        for _ in range(4):
            ids.append(world.create().id)
            world.advance(days=1)
        question = Question(sort=Sort.EXPIRES_AT, descending=True)

        def page(start: dict[str, Any] | None) -> tuple[list[str], dict[str, Any] | None]:
            found, last = list_accounts(
                partner_id=world.partner_id, question=question, limit=2, start=start, now=world.now
            )
            return [account.id for account in found], last

        first, last = page(None)
        world.advance(days=28)
        rest, _ = page(last)

        assert first + rest == ids[::-1]
