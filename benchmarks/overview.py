"""The account overview of a partner with many accounts, on the deployed stack: by the API, and as a page of the portal.

    .venv/bin/python -m benchmarks.overview --accounts 10000

Starts a stack of its own on loopback, makes a partner over HTTP, writes its accounts' rows past the services, asks for
them in many ways, prints what each cost, and ends the stack. Requests to DynamoDB are counted in this process, which
asks the same question of the same tables as the function does; so is its CPU, which a busy machine or a slow emulator
does not change. The clock, which only a sandbox reads, is not counted.

The portal is asked the same question in turns with the API: for the whole page, and for its list alone, which is what
htmx asks for while somebody types.
"""

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl

from rich.console import Console
from rich.table import Table

from benchmarks.asking import Answered, Caller, Reader, in_turns
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
OF_THE_API = ("", "limit=100&order=desc", "columns=name,status,renews_at", "view={view}")
"""What no page of the portal asks: it has an order, columns and views of its own."""
PAGED = "sort=name"
"""Of this one, the next page is asked for too."""
COLUMNS = (
    *("accounts?", "rows", "requests", "CPU ms", "API ms", "slowest"),
    *("page ms", "slowest", "list ms", "page/API", "page KB", "list KB"),
)
MOST_REQUESTS = 4
INDEXED_IN_A_MEGABYTE = 1_500
"""DynamoDB gives a megabyte of the overview index a request, so an answer about more accounts may take more."""
MOST_BYTES = 100_000
PARTNER = {
    "name": "Many",
    "program": "agency",
    "email": "many@agency.example",
    "country": "US",
    "time_zone": "America/Chicago",
}


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


@dataclass(frozen=True)
class Many:
    """A partner with many accounts, who asks for them by its key and in its browser."""

    partner_id: str
    view_id: str
    caller: Caller
    reader: Reader

    @classmethod
    def on(cls, stack: LocalStack, *, accounts: int, tell: Callable[[str], None]) -> Self:
        """Make it on a stack, whose settings this process takes on."""
        environment = stack_environment(stack.deployed.functions, stack.deployed.outputs)
        os.environ.update({**environment, **CREDENTIALS, "AWS_ENDPOINT_URL": stack.deployed.endpoint})
        made = Caller(stack.base_url, stack.operator_key).ask("POST", "/v1/operator/partners", PARTNER)
        caller = Caller(stack.base_url, made["api_key"]["key"])
        card = {"name": "Company card", "payment_method": "pm_card_visa"}
        profile_id = caller.ask("POST", "/v1/billing-profiles", card)["id"]
        view = {"name": "Big ones", "filters": {"plan": ["enterprise"]}, "sort": "plan_size", "order": "desc"}
        view_id = caller.ask("POST", "/v1/views", view)["id"]
        seconds = write(accounts, partner_id=made["id"], profile_id=profile_id)
        tell(f"{accounts:,} accounts written in {seconds:.0f} s")
        return cls(made["id"], view_id, caller, Reader(stack.base_url, partner_id=made["id"]))

    def query(self, question: str) -> str:
        """The question as parameters of an address."""
        return question.format(view=self.view_id, soon=(datetime.now(UTC) + timedelta(days=3)).date().isoformat())

    def ask(self, question: str, *, times: int, next_page: bool = False) -> dict[str, Answered]:
        """The answers to a question by the API, by the page, and by its list alone; or what follows on the first."""
        asked = shown = f"accounts?{self.query(question)}"
        if next_page:
            asked += f"&cursor={self.caller.ask('GET', f'/v1/{asked}')['next_cursor']}"
            (shown,) = set(re.findall(r'href="(accounts\?[^"]*cursor=[^"]*)"', self.reader.read(shown)))
        asking: dict[str, Callable[[], Any]] = {"api": lambda: self.caller.ask("GET", f"/v1/{asked}")}
        if question not in OF_THE_API:
            asking["page"] = lambda: self.reader.read(unescape(shown))
            asking["list"] = lambda: self.reader.read(unescape(shown), element="list")
        return in_turns(asking, times=times)

    def read_all(self) -> tuple[int, float]:
        """Read every account by the API, a hundred at a time; the pages, and the seconds it took."""
        began, pages, cursor = time.monotonic(), 0, ""
        while cursor is not None:
            page = self.caller.ask("GET", f"/v1/accounts?limit=100{f'&cursor={cursor}' if cursor else ''}")
            pages, cursor = pages + 1, page["next_cursor"]
        return pages, time.monotonic() - began


def row(question: str, answered: dict[str, Answered], cost: Counter[str], cpu: float) -> list[str]:
    """A line of the table: what the API's answer costs, and beside it the portal's page and its list."""
    api, page, part = answered["api"], answered.get("page"), answered.get("list")
    told = " + ".join(f"{number} {name}" for name, number in sorted(cost.items()))
    line = [question or "(default)", str(len(api.answer["data"])), told, f"{cpu:.0f}"]
    line += [f"{api.median:.0f}", f"{api.slowest:.0f}"]
    if page and part:
        line += [f"{page.median:.0f}", f"{page.slowest:.0f}", f"{part.median:.0f}", f"{page.median / api.median:.2f}"]
        line += [f"{len(each.answer.encode()) / 1000:.0f}" for each in (page, part)]
    return line


def main() -> int:
    """The command; its exit code is 1 if an answer cost too many requests, or a page has over 100 KB."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overview", description=__doc__)
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    console = Console(highlight=False)
    most_requests = most_bytes = 0
    ratios = []

    with tempfile.TemporaryDirectory() as home, LocalStack(home=Path(home), progress=console.print) as stack:
        many = Many.on(stack, accounts=arguments.accounts, tell=console.print)
        table, load = Table(*COLUMNS), os.getloadavg()[0]
        for question, next_page in [*((each, False) for each in QUESTIONS), (PAGED, True)]:
            answered = many.ask(question, times=arguments.times, next_page=next_page)
            cost, cpu = counted(many.query(question), partner_id=many.partner_id)
            table.add_row(*row(f"{question}, next page" if next_page else question, answered, cost, cpu))
            most_requests = max(most_requests, cost.total())
            if "page" in answered:
                most_bytes = max(most_bytes, len(answered["page"].answer.encode()))
                ratios.append(answered["page"].median / answered["api"].median)
        pages, seconds = many.read_all()
        load_after = os.getloadavg()[0]
    console.print(table)
    console.print(f"All {arguments.accounts:,} in {pages} pages: {seconds:.1f} s")
    console.print(
        f"A page of the portal takes {statistics.median(ratios):.2f} times the API's answer (median; {min(ratios):.2f} "
        f"to {max(ratios):.2f}), and has {most_bytes:,} bytes at most. Load {load:.1f}, {load_after:.1f} at the end."
    )
    most = MOST_REQUESTS + arguments.accounts // INDEXED_IN_A_MEGABYTE
    return int(most_requests > most or most_bytes > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
