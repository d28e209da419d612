"""Daily balance checks that find nothing new, run without stopping the clock for them.

On most days a partner's balance check announces nothing and only sets its alarm to the next day. The time machine runs
such checks with the product's own functions, at the times they fall due, in a process of their own: the product reads
its settings from the process's environment. The first check that would write anything but the next alarm writes nothing
here and gets a real stop.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch

from infra.local.deployed import DeployedStack
from infra.local.emulator import CREDENTIALS
from infra.package import PROJECT

SWEEP = "prepaid"
ACTOR = "schedule:prepaid"
DAY = timedelta(days=1)

Checks = Iterable[tuple[datetime, str]]
"""When each partner's next balance check falls due, and the partner."""


class QuietChecks:
    """The process that runs the quiet checks of a stack, as a context manager. It starts when it is first needed."""

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

    def run_until(self, checks: Checks, *, until: datetime) -> None:
        """Run each partner's checks before `until`, up to the first that has news or fails: that one stays due."""
        if self._process is None:
            self._process = self._started()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        question = {"checks": [(at.isoformat(), partner_id) for at, partner_id in checks], "until": until.isoformat()}
        print(json.dumps(question), file=self._process.stdin, flush=True)
        self._process.stdout.readline()  # empty if the process has ended: then each check gets its stop

    def _started(self) -> "subprocess.Popen[str]":
        settings = {**CREDENTIALS, "AWS_ENDPOINT_URL": self._deployed.endpoint, **self._deployed.environment}
        return subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=PROJECT,
            env={**os.environ, **settings},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )


def run_quiet_checks(partner_id: str, *, first: datetime, until: datetime) -> datetime | None:
    """Run a partner's checks from `first` to before `until`; the time of the first with news, which stays due.

    Between two stops only the date changes, and with it a check looks further ahead: what it would announce on one day,
    it would announce on each later day too. So if the last is quiet, all are, and a binary search finds the first with
    news. The first check is always run: it sees what changed at the stop before it.
    """
    if not _is_quiet(partner_id, at=first):
        return first
    quiet, news = (
        0,
        -(-(until - first) // DAY),
    )  # days after `first`; `news`: the first with news, or `until`
    ask = news - 1
    while ask > quiet:
        if _is_quiet(partner_id, at=first + ask * DAY):
            quiet = ask
        else:
            news = ask
        ask = (quiet + news) // 2
    return first + news * DAY if first + news * DAY < until else None


class _News(BaseException):
    """A check is about to write more than its next alarm. Not an Exception: no handler on the way may catch it."""


def _is_quiet(partner_id: str, *, at: datetime) -> bool:
    """Do what the worker does for a partner's check; if it has news or fails, write nothing and return False."""
    from chalicelib.models.transactions import commit
    from chalicelib.services.wallet import balance_alerts, top_ups

    try:
        with _keeping_back_alarms() as alarms:
            balance_alerts.run_daily_check(partner_id=partner_id, now=at, actor=ACTOR)
            top_ups.top_up_if_low(payer=partner_id, now=at, actor=ACTOR)
        for alarm in alarms:
            commit([alarm])
    except (_News, Exception):
        return False  # the worker will do it again, and log what fails
    return True


@contextmanager
def _keeping_back_alarms() -> Iterator[list[Any]]:
    """Write nothing: keep back the writes of checks without an event, and raise _News for any other.

    All changes of the product go through one function, which is replaced meanwhile.
    """
    from chalicelib.models import transactions
    from chalicelib.models.wallet.balance_checks import BalanceCheckRow

    alarms: list[Any] = []

    def keep_back(writes: Sequence[Any]) -> None:
        for each in writes:
            if not (
                isinstance(each, transactions.Put) and isinstance(each.row, BalanceCheckRow) and not each.row.event
            ):
                raise _News
            alarms.append(each)

    with patch.object(transactions, "_write", keep_back):
        yield alarms


def main() -> None:
    """The process: a question on each line of its input, an answer on each line of its output."""
    for line in sys.stdin:
        question = json.loads(line)
        until = datetime.fromisoformat(question["until"])
        for at, partner_id in question["checks"]:
            first = datetime.fromisoformat(at)
            if first < until:
                run_quiet_checks(partner_id, first=first, until=until)
        print("done", flush=True)


if __name__ == "__main__":
    main()
