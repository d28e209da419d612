"""What a function costs before it can work: its start, and its first event, in CPU beside a bare boto3 client.

    .venv/bin/python -m benchmarks.cold_start --rounds 7

Starts a stack of its own on loopback, so that the first events find what they need: the authorizer a key, the worker
accounts to renew, the API a partner who creates an account. The measured processes import from a package as the
functions do, one after the other in turns, so that a busy machine slows all of them alike. What counts are the ratios;
the CPU is the least of all rounds, since other work can only add to it.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from rich.console import Console
from rich.table import Table

from benchmarks.asking import Caller
from infra.local.clock import StackClock
from infra.local.emulator import CREDENTIALS
from infra.local.stack import LocalStack
from infra.package import compile_modules, package
from infra.stacks import stack_environment

BARE = "bare boto3 client"
FUNCTIONS = {
    "authorizer": "chalicelib.api.authorizer.api_key_authorizer",
    "sweeps": "chalicelib.handlers.schedule.schedules.sweep_trials",  # no trial is due: the worker sleeps on
    "worker": "chalicelib.handlers.schedule.worker.work_due",
    "streams": "chalicelib.handlers.events.streams.publish_changes",
    "deliveries": "chalicelib.handlers.events.deliveries.deliver_webhooks",
    "notices": "chalicelib.handlers.events.notices.send_notices",
    "invoices": "chalicelib.handlers.billing.invoice_pdfs.render_invoice",
    "API": "app.app",
}
SAYS = {"worker": '"paid":1', "API": '"status":201', "sweeps": '"message":"swept"'}
"""What the log of a first event has if it did what it is measured for."""
GOALS = {"authorizer": 1.2, "sweeps": 1.3, "streams": 1.3, "worker": 1.5, "API": 1.8}
PLAN = {
    "pricing_version": "V3",
    "product": "marketing",
    "tier": "plus",
    "contacts": 1000,
    "billing_frequency": "monthly",
}
CHILD = """
import json, resource, sys
def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1000
name, event = sys.argv[1], json.loads(sys.argv[2])
sys.path.insert(0, ".")
if not name:
    import boto3
    boto3.client("dynamodb")
else:
    import importlib
    module, _, handler = name.rpartition(".")
    handle = getattr(importlib.import_module(module), handler)
    from chalicelib import aws
    aws.tables().client
started, modules = cpu(), len(sys.modules)
class Context:
    function_name, aws_request_id, memory_limit_in_mb, invoked_function_arn = "cold", "request", 512, "arn"
    def get_remaining_time_in_millis(self):
        return 20_000_000
answer = handle(event, Context()) if event else None
if event and isinstance(answer, dict) and answer.get("statusCode", 200) not in (200, 201, 403):
    sys.exit(str(answer))
print("\\n" + json.dumps([started, modules, cpu() - started]))
"""


@dataclass(frozen=True)
class Measured:
    """A start, and the first event after it."""

    start_ms: float
    modules: int
    event_ms: float | None
    """None if the stack's own functions had done it already: its schedules run, too."""


def measure(code: Path, handler: str, event: Any, environment: dict[str, str], *, says: str = "") -> Measured:
    """Start a process that imports the code as a function does, and hand it an event; its log then ``says`` this."""
    command = [sys.executable, "-c", CHILD, handler, json.dumps(event)]
    done = subprocess.run(command, cwd=code, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{handler or BARE}: {done.stderr}{done.stdout}")
    start_ms, modules, event_ms = json.loads(done.stdout.strip().rpartition("\n")[2])
    return Measured(start_ms, modules, event_ms if says in done.stdout else None)


class Events:
    """First events of each function, on a deployed stack with a partner and accounts that are due."""

    def __init__(self, stack: LocalStack, *, rounds: int) -> None:
        operator = Caller(stack.base_url, stack.operator_key)
        about = {"program": "agency", "email": "books@agency.example", "country": "US", "time_zone": "America/Chicago"}
        self._partner = operator.ask("POST", "/v1/operator/partners", {"name": "Cold", **about})
        caller = Caller(stack.base_url, self._partner["api_key"]["key"])
        card = {"name": "Company card", "payment_method": "pm_card_visa"}
        self._profile = caller.ask("POST", "/v1/billing-profiles", card)["id"]
        self._names = itertools.count()
        accounts = [caller.ask("POST", "/v1/accounts", self._account()) for _ in range(rounds)]
        self._due = [account["id"] for account in accounts]
        renewal = max(datetime.fromisoformat(account["renews_at"]) for account in accounts)
        StackClock(stack.deployed).move_to(renewal + timedelta(hours=1))

    def of(self, function: str) -> Any:
        """An event that this function has not had yet."""
        makers: dict[str, Callable[[], Any]] = {
            "authorizer": self._authorization,
            "sweeps": self._schedule,
            "worker": self._renewal,
            "API": self._creation,
        }
        return makers[function]() if function in makers else None

    def _account(self) -> dict[str, Any]:
        name = f"cold-{next(self._names)}"
        return {
            "name": name,
            "client": {"name": name, "email": f"owner@{name}.example"},
            "notification_email": "ops@agency.example",
            "country": "US",
            "language": "en",
            "time_zone": "America/Chicago",
            "plan": PLAN,
            "billing_profile_id": self._profile,
        }

    def _authorization(self) -> Any:
        token = f"Bearer {self._partner['api_key']['key']}"
        return {"type": "TOKEN", "authorizationToken": token, "methodArn": "arn:aws:execute-api:us-east-1:1:a/api/GET/"}

    def _schedule(self) -> Any:
        return {
            "source": "aws.events",
            "detail-type": "Scheduled Event",
            "detail": {},
            "resources": [],
            "region": "",
        } | {
            "version": "0",
            "id": "1",
            "account": "1",
            "time": "2026-01-01T00:00:00Z",
        }

    def _renewal(self) -> Any:
        payer = self._partner["id"]
        due = {"payer": payer, "subjects": [self._due.pop()], "sweep": "renewals", "run": "run_1"}
        attributes = {"MessageGroupId": payer}
        return {
            "Records": [{"messageId": "1", "receiptHandle": "1", "body": json.dumps(due), "attributes": attributes}]
        }

    def _creation(self) -> Any:
        key = {"key_id": self._partner["api_key"]["id"], "partner_id": self._partner["id"]}
        context = {"resourcePath": "/v1/accounts", "path": "/v1/accounts", "httpMethod": "POST", "requestId": "1"}
        return {
            "requestContext": context
            | {"identity": {"sourceIp": "127.0.0.1"}, "authorizer": {**key, "scopes": "read write billing"}},
            "headers": {"Content-Type": "application/json"},
            "multiValueQueryStringParameters": None,
            "pathParameters": None,
            "stageVariables": None,
            "body": json.dumps(self._account()),
            "isBase64Encoded": False,
        }


def unpacked(directory: Path) -> Path:
    """The project's code as in a package for this Python, with its bytecode; what else it needs is installed here."""
    made = package(directory, wheels=False)
    compile_modules(made)
    with ZipFile(made.code) as code:
        code.extractall(directory / "code")
    return directory / "code"


def in_turns(code: Path, events: Events, *, rounds: int, environment: dict[str, str]) -> Iterator[tuple[str, Measured]]:
    """Every function's start and first event, this many times."""
    for _ in range(rounds):
        yield BARE, measure(code, "", None, environment)
        for function, handler in FUNCTIONS.items():
            yield function, measure(code, handler, events.of(function), environment, says=SAYS.get(function, ""))


def main() -> int:
    """The command; its exit code is 1 if a start costs more than its goal."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cold_start", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    console = Console(highlight=False)
    found: dict[str, list[Measured]] = {}
    with tempfile.TemporaryDirectory() as home, LocalStack(home=Path(home), progress=console.print) as stack:
        variables = stack_environment(stack.deployed.functions, stack.deployed.outputs)
        environment = {**os.environ, **variables, **CREDENTIALS, "AWS_ENDPOINT_URL": stack.deployed.endpoint}
        with tempfile.TemporaryDirectory() as directory:
            code = unpacked(Path(directory))
            events = Events(stack, rounds=rounds)
            for name, each in in_turns(code, events, rounds=rounds, environment=environment):
                found.setdefault(name, []).append(each)
    return 0 if report(found, console) else 1


def report(found: dict[str, list[Measured]], console: Console) -> bool:
    """Print the table; whether all starts are within their goals."""
    bare = min(each.start_ms for each in found[BARE])
    table = Table("function", "modules", "start, CPU ms", "× bare client", "goal", "first event, CPU ms")
    within = True
    for name, rounds in found.items():
        start = min(each.start_ms for each in rounds)
        event = min((each.event_ms for each in rounds if each.event_ms is not None), default=0)
        goal = GOALS.get(name)
        within = within and (goal is None or start / bare <= goal)
        numbers = (str(rounds[0].modules), f"{start:.0f}", f"{start / bare:.2f}", f"{goal:.1f}" if goal else "")
        table.add_row(name, *numbers, f"{event:.0f}" if event >= 1 else "")
    console.print(table)
    return within


if __name__ == "__main__":
    sys.exit(main())
