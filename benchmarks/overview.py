"""The overview of a partner with many accounts, over HTTP: by the API, and as a page of the portal.

    .venv/bin/python -m benchmarks.overview --accounts 10000

The product is in this process, behind a server of the benchmark's, and its tables are on an emulator; but answers with
pages of the overview index, which take an emulator seconds, are made beforehand (`benchmarks.served`). The accounts'
rows are written past the services. So CPU is that of a function's work from API Gateway's event to the answer, and time
on the clock lacks what gateway, Lambda and DynamoDB take.

API, page and list take turns. The list is the part of the page that htmx asks for while somebody types. CPU is the
least of the times that each was asked for: what else the machine does can only add to it.
"""

import argparse
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import requests
from rich.console import Console
from rich.table import Table

from benchmarks import served
from benchmarks.asking import CPU, Answered, Caller, Reader, in_turns
from benchmarks.bulk import varied_accounts
from benchmarks.emulated import tables
from benchmarks.new_partners import ACTOR, company_card, new_partner
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.programs import program

QUESTIONS = (
    "",
    "limit=100&order=desc",
    "columns=name,status,renews_at",
    "sort=name",
    "sort=plan_size&order=desc",
    "sort=expires_at",
    "status=active&plan=plus",
    "status=active&plan=plus&sort=name",
    "q=no-such-thing&sort=name",
    "q=bright&sort=name",
    "country=DE&add_on=sms&sort=name",
    "expires_to={soon}&sort=expires_at",
    "metadata.team=red&sort=name",
    "view={view}",
)
OF_THE_API = ("", "limit=100&order=desc", "columns=name,status,renews_at", "status=active&plan=plus", "view={view}")
"""What no page of the portal asks: it sorts by name if nothing else is asked for, and has columns and views of its
own."""
PAGED = "sort=name"
"""Of this one, the next page is asked for too."""
COLUMNS = (
    *("accounts?", "rows", "requests", "API CPU", "page CPU", "list CPU", "page/API"),
    *("API ms", "page ms", "list ms", "page KB", "list KB"),
)
MOST_REQUESTS = 6
"""With two for the limits of requests, which some answers keep count of."""
INDEXED_IN_A_MEGABYTE = 3_000
"""DynamoDB gives a megabyte of the overview index a request, so an answer about more accounts may take more."""
MOST_BYTES = 100_000


def partner_with(accounts: int) -> str:
    """A partner with this many varied accounts, their rows written past the services."""
    now = datetime.now(UTC)
    partner = new_partner(program="agency", at=now)
    profile_id = company_card(partner.id, at=now)
    with AccountRow.batch_write() as batch:
        for account in varied_accounts(accounts, partner_id=partner.id, profile_id=profile_id, now=now):
            batch.save(account_rows.put(account, program=program("agency"), actor=ACTOR).row)
    return partner.id


@dataclass(frozen=True)
class Asking:
    """Those who ask for the partner's accounts: a program by its key, and its owner in her browser."""

    caller: Caller
    reader: Reader
    view_id: str

    @classmethod
    def at(cls, base_url: str, *, partner_id: str) -> "Asking":
        caller = Caller(base_url, "any")
        view = {"name": "Big ones", "filters": {"plan": ["enterprise"]}, "sort": "plan_size", "order": "desc"}
        return cls(caller, Reader(base_url, partner_id=partner_id), caller.ask("POST", "/v1/views", view)["id"])

    def ask(self, question: str, *, times: int, next_page: bool = False) -> dict[str, Answered]:
        """The answers to a question by the API, by the page, and by its list alone; or what follows on the first."""
        soon = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
        asked = shown = f"accounts?{question.format(view=self.view_id, soon=soon)}"
        if next_page:
            asked += f"&cursor={self.caller.ask('GET', f'/v1/{asked}')['next_cursor']}"
            (shown,) = set(re.findall(r'href="(accounts\?[^"]*cursor=[^"]*)"', self.reader.read(shown).text))
        asking: dict[str, Callable[[], requests.Response]] = {"api": lambda: self.caller.answer("GET", f"/v1/{asked}")}
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


def ratio(answered: dict[str, Answered]) -> float | None:
    """How many times the API's CPU a page takes."""
    return min(answered["page"].cpu) / min(answered["api"].cpu) if "page" in answered else None


def row(question: str, answered: dict[str, Answered]) -> list[str]:
    """A line of the table: what the API's answer costs, and beside it the portal's page and its list."""
    api, times = answered["api"], ratio(answered)
    shown = [answered.get(name) for name in ("api", "page", "list")]
    asked = requests_of(api.answer)
    line = [question or "(default)", str(len(api.answer.json()["data"])), f"{asked.total()}, {asked['Query']} Query"]
    line += [f"{min(each.cpu):.0f}" if each else "" for each in shown]
    line += [f"{times:.2f}" if times else ""]
    line += [f"{statistics.median(each.milliseconds):.0f}" if each else "" for each in shown]
    return line + [f"{each.kilobytes:.0f}" if each else "" for each in shown[1:]]


def requests_of(answer: requests.Response) -> Counter[str]:
    """The requests to DynamoDB that an answer took, by name."""
    return Counter(json.loads(answer.headers[served.ASKED]))


def main() -> int:
    """The command; its exit code is 1 if an answer cost too many requests, or a page has over 100 KB."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.overview", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--accounts", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=5, help="each is asked for (5)")
    arguments = parser.parse_args()
    console, table, load = Console(highlight=False), Table(*COLUMNS), os.getloadavg()[0]
    every = []

    with tempfile.TemporaryDirectory() as home, tables(Path(home)):
        console.print(f"Writing {arguments.accounts:,} accounts")
        served.make_master_key()
        partner_id = partner_with(arguments.accounts)
        key = {"partner_id": partner_id, "key_id": "key_1", "scopes": "read write billing"}
        with served.answering(served.index_of(partner_id)) as asked, served.serving(asked, key=key) as base_url:
            asking = Asking.at(base_url, partner_id=partner_id)
            for question, next_page in [*((each, False) for each in QUESTIONS), (PAGED, True)]:
                answered = asking.ask(question, times=arguments.times, next_page=next_page)
                table.add_row(*row(f"{question}, next page" if next_page else question, answered))
                every.append(answered)
            pages, seconds = asking.read_all()
            file = asking.reader.read("accounts.csv")
    console.print(table)
    ratios = [each for each in map(ratio, every) if each]
    most_bytes = max(len(each["page"].answer.content) for each in every if "page" in each)
    console.print(f"All {arguments.accounts:,} in {pages} pages: {seconds:.1f} s")
    console.print(f"As CSV: {float(file.headers[CPU]):,.0f} ms of CPU, {len(file.content) / 1000:,.0f} KB")
    console.print(
        f"A page of the portal takes {statistics.median(ratios):.2f} times the API's CPU (median; {min(ratios):.2f} to "
        f"{max(ratios):.2f}), and has {most_bytes:,} bytes at most. "
        f"Load {load:.1f}, {os.getloadavg()[0]:.1f} at the end."
    )
    most = MOST_REQUESTS + arguments.accounts // INDEXED_IN_A_MEGABYTE
    return int(max(requests_of(each["api"].answer).total() for each in every) > most or most_bytes > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
