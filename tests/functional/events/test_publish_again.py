"""Telling again what happened: the operator's command, through the functions that told it the first time."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.services.events import dispatch
from infra import events as command
from tests.functional.conftest import Api, Partner, table_rows

LONG_AGO, FAR_AHEAD = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def spread(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of events as they were spread."""
    ids: list[str] = []
    monkeypatch.setattr(dispatch, "_channels", lambda: (lambda told: ids.extend(event.id for event in told) or set(),))
    return ids


def invoke_by(api: Api) -> command.Invoke:
    return lambda function, event: api.invoke(re.sub(r"(?<!^)([A-Z])", r"_\1", function).lower(), event)


def logged() -> list[str]:
    return sorted(row["id"]["S"] for row in table_rows()["sublet-events"])


def test_events_of_a_span_are_spread_again_in_order_with_their_ids(
    api: Api, partner: Partner, spread: list[str]
) -> None:
    partner.create()
    api.stream()
    first = sorted(spread)
    spread.clear()

    told = command.replay(since=LONG_AGO, until=FAR_AHEAD, partner=partner.id, invoke=invoke_by(api))

    assert spread == first == logged()
    assert told.types.total() == len(first)
    assert command.replay(since=FAR_AHEAD, until=FAR_AHEAD, partner=None, invoke=invoke_by(api)).types == {}
    assert command.replay(since=LONG_AGO, until=FAR_AHEAD, partner="prt_x", invoke=invoke_by(api)).types == {}


def test_what_is_not_taken_is_said(api: Api, partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    api.stream()
    monkeypatch.setattr(dispatch, "_channels", lambda: (lambda told: {told[0].id},))

    with pytest.raises(command.NotAccepted):
        command.replay(since=LONG_AGO, until=FAR_AHEAD, partner=None, invoke=invoke_by(api))


def test_changes_that_no_stream_delivered_are_published_from_the_rows(
    api: Api, partner: Partner, spread: list[str]
) -> None:
    api.stream()
    account = partner.create()
    lost = api.changes()  # and never given to a function
    known = set(logged())

    told = command.rebuild(since=LONG_AGO, until=FAR_AHEAD, partner=None, invoke=invoke_by(api))

    assert lost
    assert told.types == {"account.created": 1, "invoice.paid": 1, "billing_profile.created": 1}
    types = {event["type"] for event in partner.get(f"/v1/accounts/{account['id']}/events")["data"]}
    assert types == {"account.created", "invoice.paid"}
    rebuilt = set(logged()) - known
    api.invoke("publish_changes", {"Records": lost})  # late, but they come
    assert set(logged()) - known == rebuilt
    assert command.rebuild(since=LONG_AGO, until=FAR_AHEAD, partner=None, invoke=invoke_by(api)).types == {}


def test_a_dry_run_tells_nothing(api: Api, partner: Partner, spread: list[str]) -> None:
    before = logged()

    assert command.rebuild(since=LONG_AGO, until=FAR_AHEAD, partner=None, invoke=None).types
    assert command.replay(since=LONG_AGO, until=FAR_AHEAD, partner=None, invoke=None).types == {}

    assert logged() == before
    assert spread == []


def test_every_table_that_tells_is_looked_at() -> None:
    from infra.tables import table_definitions

    telling = {
        table.env_var for table in table_definitions() if "StreamSpecification" in table.create_table_arguments
    } - {"EVENTS_TABLE"}

    assert set(command.SOURCES) == telling


@pytest.mark.parametrize(
    "arguments", [["replay"], ["replay", "--since", "yesterday"], ["rebuild", "--since", "2026-01-01T00:00:00"]]
)
def test_a_span_must_be_said(arguments: list[str], capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)

    assert ended.value.code == 2


def test_help_says_what_is_lost(capsys: Any) -> None:
    with pytest.raises(SystemExit):
        command.main(["--help"])

    assert "the last change of each row only: earlier ones are lost" in capsys.readouterr().out
