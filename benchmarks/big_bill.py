"""A Single Bill of 50,000 accounts beside one of 3: the costs of joining, renewing and closing.

    .venv/bin/python -m benchmarks.big_bill --accounts 50000

Starts an emulated DynamoDB on loopback and runs the product's own services on it. Two partners have
a bill, made by one account and copies of its rows, written in batches. Requests and rows are counted
at the client. Then the closing of the big bill is interrupted at each of its calls, before and after it
takes effect, and continued: each time it must be paid by one charge, with every account on it once. With
--audit the audit then checks the big partner's books; for 50,000 accounts the emulator is slow to
read them. Exits with 1 unless all of that holds.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.client import BaseClient
from rich.console import Console
from rich.table import Table

from benchmarks.copies import copy_account
from benchmarks.emulated import client, item, tables
from benchmarks.new_partners import ACTOR, company_card, new_partner
from chalicelib.domain.accounts.accounts import Client
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.ids import new_id
from chalicelib.gateways.due_queue import Due
from chalicelib.models.billing import single_bills as bill_rows
from chalicelib.models.transactions import commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.accounts import creation
from chalicelib.services.accounts.account_requests import NewAccountRequest
from chalicelib.services.audit import payer_audits
from chalicelib.services.billing import bill_steps, single_bills
from chalicelib.services.schedule.worker import take_due_steps

START = datetime(2026, 1, 31, 15, 0, tzinfo=UTC)
RENEWAL = datetime(2026, 2, 28, 6, 0, tzinfo=UTC)
BILL_DAY = datetime(2026, 3, 15, 5, 0, tzinfo=UTC)
STANDARD = PlanRequest("S1", "email", "standard", 1000, Frequency.MONTHLY)

Rows = dict[str, dict[str, Any]]


class Killed(BaseException):
    """The process died: nothing of ours catches this."""


@dataclass
class Watch:
    """Every request made to the product's tables; the one at ``place`` can be made to kill the process."""

    place: int | None = None
    after: bool = False
    requests: int = 0
    read: int = 0
    written: int = 0
    seconds: float = 0.0

    @contextmanager
    def watching(self) -> Iterator["Watch"]:
        real, watch, began = BaseClient._make_api_call, self, time.monotonic()

        def call(client: Any, operation: str, kwargs: Any) -> Any:
            if kwargs.get("TableName") == "sublet-sandbox":  # the card processor's, not ours
                return real(client, operation, kwargs)
            here, watch.requests = watch.requests == watch.place, watch.requests + 1
            if here and not watch.after:
                raise Killed
            answer = real(client, operation, kwargs)
            watch.count(operation, kwargs)
            if here:
                raise Killed
            return answer

        BaseClient._make_api_call = call
        try:
            yield self
        finally:
            BaseClient._make_api_call = real
            self.seconds = time.monotonic() - began

    def count(self, operation: str, kwargs: Any) -> None:
        if "Write" in operation or operation in ("PutItem", "UpdateItem", "DeleteItem"):
            self.written += len(kwargs.get("TransactItems", [kwargs]))
        else:
            keys = [len(table["Keys"]) for table in kwargs.get("RequestItems", {}).values()]
            self.read += sum(keys) if keys else 1


@dataclass
class BillOf:
    """A partner whose accounts are all on its Single Bill."""

    accounts: int
    partner_id: str = ""
    ids: list[str] = field(default_factory=list)

    def furnish(self) -> None:
        """Create one account with the product, and copy its rows."""
        partner = new_partner(program="solutions", at=START)
        self.partner_id = partner.id
        single_bills.set_up_single_bill(
            partner_id=partner.id,
            day=15,
            billing_profile_id=company_card(self.partner_id, at=START),
            now=START,
            actor=ACTOR,
        )
        first = self.create(single_bill=True, billing_profile_id=None)
        self.ids = [first, *copy_account(first, program_id="solutions", copies=self.accounts - 1, at=START)]
        wallet = wallet_rows.get(partner.id)
        bill = wallet.single_bill
        assert bill is not None
        bill = replace(bill, total=replace(bill.total, amount=bill.total.amount * self.accounts), count=self.accounts)
        counts = {"last_invoice_number": self.accounts, "active_paid_accounts": self.accounts}
        commit([wallet_rows.put(replace(wallet, single_bill=bill, **counts))])

    def create(self, **wanted: Any) -> str:
        return creation.create_account(
            partner_id=self.partner_id,
            account_id=new_id("acct", at=START),
            request=NewAccountRequest(
                name=f"big-{self.accounts}-{len(self.ids)}" + ("-joins" if self.ids else ""),
                client=Client("Acme Inc", "owner@acme.example"),
                notification_email="ops@big.example",
                country="US",
                language="en",
                time_zone="America/Chicago",
                plan=STANDARD,
                **wanted,
            ),
            now=START,
            actor=ACTOR,
        ).account.id

    # ------------------------------------------------------------------------------------------- what is measured

    def join(self) -> Watch:
        """An account with a card of its own joins."""
        account_id = self.create(billing_profile_id=company_card(self.partner_id, at=START))
        with Watch().watching() as watch:
            single_bills.put_account_on_bill(partner_id=self.partner_id, account_id=account_id, now=START, actor=ACTOR)
        return watch

    def renew(self, number: int, *, skipping: int = 0) -> Watch:
        """A message with this many accounts whose renewal is due."""
        subjects = tuple(self.ids[skipping : skipping + number])
        with Watch().watching() as watch:
            taken = take_due_steps(Due(self.partner_id, subjects, Sweep.RENEWALS, "run"), now=RENEWAL)
        assert taken.counts["paid"] == number, taken.counts
        return watch

    def close(self, watch: Watch | None = None, *, now: datetime = BILL_DAY) -> Watch:
        """The bill day."""
        bill_id = self.bill_id
        with (watch or Watch()).watching() as watched:
            bill_steps.take_due_step(bill_id=bill_id, now=now, actor=ACTOR)
        return watched

    @property
    def bill_id(self) -> str:
        bill = wallet_rows.get(self.partner_id).single_bill
        assert bill is not None
        return bill.unpaid or bill.id


def cut_off_everywhere(big: BillOf, calls: int, console: Console) -> int:
    """Interrupt the closing at each call, before and after it takes effect, and continue; returns the failures."""
    bill_id, wrong = big.bill_id, 0
    total = _bill_total(big)
    before = _stored(big, bill_id)
    for place in range(calls):
        for after in (False, True):
            try:
                big.close(Watch(place=place, after=after))
                console.print(f"Nothing was cut off at call {place}")
                wrong += 1
            except Killed:
                pass
            for minutes in (0, 3):  # at once, and when the alarm of a charge that was held rings
                bill_steps.take_due_step(bill_id=bill_id, now=BILL_DAY + timedelta(minutes=minutes), actor=ACTOR)
            bill = bill_rows.get_bill(big.partner_id, bill_id)
            charged = [key for key in _sandbox_keys(big.partner_id) if key.startswith(f"key#{bill_id}")]
            right = bill is not None and (bill.status, bill.total, len(charged)) == ("paid", total, 1)
            if not right:
                console.print(f"Cut off at call {place} {'after' if after else 'before'} it acted: {bill}, {charged}")
            wrong += not right
            _restore(big, before, bill_id)
    return wrong


def _bill_total(big: BillOf) -> Any:
    bill = wallet_rows.get(big.partner_id).single_bill
    assert bill is not None
    return bill.total


def _stored(big: BillOf, bill_id: str) -> Rows:
    """The rows a closing changes, as they are now."""
    return {
        "sublet-wallets": item("sublet-wallets", payer=big.partner_id),
        "sublet-accounts": item("sublet-accounts", id=bill_id),
    }


def _restore(big: BillOf, rows: Rows, bill_id: str) -> None:
    """Undo a closing: restore the rows it changed, and delete those it created."""
    following = wallet_rows.get(big.partner_id).single_bill
    if following is not None and following.id != bill_id:
        client().delete_item(TableName="sublet-accounts", Key={"id": {"S": following.id}})
    client().delete_item(TableName="sublet-ledger", Key={"payer": {"S": big.partner_id}, "id": {"S": bill_id}})
    for key in _sandbox_keys(big.partner_id):
        if key.startswith(f"key#{bill_id}"):
            client().delete_item(TableName="sublet-sandbox", Key={"id": {"S": key}})
    for table, row in rows.items():
        client().put_item(TableName=table, Item=row)


def _sandbox_keys(payer: str) -> list[str]:
    answer = client().query(
        TableName="sublet-sandbox",
        IndexName="by_payer",
        KeyConditionExpression="payer = :payer",
        ExpressionAttributeValues={":payer": {"S": payer}},
    )
    return [item["id"]["S"] for item in answer["Items"]]


def on_the_bill(bill_id: str) -> Counter[str]:
    """The accounts with an invoice on a bill, and how many they have there."""
    pages = (
        client()
        .get_paginator("query")
        .paginate(
            TableName="sublet-ledger",
            IndexName="by_bill",
            KeyConditionExpression="bill_id = :bill",
            ExpressionAttributeValues={":bill": {"S": bill_id}},
        )
    )
    return Counter(item["account_id"]["S"] for page in pages for item in page["Items"])


def measure(big: BillOf, small: BillOf, console: Console) -> bool:
    """Print the costs; returns whether both cost the same and the big bill ends right."""
    shown, same = Table("", f"{small.accounts:,} accounts", f"{big.accounts:,} accounts"), True
    costs: list[tuple[str, Callable[[BillOf], Watch]]] = [
        ("joining", lambda bill: bill.join()),
        ("renewing 3 onto it", lambda bill: bill.renew(3)),
        ("closing", lambda bill: bill.close()),
    ]
    calls = 0
    for what, cost in costs:
        if what == "closing":
            renewed = big.renew(33, skipping=3)
            first_bill, before = big.bill_id, _stored(big, big.bill_id)
            counted = on_the_bill(first_bill)
        watches = [cost(small), cost(big)]
        shown.add_row(what, *(_told(watch) for watch in watches))
        same &= len({(watch.requests, watch.read, watch.written) for watch in watches}) == 1
        calls = watches[1].requests
    shown.add_row("renewing 33 onto it", "", _told(renewed))
    console.print(shown)
    _restore(big, before, first_bill)
    wrong = cut_off_everywhere(big, calls, console)
    console.print(f"Closing cut off {2 * calls} times and gone on with: {wrong} times not right.")
    big.close()
    closed = bill_rows.get_bill(big.partner_id, first_bill)
    assert closed is not None
    invoices, once = sum(counted.values()), set(big.ids) <= counted.keys()
    console.print(
        f"Bill of {closed.total.amount / 100:,.2f} USD: {closed.invoice_count:,} invoices by its count, "
        f"{invoices:,} that name it, of {len(counted):,} accounts."
    )
    return same and not wrong and once and invoices == closed.invoice_count


def _told(watch: Watch) -> str:
    seconds = f"{watch.seconds * 1000:,.0f} ms"
    return f"{watch.requests} requests, {watch.read} rows read, {watch.written} written ({seconds})"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.big_bill", description=__doc__)
    parser.add_argument("--accounts", type=int, default=50_000, help="on the big bill (default: 50000)")
    parser.add_argument("--audit", action="store_true", help="prove the big partner's books as well")
    arguments = parser.parse_args()
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory() as home, tables(Path(home)):
        began = time.monotonic()
        big, small = BillOf(arguments.accounts), BillOf(3)
        for bill in (small, big):
            bill.furnish()
        console.print(f"{arguments.accounts:,} accounts written in {time.monotonic() - began:.0f} s")
        right = measure(big, small, console)
        if not arguments.audit:
            return int(not right)
        began = time.monotonic()
        audited = payer_audits.audit_partner(partner_id=big.partner_id, now=BILL_DAY + timedelta(minutes=5))
        about_time = {"alarm_late"}  # nobody renews the others, nor runs the daily watch
        found = [finding for finding in audited.findings if finding.kind not in about_time]
        console.print(f"Audit: {dict(audited.compared)}, {len(found)} differences ({time.monotonic() - began:.0f} s)")
        for finding in found[:20]:
            console.print(f"{finding.kind} {finding.subject}: {finding.message}", markup=False)
    return int(not right or bool(found))


if __name__ == "__main__":
    sys.exit(main())
