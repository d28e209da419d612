"""Processes charge what they let through to a bucket that they share (docs/rules.md §8)."""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest

from benchmarks.recorder import Recorder
from chalicelib.domain.request_limits import Bucket, RequestLimit, Tally, TooManyRequests
from chalicelib.models import request_limits as bucket_rows
from chalicelib.services import request_limits
from chalicelib.services.request_limits import LimitUnknown
from tests.builders import NOW
from tests.counting import requests_counted

pytestmark = pytest.mark.usefixtures("aws")

LIMIT = RequestLimit(rate=50, burst=100, each="one API key")
FEW = RequestLimit(rate=1, burst=4, each="one API key")
"""So few that each request is charged."""


@dataclass
class Process:
    """A process of the API: what it remembers is its own."""

    patch: pytest.MonkeyPatch
    tallies: OrderedDict[str, Tally] = field(default_factory=OrderedDict)

    def ask(self, key_id: str = "key_1", *, limit: RequestLimit = LIMIT, now: datetime = NOW) -> bool:
        """Whether a request with a key passes."""
        self.patch.setattr(request_limits, "_tallies", lambda: self.tallies)
        try:
            request_limits.count_by_key(key_id, limit=limit, now=now)
        except TooManyRequests:
            return False
        return True

    def call(self, source: str, *, route: str = "GET /public/session", limit: RequestLimit = FEW) -> bool:
        """Whether a request from an address passes."""
        self.patch.setattr(request_limits, "_tallies", lambda: self.tallies)
        try:
            request_limits.count_by_address(source, route=route, limit=limit, now=NOW)
        except TooManyRequests:
            return False
        return True


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Process:
    return Process(monkeypatch)


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Process:
    return Process(monkeypatch)


def stored() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = boto3.client("dynamodb").scan(TableName="sublet-guards")["Items"]
    return rows


def test_seven_requests_cost_nothing_and_the_eighth_one_write(process: Process) -> None:
    with requests_counted() as first:
        assert all(process.ask() for _ in range(7))
    with requests_counted() as eighth:
        assert process.ask()
    with requests_counted() as next_eight, Recorder().open() as seen:
        assert all(process.ask() for _ in range(8))

    assert (first, eighth, next_eight) == ([], ["GetItem guards", "PutItem guards"], ["PutItem guards"])
    assert seen.written == {("sublet-guards", ""): 1}


def test_processes_share_a_bucket_and_let_through_no_more_than_it_holds(process: Process, other: Process) -> None:
    passed = [each.ask(limit=FEW) for _ in range(5) for each in (process, other)]

    assert passed == [True] * 4 + [False] * 6
    assert [process.ask(limit=FEW, now=NOW + timedelta(seconds=1)), other.ask(limit=FEW, now=NOW)] == [True, False]


def test_a_bucket_that_another_process_wrote_is_read_again(process: Process, other: Process) -> None:
    process.ask(limit=FEW), other.ask(limit=FEW)

    with requests_counted() as asked:
        process.ask(limit=FEW)

    assert asked == ["PutItem guards", "GetItem guards", "PutItem guards"]
    assert bucket_rows.get("requests#key_1").version == 3


def test_a_refused_key_that_goes_on_costs_nothing(process: Process) -> None:
    while process.ask(limit=FEW):
        pass

    with requests_counted() as asked:
        assert not any(process.ask(limit=FEW) for _ in range(20))

    assert asked == []


def test_each_key_and_each_route_of_an_address_has_a_bucket_of_its_own(process: Process) -> None:
    while process.ask(limit=FEW):
        pass
    while process.call("192.0.2.7"):
        pass

    assert process.ask("key_2", limit=FEW)
    assert process.call("192.0.2.8")
    assert process.call("192.0.2.7", route="POST /public/login")


def test_addresses_of_one_ipv6_network_share_a_bucket(process: Process) -> None:
    passed = [process.call(f"2001:db8:1:2::{number:x}") for number in range(6)]

    assert passed == [True] * 4 + [False] * 2
    assert process.call("2001:db8:1:3::1")


def test_a_row_shows_no_address_and_expires_an_hour_after_its_bucket_is_full(process: Process) -> None:
    process.call("192.0.2.7")

    (row,) = stored()

    assert "192.0.2.7" not in str(row)
    assert row["id"]["S"].startswith("requests GET /public/session#")
    assert row["full_at"]["S"] == "2026-01-31T15:00:01.000000Z"
    assert int(row["expires_at"]["N"]) == (NOW + timedelta(hours=1, seconds=1)).timestamp()


def test_addresses_that_ask_once_leave_no_row_and_little_in_memory(process: Process) -> None:
    limit = RequestLimit(rate=10, burst=50, each="one network address and route")

    assert all(process.call(f"192.0.{number // 250}.{number % 250}", limit=limit) for number in range(1_100))

    assert (stored(), len(process.tallies)) == ([], 1_000)


def test_without_the_table_requests_pass_and_it_is_left_alone_for_five_seconds(process: Process) -> None:
    boto3.client("dynamodb").delete_table(TableName="sublet-guards")

    with pytest.raises(LimitUnknown):
        process.ask(limit=FEW)
    with requests_counted() as asked:
        assert all(process.ask(limit=FEW, now=NOW + timedelta(seconds=4)) for _ in range(20))
    assert asked == []
    with pytest.raises(LimitUnknown):
        process.ask(limit=FEW, now=NOW + timedelta(seconds=5))


def test_without_the_master_key_public_requests_pass(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.config import settings

    monkeypatch.setenv("MASTER_KEY_PARAMETER", "/nowhere")
    settings.cache_clear()

    with pytest.raises(LimitUnknown):
        process.call("192.0.2.7")


def test_a_request_that_never_gets_its_turn_is_refused(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket_rows, "put", lambda bucket: None)
    tried: list[str] = []
    monkeypatch.setattr(bucket_rows, "get", lambda id: tried.append(id) or Bucket(id))

    assert not process.ask(limit=FEW)
    assert len(tried) == 6
