"""Several partners at work on the deployed stack for a minute: errors, latency by route, and the books afterwards.

    .venv/bin/python -m benchmarks.load --seconds 60 --partners 4 --at-once 4

Starts a stack of its own on loopback, makes the partners with a card, prepaid money and some accounts each, and lets
bounded threads ask: two reads to each write, drawn by weight. Then the audit, and each account that was created must be
there once. What is measured is HTTP as a client sees it, by way of an emulator that is a Python program on the same two
cores: it says that nothing breaks and which routes cost more than others, and little about AWS. Exits with 1 after a
5xx, an unexpected answer, an account lost or double, or a finding of the audit.
"""

import argparse
import os
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import requests
from rich.console import Console
from rich.table import Table

from benchmarks.partners import Partner, audit, make_partner
from infra.local.stack import LocalStack

TIERS = ("starter", "plus", "professional")
SEEDED = 5
"""Accounts that a partner has before it starts."""
NO_ANSWER = 0
"""Stands for the status of a request that was not answered."""
EXPECTED = {*range(200, 300), 402, 409, 429}
"""What a busy partner has to expect: done, declined, busy with another request of its own, too many."""


@dataclass
class Office:
    """A partner at work: its client, its card, and the accounts it has."""

    partner: Partner
    card: str
    accounts: list[str] = field(default_factory=list)
    until: str = ""
    """The day to which it asks for a forecast: two months after its first renewal, whatever the stack's clock shows."""

    def create(self, name: str, tier: str) -> requests.Response:
        """Create an account; it is kept if that was done."""
        answer = self.partner.ask("POST", "/v1/accounts", _account(name, tier, self.card), idempotency_key=name)
        if answer.status_code == 201:
            self.accounts.append(answer.json()["id"])
        return answer


@dataclass(frozen=True)
class Kind:
    """A kind of request, by its route, and how often it comes."""

    route: str
    weight: int
    ask: Callable[[Office, Random, str], requests.Response]
    """Sends one of an office; the text is unique."""


def _read(path: str) -> Callable[[Office, Random, str], requests.Response]:
    def ask(office: Office, draw: Random, _unique: str) -> requests.Response:
        return office.partner.ask("GET", path.format(account_id=draw.choice(office.accounts), until=office.until))

    return ask


def _write(method: str, path: str, body: Callable[[Office, Random, str], Any]) -> Any:
    def ask(office: Office, draw: Random, unique: str) -> requests.Response:
        where = path.format(account_id=draw.choice(office.accounts))
        return office.partner.ask(method, where, body(office, draw, unique), idempotency_key=unique)

    return ask


KINDS = (
    Kind("GET /v1/accounts/{account_id}", 15, _read("/v1/accounts/{account_id}")),
    Kind("GET /v1/accounts", 15, _read("/v1/accounts?limit=20")),
    Kind("GET /v1/accounts/{account_id}/invoices", 10, _read("/v1/accounts/{account_id}/invoices")),
    Kind("GET /v1/invoices", 10, _read("/v1/invoices?limit=20")),
    Kind("GET /v1/events", 10, _read("/v1/events?limit=20")),
    Kind("GET /v1/credits/prepaid/forecast", 5, _read("/v1/credits/prepaid/forecast?until={until}")),
    Kind("POST /v1/accounts", 10, lambda office, draw, unique: office.create(unique, draw.choice(TIERS))),
    Kind(
        "PATCH /v1/accounts/{account_id}",
        10,
        _write("PATCH", "/v1/accounts/{account_id}", lambda _office, _draw, unique: {"metadata": {"note": unique}}),
    ),
    Kind(
        "PUT /v1/accounts/{account_id}/plan",
        10,
        _write("PUT", "/v1/accounts/{account_id}/plan", lambda _office, draw, _unique: {"plan": _plan(draw)}),
    ),
    Kind(
        "POST /v1/credits/prepaid/purchases",
        5,
        _write(
            "POST",
            "/v1/credits/prepaid/purchases",
            lambda office, _draw, _unique: {"billing_profile_id": office.card, "amount": 5_000},
        ),
    ),
)


@dataclass
class Run:
    """What was answered: milliseconds by route, and statuses by route."""

    milliseconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    seconds: float = 0.0

    def add(self, route: str, milliseconds: float, status: int) -> None:
        """Record an answer; threads have a run each."""
        self.milliseconds[route].append(milliseconds)
        self.statuses[route][status] += 1

    def join(self, other: "Run") -> None:
        """Take over what another thread recorded."""
        for route, took in other.milliseconds.items():
            self.milliseconds[route] += took
            self.statuses[route] += other.statuses[route]

    @property
    def requests(self) -> int:
        return sum(len(took) for took in self.milliseconds.values())

    @property
    def unexpected(self) -> list[str]:
        """The unexpected answers, each with how often it came."""
        return [
            f"{route}: {status or 'no answer'} {count} times"
            for route, statuses in self.statuses.items()
            for status, count in sorted(statuses.items())
            if status not in EXPECTED
        ]


def percentile(sorted_values: list[float], percent: int) -> float:
    """The smallest value that so many percent of them do not exceed."""
    return sorted_values[max(0, -(-len(sorted_values) * percent // 100) - 1)]


def furnish(stack: LocalStack, number: int) -> Office:
    """A partner with a card, prepaid money for some accounts, and its first accounts."""
    partner = make_partner(stack, name=f"Load {number}")
    office = Office(partner, partner.card())
    partner.post("/v1/credits/prepaid/purchases", {"billing_profile_id": office.card, "amount": 50_000})
    for account in range(SEEDED):
        created = office.create(f"seed-{number}-{account}", TIERS[account % len(TIERS)]).json()
    office.until = (datetime.fromisoformat(created["renews_at"]) + timedelta(days=60)).date().isoformat()
    return office


def load(offices: list[Office], *, seconds: float, at_once: int, seed: int = 1) -> Run:
    """Let threads ask, each for any of the partners, until the time is over; they end with their last answer."""
    run, began, names = Run(), time.monotonic(), [f"load-{seed}-{thread}" for thread in range(at_once)]
    with ThreadPoolExecutor(at_once) as threads:
        for done in threads.map(lambda name: _ask(offices, began + seconds, name), names):
            run.join(done)
    run.seconds = time.monotonic() - began
    return run


def _ask(offices: list[Office], until: float, name: str) -> Run:
    run, draw, number = Run(), Random(name), 0
    weights = [kind.weight for kind in KINDS]
    while (began := time.monotonic()) < until:
        (kind,) = draw.choices(KINDS, weights)
        number += 1
        try:
            status = kind.ask(draw.choice(offices), draw, f"{name}-{number}").status_code
        except requests.RequestException:
            status = NO_ANSWER
        run.add(kind.route, (time.monotonic() - began) * 1000, status)
    return run


def lost_or_double(office: Office) -> list[str]:
    """Accounts that a partner created and has not exactly once."""
    has = Counter(account["id"] for account in office.partner.all("/v1/accounts"))
    created = Counter(office.accounts)
    differing = [each for each in created.keys() | has.keys() if created[each] != has[each]]
    return [f"{each}: created {created[each]} times, there {has[each]} times" for each in sorted(differing)]


def table(run: Run) -> Table:
    """Latency by route."""
    shown = Table("route", *(f"{name}" for name in ("requests", "refused", "errors", "p50 ms", "p95 ms", "p99 ms")))
    for kind in KINDS:
        if took := sorted(run.milliseconds[kind.route]):
            statuses = run.statuses[kind.route]
            refused = sum(count for status, count in statuses.items() if 400 <= status < 500)
            errors = sum(count for status, count in statuses.items() if status >= 500 or status == NO_ANSWER)
            at = [f"{percentile(took, percent):,.0f}" for percent in (50, 95, 99)]
            shown.add_row(kind.route, f"{len(took):,}", str(refused), str(errors), *at)
    return shown


def _account(name: str, tier: str, card: str) -> dict[str, Any]:
    return {
        "name": name,
        "client": {"name": name, "email": f"owner@{name}.example"},
        "notification_email": "ops@bright.example",
        "country": "US",
        "language": "en",
        "time_zone": "America/Chicago",
        "billing_profile_id": card,
        "plan": _plan_of(tier),
    }


def _plan(draw: Random) -> dict[str, Any]:
    return _plan_of(draw.choice(TIERS), draw.choice((1000, 2500)))


def _plan_of(tier: str, contacts: int = 1000) -> dict[str, Any]:
    frequency = {"billing_frequency": "monthly"}
    return {"pricing_version": "V3", "product": "marketing", "tier": tier, "contacts": contacts} | frequency


def _printed(lines: Iterable[str], console: Console) -> int:
    found = list(lines)
    console.print("\n".join(found) or "As expected: each account once.", markup=False)
    return len(found)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--partners", type=int, default=4)
    parser.add_argument("--at-once", type=int, default=4, help="threads that ask (default: 4)")
    parser.add_argument("--seed", type=int, default=1, help="of which request comes next")
    options = parser.parse_args()
    console, busy = Console(highlight=False), os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as home, LocalStack(home=Path(home), progress=console.print) as stack:
        offices = [furnish(stack, number) for number in range(options.partners)]
        load(offices, seconds=3, at_once=options.at_once, seed=options.seed - 1)  # functions start
        console.print(f"{options.partners} partners, {options.at_once} requests at a time, {options.seconds} s")
        run = load(offices, seconds=options.seconds, at_once=options.at_once, seed=options.seed)
        console.print(table(run))
        rate = f"{run.requests / run.seconds:.1f} a second; load {busy:.1f} before"
        console.print(f"{run.requests:,} requests in {run.seconds:.0f} s, {rate}")
        wrong = _printed([*run.unexpected, *(line for office in offices for line in lost_or_double(office))], console)
        return int(wrong > 0 or audit(stack) != 0)


if __name__ == "__main__":
    sys.exit(main())
