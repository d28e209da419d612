"""The time machine's engine: from alarm to alarm, running at each what a real stack's schedules would run.

Reading all alarms in one scan of the due index is for this machine only; the product asks shard by shard.
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
from infra.local.quiet_checks import QuietChecks
from infra.local.telling import Telling

SWEEPS = {
    "renewals": "SweepRenewals",
    "trials": "SweepTrials",
    "prepaid": "SweepPrepaid",
    "deliveries": "SweepDeliveries",
}
HEALING = "Heal"
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
    """Alarms that nothing turns off."""


@dataclass(frozen=True, order=True)
class Alarm:
    """When something falls due, in which sweep, and whose it is."""

    at: datetime
    sweep: str
    subject: str

    def __str__(self) -> str:
        return f"{self.subject} ({self.sweep}, due {shown(self.at)})"


class Schedules:
    """A deployed stack as the time machine drives it."""

    def __init__(self, deployed: DeployedStack) -> None:
        self._stack = deployed
        self._queues = {
            deployed.outputs["DueQueueUrl"]: DRAIN_SECONDS,
            deployed.outputs["DeliveriesQueueUrl"]: DELIVER_SECONDS,
        }

    def alarms(self) -> list[Alarm]:
        """Every alarm there is, the earliest first."""
        scan = self._stack.dynamodb.get_paginator("scan")
        tables = (self._stack.environment[name] for name in ("ACCOUNTS_TABLE", "DELIVERIES_TABLE"))
        pages = (page for table in tables for page in scan.paginate(TableName=table, IndexName="due"))
        return sorted(_alarm(item) for page in pages for item in page["Items"])

    def run_sweeps(self, sweeps: Iterable[str], *, at: datetime) -> None:
        """Run the schedules of these sweeps as EventBridge would. What is parked (`stuck`) has none."""
        for sweep in sorted(set(sweeps) & SWEEPS.keys()):
            self._run(SWEEPS[sweep], at=at)

    def heal(self, *, at: datetime) -> None:
        """Run the schedule that sends whatever is still due."""
        self._run(HEALING, at=at)

    def drained(self) -> bool:
        """Wait until the queues are empty and nobody works on them; False if that takes too long."""
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
    telling: Telling,
    quiet: QuietChecks,
    clock: StackClock,
    target: datetime,
    on_stop: Callable[[datetime], None],
) -> int:
    """Move the clock from alarm to alarm up to `target`, and let the stack work off each; returns the number of stops.

    The clock stays until what happened at a stop is told, so that mails go out on the day they would. It does not stop
    for daily watches that announce nothing.
    Raises StillDue when the stack leaves something due, however often it is asked; Untold.
    """
    stops = 0
    for instant in _stops(schedules, quiet, clock, target):
        telling.settle()
        stops += 1
        on_stop(instant)
    telling.settle()
    if clock.now() < target:
        clock.move_to(target)
    return stops


def _stops(schedules: Schedules, quiet: QuietChecks, clock: StackClock, target: datetime) -> Iterator[datetime]:
    """Each instant the clock stops at, once its alarms are off."""
    alarms = _after_quiet_checks(schedules, schedules.alarms(), quiet, clock=clock, target=target)
    while alarms and alarms[0].at <= max(target, clock.now()):
        instant = alarms[0].at
        if instant > clock.now():
            clock.move_to(instant)
        alarms = _work_off(schedules, alarms, clock=clock)
        yield instant
        alarms = _after_quiet_checks(schedules, alarms, quiet, clock=clock, target=target)


def _after_quiet_checks(
    schedules: Schedules, alarms: list[Alarm], quiet: QuietChecks, *, clock: StackClock, target: datetime
) -> list[Alarm]:
    """The alarms there are after quiet watches before the next stop and up to `target` were taken without one."""
    if not alarms or alarms[0].sweep != quiet_checks.SWEEP or not clock.now() < alarms[0].at <= target:
        return alarms
    stops = [alarm.at for alarm in alarms if alarm.sweep != quiet_checks.SWEEP]
    until = min(stops[0], target + MOMENT) if stops else target + MOMENT
    passed = [(alarm.at, alarm.subject) for alarm in alarms if alarm.sweep == quiet_checks.SWEEP]
    quiet.pass_over(passed, until=until)
    return schedules.alarms()


def _work_off(schedules: Schedules, alarms: list[Alarm], *, clock: StackClock) -> list[Alarm]:
    """Let the stack work until nothing is due; returns the alarms there are then."""
    tries = 0
    for _ in range(ROUNDS):
        due = _due(alarms, clock)
        if not due:
            return alarms
        if tries == TRIES:
            raise StillDue(_complaint("Still due, after every schedule ran and the healing too", due))
        if tries == 0:
            schedules.run_sweeps((alarm.sweep for alarm in due), at=clock.now())
        else:
            schedules.heal(at=clock.now())
        if not schedules.drained():
            raise StillDue(_complaint("The worker failed, and its message waits for another try", due))
        alarms = schedules.alarms()
        tries = tries + 1 if due == _due(alarms, clock) else 0
    raise StillDue(_complaint(f"Always something new is due, {ROUNDS} times over", due))


def _due(alarms: list[Alarm], clock: StackClock) -> list[Alarm]:
    now = clock.now()
    return [alarm for alarm in alarms if alarm.at <= now]


def _complaint(what: str, due: list[Alarm]) -> str:
    listed = "\n".join(f"  {alarm}" for alarm in due)
    return f"{what}; .local/ministack.log tells why:\n{listed}"


def _alarm(item: dict[str, dict[str, str]]) -> Alarm:
    return Alarm(
        at=datetime.fromisoformat(item["due_at"]["S"]),
        sweep=item["due_shard"]["S"].partition("#")[0],
        subject=item["id"]["S"],
    )
