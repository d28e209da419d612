"""Move the clock from alarm to alarm, running at each what the schedules of a real stack would run.

Only this machine reads all alarms in one scan of the due index; the product queries shard by shard.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from infra.local import quiet_checks
from infra.local.clock import StackClock, shown
from infra.local.deployed import DeployedStack
from infra.local.emulator import REGION
from infra.local.publication import Publication
from infra.local.quiet_checks import QuietChecks

SWEEPS = {
    "renewals": "SweepRenewals",
    "trials": "SweepTrials",
    "prepaid": "SweepPrepaid",
    "deliveries": "SweepDeliveries",
}
HEALING = "Heal"
PARKED = "stuck"
"""Where the alarms of subjects are that broke the worker: no schedule runs for them."""
MOMENT = timedelta(seconds=1)
"""Alarms are at whole seconds."""

POLL_SECONDS = 0.005
DRAIN_SECONDS = 30
DELIVER_SECONDS = 300  # a webhook's receiver that hangs takes ten seconds for each ten deliveries
TRIES = 4  # without progress; the first is the sweeps, the others are the healing run
ROUNDS = 500  # with progress, at one stop


class ScheduleFailed(Exception):
    """A scheduled function raised."""


class StillDue(Exception):
    """Alarms stay due, whatever runs."""


@dataclass(frozen=True, order=True)
class Alarm:
    """When something falls due, in which sweep, and the ID of what falls due."""

    at: datetime
    sweep: str
    subject: str

    def __str__(self) -> str:
        return f"{self.subject} ({self.sweep}, due {shown(self.at)})"


class Schedules:
    """The schedules, alarms and queues of a deployed stack. What is parked when this is made is left alone."""

    def __init__(self, deployed: DeployedStack) -> None:
        self._stack = deployed
        self._left_alone: frozenset[Alarm] = frozenset()
        self._left_alone = frozenset(alarm for alarm in self.alarms() if alarm.sweep == PARKED)
        self._queues = {
            deployed.outputs["DueQueueUrl"]: DRAIN_SECONDS,
            deployed.outputs["DeliveriesQueueUrl"]: DELIVER_SECONDS,
        }

    def alarms(self) -> list[Alarm]:
        """All alarms that are not left alone, the earliest first."""
        scan = self._stack.dynamodb.get_paginator("scan")
        tables = (self._stack.environment[name] for name in ("ACCOUNTS_TABLE", "DELIVERIES_TABLE"))
        pages = (page for table in tables for page in scan.paginate(TableName=table, IndexName="due"))
        return sorted({_alarm(item) for page in pages for item in page["Items"]} - self._left_alone)

    def run_sweeps(self, sweeps: Iterable[str], *, at: datetime) -> None:
        """Run the schedules of these sweeps as EventBridge would."""
        for sweep in sorted(set(sweeps) & SWEEPS.keys()):
            self._run(SWEEPS[sweep], at=at)

    def heal(self, *, at: datetime) -> None:
        """Run the schedule that sends everything that is still due."""
        self._run(HEALING, at=at)

    def drained(self) -> bool:
        """Wait until the queues are empty and no message is being handled; False if that takes too long."""
        return all(self._is_drained(queue, seconds) for queue, seconds in self._queues.items())

    def _is_drained(self, queue: str, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self._messages(queue):
                return True
            time.sleep(POLL_SECONDS)
        return False

    def _messages(self, queue: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._stack.queues.get_queue_attributes(QueueUrl=queue, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def _run(self, function: str, *, at: datetime) -> None:
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": "000000000000",
            "time": shown(at),
            "region": REGION,
            "resources": [f"arn:aws:events:{REGION}:000000000000:rule/{function}"],
            "detail": {},
        }
        answer = self._stack.functions.invoke(
            FunctionName=self._stack.outputs[function], Payload=json.dumps(event).encode()
        )
        said = answer["Payload"].read().decode()
        if answer.get("FunctionError"):
            raise ScheduleFailed(f"{function} failed: {said}")


def travel(
    *,
    schedules: Schedules,
    publication: Publication,
    quiet: QuietChecks,
    clock: StackClock,
    target: datetime,
    on_stop: Callable[[datetime], None],
) -> int:
    """Move the clock from alarm to alarm up to `target`, and let the stack handle each; returns the number of stops.

    The clock stays at a stop until what happened is published, so that mails go out on the right day. It does not stop
    for balance checks that announce nothing.
    Raises StillDue when something stays due however often the schedules run, or is parked on the way; NotPublished.
    """
    stops = 0
    for instant in _stops(schedules, quiet, clock, target):
        publication.wait_until_published()
        stops += 1
        on_stop(instant)
    publication.wait_until_published()
    if clock.now() < target:
        clock.move_to(target)
    return stops


def _stops(schedules: Schedules, quiet: QuietChecks, clock: StackClock, target: datetime) -> Iterator[datetime]:
    """Each instant the clock stops at, once nothing is due any more."""
    alarms = _after_quiet_checks(schedules, schedules.alarms(), quiet, clock=clock, target=target)
    while alarms and alarms[0].at <= max(target, clock.now()):
        instant = alarms[0].at
        if instant > clock.now():
            clock.move_to(instant)
        alarms = _run_until_nothing_is_due(schedules, alarms, clock=clock)
        yield instant
        alarms = _after_quiet_checks(schedules, alarms, quiet, clock=clock, target=target)


def _after_quiet_checks(
    schedules: Schedules, alarms: list[Alarm], quiet: QuietChecks, *, clock: StackClock, target: datetime
) -> list[Alarm]:
    """The alarms that remain after quiet checks before the next stop and up to `target` ran without a stop."""
    if not alarms or alarms[0].sweep != quiet_checks.SWEEP or not clock.now() < alarms[0].at <= target:
        return alarms
    stops = [alarm.at for alarm in alarms if alarm.sweep != quiet_checks.SWEEP]
    until = min(stops[0], target + MOMENT) if stops else target + MOMENT
    checks = [(alarm.at, alarm.subject) for alarm in alarms if alarm.sweep == quiet_checks.SWEEP]
    quiet.run_until(checks, until=until)
    return schedules.alarms()


def _run_until_nothing_is_due(schedules: Schedules, alarms: list[Alarm], *, clock: StackClock) -> list[Alarm]:
    """Run the schedules until nothing is due; returns the alarms that remain."""
    tries = 0
    for _ in range(ROUNDS):
        due = _due(alarms, clock)
        if not due:
            return alarms
        if tries == TRIES:
            raise StillDue(_complaint("Still due, although every schedule ran and healing too", due))
        if tries == 0:
            schedules.run_sweeps((alarm.sweep for alarm in due), at=clock.now())
        else:
            schedules.heal(at=clock.now())
        if not schedules.drained():
            raise StillDue(_complaint("The worker failed; its message waits to be retried", due))
        alarms = schedules.alarms()
        tries = tries + 1 if due == _due(alarms, clock) else 0
    raise StillDue(_complaint(f"Something new fell due in each of {ROUNDS} rounds", due))


def _due(alarms: list[Alarm], clock: StackClock) -> list[Alarm]:
    now = clock.now()
    return [alarm for alarm in alarms if alarm.at <= now]


def _complaint(what: str, due: list[Alarm]) -> str:
    listed = "\n".join(f"  {alarm}" for alarm in due)
    return f"{what}. See .local/ministack.log for the reason:\n{listed}"


def _alarm(item: dict[str, dict[str, str]]) -> Alarm:
    return Alarm(
        at=datetime.fromisoformat(item["due_at"]["S"]),
        sweep=item["due_shard"]["S"].partition("#")[0],
        subject=item["id"]["S"],
    )
