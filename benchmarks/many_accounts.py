"""A partner with thousands of accounts: the CPU of its sorted overview, its forecast for a year, and its audit.

    .venv/bin/python -m benchmarks.many_accounts --accounts 5000

Starts an emulated DynamoDB on loopback and runs the product's own services on it, in this one process, whose CPU is
what counts; the emulator's is not in it. For overview and forecast the accounts are varied and were never charged. For
the audit a fifth as many were made by the product's rows and renewed once, so that there are invoices to compare. Two
findings of the audit are expected: here the card processor is a stub that keeps no list of charges, and no daily check
is scheduled. Any other finding makes it exit with 1.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.bulk import varied_accounts
from benchmarks.emulated import tables
from benchmarks.new_partners import ACTOR, company_card, new_partner
from benchmarks.renewals.sublet import REMINDER, RENEWAL, Sublet, cards_say_yes
from chalicelib.domain.accounts.overview import Sort
from chalicelib.domain.calendar import local_date
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.programs import program
from chalicelib.services import audit
from chalicelib.services.accounts import overview
from chalicelib.services.partners import partners
from chalicelib.services.wallet import forecasts

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
YEAR = timedelta(days=365)


def partner_with(accounts: int) -> str:
    """A partner with this many varied accounts, their rows written past the services."""
    partner = new_partner(program="agency", at=NOW)
    card = company_card(partner.id, at=NOW)
    with AccountRow.batch_write() as batch:
        for account in varied_accounts(accounts, partner_id=partner.id, profile_id=card, now=NOW):
            batch.save(account_rows.put(account, program=program("agency"), actor=ACTOR).row)
    return partner.id


def renewed(accounts: int) -> str:
    """A partner whose accounts were all renewed once, with prepaid money."""
    sublet = Sublet(payers=1, accounts=accounts, card=False)
    for now in (REMINDER, RENEWAL):
        sublet.sweep(now=now)
        sublet.work(now=now)
    return sublet.payers[0]


def cpu(work: Callable[[], Any], *, times: int) -> float:
    """The median of this process's CPU seconds; the first time, which fills caches, is not counted."""
    took = []
    for _ in range(times + 1):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return statistics.median(took[1:])


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.many_accounts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--accounts", type=int, default=5_000, help="of the partner (5000)")
    parser.add_argument("--times", type=int, default=3, help="each is done, for the median (3)")
    arguments = parser.parse_args()
    console, table = Console(highlight=False), Table("one partner's", "accounts", "CPU s", "CPU ms an account")
    with tempfile.TemporaryDirectory() as home, tables(Path(home)), cards_say_yes():
        console.print(f"Writing {arguments.accounts:,} accounts")
        partner_id = partner_with(arguments.accounts)
        by_name = overview.Question(sort=Sort.NAME)
        until = local_date(NOW + YEAR, "America/Chicago")
        audited_accounts = arguments.accounts // 5
        console.print(f"Renewing {audited_accounts:,} accounts")
        payer = renewed(audited_accounts)
        rows: list[tuple[str, int, Callable[[], Any]]] = [
            (
                "overview, sorted by name",
                arguments.accounts,
                lambda: overview.list_accounts(partner_id=partner_id, question=by_name, limit=50, start=None, now=NOW),
            ),
            (
                "forecast of a year",
                arguments.accounts,
                lambda: forecasts.forecast(partners.standing(partner_id=partner_id, now=NOW), until=until, now=NOW),
            ),
            ("audit", audited_accounts, lambda: audit.audit_partner(partner_id=payer, now=RENEWAL)),
        ]
        for name, accounts, work in rows:
            console.print(f"Measuring: {name}")
            seconds = cpu(work, times=arguments.times)
            table.add_row(name, f"{accounts:,}", f"{seconds:.2f}", f"{seconds / accounts * 1e3:.3f}")
        found = audit.audit_partner(partner_id=payer, now=RENEWAL)
    console.print(table)
    console.print(
        f"The audit compared {dict(found.compared)} and found {dict(Counter(f.kind for f in found.findings))}."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
