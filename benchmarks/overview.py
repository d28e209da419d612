"""The account overview of a partner with many accounts, requested over HTTP on the deployed stack.

    .venv/bin/python -m benchmarks.overview --accounts 10000

Starts a stack of its own on loopback, makes a partner over HTTP, writes its accounts' rows past the services, asks for
them in many ways, prints what each cost, and ends the stack. Requests to DynamoDB are counted in this process, which
asks the same question of the same tables as the function does; so is its CPU, which a busy machine or a slow emulator
does not change. The clock, which only a sandbox reads, is not counted.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import requests
from rich.console import Console
from rich.table import Table

from benchmarks.bulk import varied_accounts
from chalicelib.api.bodies.accounts.overview import ListAccounts
from infra.local.emulator import CREDENTIALS
from infra.local.stack import LocalStack
from infra.stacks import stack_environment

QUESTIONS = (
    "",
    "limit=100&order=desc",
    "columns=name,status,renews_at",
    "sort=name",
    "sort=plan_size&order=desc",
    "sort=expires_at",
    "status=active&plan=plus",
    "q=no-such-thing",
    "country=DE&add_on=sms&sort=name",
    "expires_to={soon}&sort=expires_at",
    "metadata.team=red",
    "view={view}",
)


class Caller:
    """One key's client of the deployed API."""

    def __init__(self, base_url: str, key: str) -> None:
        self._base_url = base_url
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        response = self._session.request(method, self._base_url + path, json=body, timeout=60)
        if response.status_code not in (200, 201):
            raise SystemExit(f"{method} {path}: {response.status_code} {response.text}")
        return response.json()

    def timed(self, path: str, *, times: int) -> tuple[Any, list[float]]:
        """The answer, and the milliseconds it took each time."""
        took = []
        for _ in range(times):
            began = time.perf_counter()
            answer = self.ask("GET", path)
            took.append((time.perf_counter() - began) * 1000)
        return answer, took


def write(accounts: int, *, partner_id: str, profile_id: str) -> float:
    """Write this many accounts of the partner; returns the seconds it took."""
    from chalicelib.models.accounts import accounts as account_rows
    from chalicelib.models.accounts.accounts import AccountRow
    from chalicelib.programs import program

    began = time.monotonic()
    now = datetime.now(UTC)
    with AccountRow.batch_write() as batch:
        for account in varied_accounts(accounts, partner_id=partner_id, profile_id=profile_id, now=now):
            batch.save(account_rows.put(account, program=program("agency"), actor="benchmark").row)
    return time.monotonic() - began


@contextmanager
def requests_counted() -> Iterator[Counter[str]]:
    """Counts this process's requests to DynamoDB meanwhile, by name."""
    from chalicelib.models.accounts.accounts import AccountRow
    from chalicelib.models.accounts.saved_views import ViewRow

    counted: Counter[str] = Counter()

    def note(model: Any, **_: Any) -> None:
        counted[model.name] += 1

    asking = [row._get_connection().connection.client.meta.events for row in (AccountRow, ViewRow)]
    for events in asking:
        events.register("before-call.dynamodb", note)
    try:
        yield counted
    finally:
        for events in asking:
            events.unregister("before-call.dynamodb", note)


def counted(query: str, *, partner_id: str) -> tuple[Counter[str], float]:
    """The requests that an answer costs, and the milliseconds of this process's CPU."""
    from chalicelib.services.accounts import overview, saved_views

    given: dict[str, Any] = dict(parse_qsl(query))
    metadata = {name.partition(".")[2]: given.pop(name) for name in list(given) if name.startswith("metadata.")}
    asked = ListAccounts.model_validate(given | ({"metadata": metadata} if metadata else {}))
    began = time.process_time()
    with requests_counted() as found:
        if asked.view is not None:
            asked = asked.with_view(saved_views.get_view(partner_id=partner_id, view_id=asked.view).settings)
        overview.list_accounts(
            partner_id=partner_id, question=asked.question(), limit=asked.limit, start=None, now=datetime.now(UTC)
        )
    return found, (time.process_time() - began) * 1000


def main() -> int:
    """The command; its exit code is 1 if an answer cost more than four requests."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overview", description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    console = Console(highlight=False)
    most = 0

    with tempfile.TemporaryDirectory() as home, LocalStack(home=Path(home), progress=console.print) as stack:
        environment = stack_environment(stack.deployed.functions, stack.deployed.outputs)
        os.environ.update({**environment, **CREDENTIALS, "AWS_ENDPOINT_URL": stack.deployed.endpoint})
        partner = {
            "name": "Many",
            "program": "agency",
            "email": "many@agency.example",
            "country": "US",
            "time_zone": "America/Chicago",
        }
        made = Caller(stack.base_url, stack.operator_key).ask("POST", "/v1/operator/partners", partner)
        caller = Caller(stack.base_url, made["api_key"]["key"])
        card = {"name": "Company card", "payment_method": "pm_card_visa"}
        profile_id = caller.ask("POST", "/v1/billing-profiles", card)["id"]
        view = {"name": "Big ones", "filters": {"plan": ["enterprise"]}, "sort": "plan_size", "order": "desc"}
        view_id = caller.ask("POST", "/v1/views", view)["id"]
        seconds = write(arguments.accounts, partner_id=made["id"], profile_id=profile_id)
        console.print(f"{arguments.accounts:,} accounts written in {seconds:.0f} s")

        table = Table("GET /v1/accounts?", "rows", "requests", "CPU ms", "median ms", "slowest ms")
        soon = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
        for question in QUESTIONS:
            query = question.format(view=view_id, soon=soon)
            answer, took = caller.timed(f"/v1/accounts?{query}", times=arguments.times)
            cost, cpu = counted(query, partner_id=made["id"])
            most = max(most, cost.total())
            told = " + ".join(f"{number} {name}" for name, number in sorted(cost.items()))
            table.add_row(
                question or "(default)",
                str(len(answer["data"])),
                told,
                f"{cpu:.0f}",
                f"{statistics.median(took):.0f}",
                f"{max(took):.0f}",
            )
        began, pages, cursor = time.monotonic(), 0, ""
        while cursor is not None:
            page = caller.ask("GET", f"/v1/accounts?limit=100{f'&cursor={cursor}' if cursor else ''}")
            pages, cursor = pages + 1, page["next_cursor"]
        everything = time.monotonic() - began
    console.print(table)
    console.print(f"All {arguments.accounts:,} in {pages} pages: {everything:.1f} s")
    return 1 if most > 4 else 0


if __name__ == "__main__":
    sys.exit(main())
