"""A partner with thousands of accounts: the CPU of its sorted overview, its forecast for a year, and its audit.

    .venv/bin/python -m benchmarks.many_accounts --accounts 5000

Starts an emulated DynamoDB on loopback and runs the product's own services on it, in this one process, whose CPU is
what counts; the emulator's is not in it. For overview and forecast the accounts are varied and were never charged. For
the audit a fifth as many were made by the product's rows and renewed once, so that there are invoices to compare, and
the card processor's list has the charges that the books name: what the audit finds, it looks at twice. If it finds
anything, this exits with 1.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from rich.console import Console
from rich.table import Table

from benchmarks.bulk import varied_accounts
from benchmarks.emulated import tables
from benchmarks.new_partners import ACTOR, company_card, new_partner
from benchmarks.renewals.sublet import REMINDER, RENEWAL, Sublet, cards_say_yes
from chalicelib.domain.accounts.overview import Filters, Sort
from chalicelib.domain.calendar import local_date
from chalicelib.domain.charging.card_charges import CardCharge
from chalicelib.gateways.sandbox_payments import SandboxPayments
from chalicelib.models import audit_reads
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.programs import program
from chalicelib.services.accounts import overview
from chalicelib.services.audit import payer_audits
from chalicelib.services.partners import partners
from chalicelib.services.wallet import balance_alerts, forecasts

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
ORDERS = {
    "sorted by name": overview.Question(sort=Sort.NAME),
    "by plan size": overview.Question(sort=Sort.PLAN_SIZE),
    "by expiry": overview.Question(sort=Sort.EXPIRES_AT),
    "searched, nothing found": overview.Question(filters=Filters(q="no-such-thing"), sort=Sort.NAME),
}


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
    payer = sublet.payers[0]
    balance_alerts.run_daily_check(partner_id=payer, now=RENEWAL, actor=ACTOR)
    return payer


def first_page(partner_id: str, question: overview.Question) -> None:
    overview.list_accounts(partner_id=partner_id, question=question, limit=50, start=None, now=NOW)


def charges_in_books(payer: str) -> list[CardCharge]:
    """What the card processor would list of a payer: a charge for each invoice that was paid by card."""
    last = wallet_rows.get(payer).last_invoice_number
    invoices = [each.invoice for each in audit_reads.invoices(payer, until=last)]
    return [
        CardCharge(f"{invoice.id}-1", invoice.reference, invoice.card_charged)
        for invoice in invoices
        if invoice.reference and invoice.card_charged.amount
    ]


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
        until = local_date(NOW + YEAR, "America/Chicago")
        audited_accounts = arguments.accounts // 5
        console.print(f"Renewing {audited_accounts:,} accounts")
        payer = renewed(audited_accounts)
        listed = mock.patch.object(SandboxPayments, "list_charges", return_value=charges_in_books(payer))
        rows: list[tuple[str, int, Callable[[], Any]]] = [
            *(
                (f"overview, {order}", arguments.accounts, partial(first_page, partner_id, question))
                for order, question in ORDERS.items()
            ),
            (
                "forecast of a year",
                arguments.accounts,
                lambda: forecasts.forecast(partners.standing(partner_id=partner_id, now=NOW), until=until, now=NOW),
            ),
            ("audit", audited_accounts, lambda: payer_audits.audit_partner(partner_id=payer, now=RENEWAL)),
        ]
        with listed:
            for name, accounts, work in rows:
                console.print(f"Measuring: {name}")
                seconds = cpu(work, times=arguments.times)
                table.add_row(name, f"{accounts:,}", f"{seconds:.2f}", f"{seconds / accounts * 1e3:.3f}")
            audited = payer_audits.audit_partner(partner_id=payer, now=RENEWAL)
    console.print(table)
    compared = ", ".join(f"{count:,} {what}" for what, count in audited.compared.items())
    found = Counter(finding.kind.value for finding in audited.findings)
    console.print(f"The audit compared {compared}, and found {dict(found)}.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
