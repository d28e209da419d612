"""Publish events again: `python -m infra.events replay` and `… rebuild`, after an outage of the streams.

`replay` sends the events of a span of time once more to the vendor's bus, to webhooks and as notices. They keep their
IDs, so that receivers can ignore those they know; a notice that was sent, or is out of date, is not sent.

`rebuild` looks for changes that never became events, because a stream lost them, and publishes them from the rows. It
finds the last change of each row only: earlier ones are lost, and the event does not show the state before the change.

Exit code 0: done. 1: not everything was accepted; run it again. 2: nothing was done.
"""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from rich.console import Console

from infra.commands import DONE, NotDone, instant, parser_of, run, stack_of, stack_options
from infra.stacks import stack_outputs

if TYPE_CHECKING:
    from chalicelib.domain.events.events import Event

T = TypeVar("T")

NOT_ACCEPTED = 1

STILL_COMING = timedelta(minutes=5)
"""Changes younger than this may be on their way in the streams."""
BATCH = 50
"""Changes sent in one call of a function."""
SOURCES = (
    "ACCOUNTS_TABLE",
    "PARTNERS_TABLE",
    "API_KEYS_TABLE",
    "BILLING_PROFILES_TABLE",
    "LEDGER_TABLE",
    "EARNINGS_TABLE",
    "SUPPRESSIONS_TABLE",
    "SETUPS_TABLE",
    "ACCESS_TABLE",
    "PEOPLE_TABLE",
    "WEBHOOKS_TABLE",
)
"""The tables whose changes become events, by the variables that name them."""

Invoke = Callable[[str, dict[str, Any]], Any]
"""Calls a function, by the template's name, with an event; what it returns."""


class NotAccepted(Exception):
    """A function did not accept what it was given."""


@dataclass
class PublishedEvents:
    """How many events were published, or would be, by type."""

    types: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> str:
        """On one line, for scripts."""
        return json.dumps({"events": self.types.total(), "types": dict(sorted(self.types.items()))})


def replay(*, since: datetime, until: datetime, partner: str | None, invoke: Invoke | None) -> PublishedEvents:
    """Dispatch the events of a span again, in order; without `invoke` only count them. Raises NotAccepted."""
    found = sorted(_events(since, until, partner), key=lambda item: str(item["id"]["S"]))
    counts = PublishedEvents(Counter(item["type"]["S"] for item in found))
    if invoke is not None:
        table = os.environ["EVENTS_TABLE"]
        for batch in _batches(found):
            answer = invoke("SpreadEvents", {"Records": [_record(table, item) for item in batch]})
            if answer["batchItemFailures"]:
                raise NotAccepted("Not every event was accepted. See the log of spread_events, then run this again.")
    return counts


def rebuild(*, since: datetime, until: datetime, partner: str | None, invoke: Invoke | None) -> PublishedEvents:
    """Publish changes of a span that never became events; without `invoke` only count them."""
    missing = list(_missing(_changes(since, until, partner)))
    if invoke is not None:
        for batch in _batches(missing):
            invoke("PublishChanges", {"Records": [_record(table, image) for table, image, _ in batch]})
    return PublishedEvents(Counter(event.type for _, _, event in missing))


Change = tuple[str, dict[str, Any], "Event"]
"""A table, one of its rows as it is now, and an event of its last change."""


def _events(since: datetime, until: datetime, partner: str | None) -> Iterator[dict[str, Any]]:
    for item in _scan(os.environ["EVENTS_TABLE"]):
        if partner in (None, item["partner_id"]["S"]) and since <= datetime.fromisoformat(item["at"]["S"]) < until:
            yield item


def _changes(since: datetime, until: datetime, partner: str | None) -> Iterator[Change]:
    from chalicelib.services.events import event_log

    for table in (os.environ[name] for name in SOURCES):
        for image in _scan(table):
            for event in event_log.events_of(table, None, image):
                if since <= event.at < until and partner in (None, event.partner_id):
                    yield table, image, event


def _missing(changes: Iterator[Change]) -> Iterator[Change]:
    """Those of the changes that are not in the event log."""
    from chalicelib.models.events.events import EventRow

    for batch in _batches(list(changes)):
        logged = {row.id for row in EventRow.batch_get([(event.partner_id, event.id) for _, _, event in batch])}
        yield from (change for change in batch if change[2].id not in logged)


def _scan(table: str) -> Iterator[dict[str, Any]]:
    for page in boto3.client("dynamodb").get_paginator("scan").paginate(TableName=table):
        yield from page["Items"]


def _record(table: str, image: dict[str, Any]) -> dict[str, Any]:
    """A change as a stream delivers it, but without a position in a stream."""
    return {
        "eventName": "INSERT",
        "eventSourceARN": f"arn:aws:dynamodb:::table/{table}/stream/none",
        "dynamodb": {"NewImage": image},
    }


def _batches(items: list[T]) -> Iterator[list[T]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))


def invoker(stack: str) -> Invoke:
    """Calls the functions of a deployed stack."""
    outputs = stack_outputs(boto3.client("cloudformation"), stack)
    functions = boto3.client("lambda")

    def invoke(function: str, event: dict[str, Any]) -> Any:
        answer = functions.invoke(FunctionName=outputs[function], Payload=json.dumps(event).encode())
        response = answer["Payload"].read().decode()
        if answer.get("FunctionError"):
            raise NotAccepted(f"{function} failed: {response}")
        return json.loads(response)

    return invoke


def main(argv: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    return run(arguments, _publish)


def _publish(arguments: argparse.Namespace) -> int:
    from chalicelib.api import clock

    until = arguments.until or clock.now() - STILL_COMING
    if arguments.since >= until:
        raise NotDone("--since must be before --until (by default five minutes ago, by the stack's clock).")
    invoke = None if arguments.dry_run else invoker(stack_of(arguments))
    try:
        counts = arguments.act(since=arguments.since, until=until, partner=arguments.partner, invoke=invoke)
    except NotAccepted as problem:
        Console(stderr=True, highlight=False).print(str(problem), style="red", markup=False, soft_wrap=True)
        return NOT_ACCEPTED
    if arguments.json:
        print(counts.to_json())
    else:
        _print_counts(counts, dry_run=arguments.dry_run, console=Console(highlight=False))
    return DONE


def _print_counts(counts: PublishedEvents, *, dry_run: bool, console: Console) -> None:
    for type_, number in sorted(counts.types.items()):
        console.print(f"{number:>8,}  {type_}")
    console.print(f"{counts.types.total():>8,}  events {'would be published' if dry_run else 'published'}")


def _parser() -> argparse.ArgumentParser:
    parser = parser_of("infra.events", __doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, act, what in (
        ("replay", replay, "publish the events of a span of time again"),
        ("rebuild", rebuild, "publish changes that never became events"),
    ):
        command = commands.add_parser(name, parents=[stack_options()], help=what, description=what.capitalize() + ".")
        command.add_argument(
            "--since", type=instant, required=True, metavar="TIME", help="such as 2027-01-31T00:00:00Z"
        )
        command.add_argument("--until", type=instant, metavar="TIME", help="default: five minutes ago")
        command.add_argument("--partner", metavar="ID", help="one partner only")
        command.add_argument("--dry-run", action="store_true", help="count, and publish nothing")
        command.add_argument("--json", action="store_true", help="print the counts as JSON, and nothing else")
        command.set_defaults(act=act)
    return parser


if __name__ == "__main__":
    sys.exit(main())
