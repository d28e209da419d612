"""Daily watches that find nothing new, taken without stopping the clock for them.

On most days a partner's daily watch announces nothing and only sets its alarm to the next day. The time machine takes
such days by the product's own functions, at the times they fall due, in a process of its own: the product reads its
settings from the process's environment. The first day on which a function would write anything else than the next
alarm gets a real stop, and nothing of it is written here.
"""

import heapq
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch

from infra.local.deployed import DeployedStack
from infra.local.emulator import CREDENTIALS
from infra.package import PROJECT

SWEEP = "prepaid"
ACTOR = "schedule:prepaid"

Watches = Iterable[tuple[datetime, str]]
"""When each partner's next watch falls due, and the partner."""


class QuietWatches:
    """The process that takes quiet watches of a stack, as a context manager; it starts when it is first needed."""

    def __init__(self, deployed: DeployedStack) -> None:
        self._deployed = deployed
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.communicate()  # closes its input, which ends it

    def pass_over(self, watches: Watches, *, until: datetime) -> None:
        """Take the watches before `until`, up to the first that announces something or fails: that one stays due."""
        if self._process is None:
            self._process = self._started()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        question = {"watches": [(at.isoformat(), partner_id) for at, partner_id in watches], "until": until.isoformat()}
        print(json.dumps(question), file=self._process.stdin, flush=True)
        self._process.stdout.readline()  # empty if the process has ended: then each watch gets its stop

    def _started(self) -> "subprocess.Popen[str]":
        settings = {**CREDENTIALS, "AWS_ENDPOINT_URL": self._deployed.endpoint, **self._deployed.environment}
        return subprocess.Popen(
            [sys.executable, "-m", "infra.local.quiet_watches"],
            cwd=PROJECT,
            env={**os.environ, **settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )


def take_quiet_watches(watches: Watches, *, until: datetime) -> datetime | None:
    """Take the watches before `until` in order; the time of the first that is not quiet, which stays due."""
    from chalicelib.models import watches as watch_rows

    waiting = list(watches)
    heapq.heapify(waiting)
    while waiting and waiting[0][0] < until:
        at, partner_id = waiting[0]
        if not _is_quiet(partner_id, at=at):
            return at
        watch = watch_rows.get(partner_id)
        if watch is None or watch.due_at <= at:
            return at
        heapq.heapreplace(waiting, (watch.due_at, partner_id))
    return None


class _News(BaseException):
    """A watch is about to write more than its next alarm. Not an Exception: no handler on the way may catch it."""


def _is_quiet(partner_id: str, *, at: datetime) -> bool:
    """Do what the worker does for a partner's watch; False, and nothing is written, if it has news or fails."""
    from chalicelib.services import top_ups, watch

    try:
        with _writing_only_alarms():
            watch.look(partner_id=partner_id, now=at, actor=ACTOR)
            top_ups.run(payer=partner_id, now=at, actor=ACTOR)
    except (_News, Exception):
        return False  # the worker will do it again, and log what fails
    return True


@contextmanager
def _writing_only_alarms() -> Iterator[None]:
    """Raise _News for any other write than that of a watch without an event.

    All the product's changes go through one function, so that is the one to stand in for.
    """
    from chalicelib.models import transactions
    from chalicelib.models.watches import WatchRow

    write = transactions._write

    def write_alarms(writes: Sequence[Any]) -> None:
        for each in writes:
            if not (isinstance(each, transactions.Put) and isinstance(each.row, WatchRow) and not each.row.event):
                raise _News
        write(writes)

    with patch.object(transactions, "_write", write_alarms):
        yield


def main() -> None:
    """The process: a question on each line of its input, an answer on each line of its output."""
    for line in sys.stdin:
        question = json.loads(line)
        watches = [(datetime.fromisoformat(at), partner_id) for at, partner_id in question["watches"]]
        tells_at = take_quiet_watches(watches, until=datetime.fromisoformat(question["until"]))
        print(json.dumps(tells_at and tells_at.isoformat()), flush=True)


if __name__ == "__main__":
    main()
