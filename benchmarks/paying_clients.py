"""Accounts that their clients pay for, all renewing on one day: what a renewal and its partner's line cost.

    .venv/bin/python -m benchmarks.paying_clients --accounts 10000 --partners 10

Starts an emulated AWS on loopback and runs the product's own sweep and worker on it, in this one process. One account a
partner is signed up by the product, and copies of its rows are written in batches. Each account is its own payer, with
its own card, which says yes at once: no two share a message, a wallet or a transaction. Then the changes are handed to
what the tables' streams wake, and the worker posts the commissions. Everything runs twice; the second time nothing may
happen. Items and DynamoDB's units are counted on 99 more accounts, which are not timed. Exits with 1 unless every
account is charged once and every invoice has its line.
"""

import argparse
import os
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.emulated import BATCH, Item, client, item, tables, write
from benchmarks.new_partners import new_partner
from benchmarks.recorder import Recorder
from benchmarks.renewals.sublet import Turn, cards_say_yes, received
from benchmarks.renewals.wire import Wire
from chalicelib.domain.accounts.accounts import Client
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.ids import derived_id, new_id
from chalicelib.gateways.due_queue import Due
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.earnings import balances as balance_rows
from chalicelib.programs import program
from chalicelib.services.accounts import own_accounts
from chalicelib.services.accounts.account_requests import NewAccountRequest
from chalicelib.services.earnings import postings
from chalicelib.services.events import event_log
from chalicelib.services.partners import billing_profiles
from chalicelib.services.schedule import sweeps, worker

START = datetime(2026, 1, 31, 15, 0, tzinfo=UTC)
REMINDER = datetime(2026, 2, 21, 6, 0, tzinfo=UTC)
RENEWAL = datetime(2026, 2, 28, 6, 0, tzinfo=UTC)
PLUS = PlanRequest("V3", "marketing", "plus", 1000, Frequency.MONTHLY)
COMMISSION = 1470
"""30 % of 49.00."""
COUNTED = 99
_AT_ONCE = 100
"""The changes of one batch of a stream, and the items of one batch of reads."""


@dataclass
class Clients:
    """Partners with so many accounts each that their clients pay for, reminded and due at :data:`RENEWAL`."""

    partners: int
    accounts: int
    ids: list[str] = field(default_factory=list)
    earners: list[str] = field(default_factory=list)

    def furnish(self, progress: Progress) -> None:
        shown = progress.add_task("writing accounts", total=self.partners * self.accounts)
        for _ in range(self.partners):
            earner, first = _signed_up()
            self.earners.append(earner)
            rows = _rows_of(first)
            copies = [new_id("acct", at=START) for _ in range(self.accounts - 1)]
            for start in range(0, len(copies), BATCH):
                some = copies[start : start + BATCH]
                for table, items in _copied(rows, first, some).items():
                    for at in range(0, len(items), BATCH):
                        write(table, items[at : at + BATCH])
                progress.advance(shown, len(some))
            progress.advance(shown)
            self.ids += [first, *copies]

    def invoices(self) -> Iterator[Item]:
        """The invoices of the renewals, as they are stored; less than all if some are missing."""
        keys = [{"payer": {"S": each}, "id": {"S": derived_id("inv", each, "2")}} for each in self.ids]
        for start in range(0, len(keys), _AT_ONCE):
            wanted = {"sublet-ledger": {"Keys": keys[start : start + _AT_ONCE]}}
            while wanted:
                answer = client().batch_get_item(RequestItems=wanted)
                yield from answer["Responses"]["sublet-ledger"]
                wanted = answer["UnprocessedKeys"]

    def earned(self) -> list[int]:
        """The balance of each partner's earnings, in cents."""
        found = [balance_rows.get(earner) for earner in self.earners]
        return [each.balance.amount if each else 0 for each in found]


def _signed_up() -> tuple[str, str]:
    """A partner, and an account of its that a client signed up for and pays, reminded of its renewal."""
    partner = new_partner(program="agency", at=START)
    account = own_accounts.create_own_account(
        account_id=new_id("acct", at=START),
        partner_id=partner.id,
        request=NewAccountRequest(
            name=f"c-{partner.id[-12:].lower()}",
            client=Client("Acme Inc", "owner@acme.example"),
            notification_email="",
            country="US",
            language="en",
            time_zone="America/Chicago",
            plan=PLUS,
        ),
        password="a long password",
        payment_method="pm_card_visa",
        now=START,
    )
    worker.take_due_steps(Due(account.id, (account.id,), Sweep.RENEWALS, "reminder"), now=REMINDER)
    return partner.id, account.id


def _rows_of(account_id: str) -> dict[str, list[Item]]:
    """The rows of an account, by table, that its renewal reads or writes."""
    card = billing_profiles.own_card_id(account_id)
    pages = (
        client()
        .get_paginator("query")
        .paginate(
            TableName="sublet-ledger",
            KeyConditionExpression="payer = :payer",
            ExpressionAttributeValues={":payer": {"S": account_id}},
        )
    )
    return {
        "sublet-wallets": [item("sublet-wallets", payer=account_id)],
        "sublet-billing-profiles": [item("sublet-billing-profiles", partner_id=account_id, id=card)],
        "sublet-ledger": [row for page in pages for row in page["Items"]],
    }


def _copied(rows: dict[str, list[Item]], first: str, copies: Sequence[str]) -> dict[str, list[Item]]:
    """The same rows for other accounts: every id that names the first or is made from its own names theirs instead."""
    made = {table: [_renamed(row, first, each) for each in copies for row in found] for table, found in rows.items()}
    return made | {"sublet-accounts": _accounts(first, copies)}


def _accounts(first: str, copies: Sequence[str]) -> list[Item]:
    """Copies of the account, written as the product writes it: what names its card is packed in the row."""
    account = account_rows.get(first)
    assert account is not None
    changes = [
        {
            "id": each,
            "payer": each,
            "name": each.lower()[-20:],
            "billing_profile_id": billing_profiles.own_card_id(each),
        }
        for each in copies
    ]
    new = [replace(account, version=0, **change) for change in changes]
    return [account_rows.put(each, program=program("agency"), actor="benchmark").row.serialize() for each in new]


def _renamed(row: Item, first: str, copy: str) -> Item:
    names = {
        first: copy,
        billing_profiles.own_card_id(first): billing_profiles.own_card_id(copy),
        derived_id("inv", first, "1"): derived_id("inv", copy, "1"),
    }
    return {name: {"S": names.get(value["S"], value["S"])} if "S" in value else value for name, value in row.items()}


def swept(*, now: datetime) -> tuple[list[Due], Turn]:
    """The messages of the sweep of one minute."""
    turn = Turn()
    with turn.timed():
        position = sweeps.first_position(sweep=Sweep.RENEWALS, run=str(uuid.uuid4()), now=now)
        _, found = sweeps.send_due(position, out_of_time=lambda: False)
    turn.counts["found"] = found
    return list(received()), turn


def worked(messages: Sequence[Due], *, now: datetime, progress: Progress, what: str) -> Turn:
    """Let the worker take the steps of the messages, one after the other."""
    turn, shown = Turn(), progress.add_task(what, total=len(messages))
    for message in messages:
        with turn.timed():
            done = worker.take_due_steps(message, now=now)
        turn.counts += Counter(done.counts)
        progress.advance(shown)
    return turn


def streamed(images: Sequence[Item], *, now: datetime) -> Turn:
    """What the function on the tables' streams does with new invoices to have them posted; without their events."""
    turn = Turn()
    for start in range(0, len(images), _AT_ONCE):
        with turn.timed():
            postings.set_alarms([("sublet-ledger", None, image) for image in images[start : start + _AT_ONCE]], now=now)
    return turn


@dataclass(frozen=True)
class Part:
    """A part of what one renewal takes."""

    name: str
    turn: Turn
    messages: int = 0
    wire: Wire | None = None


def morning(clients: Clients, *, progress: Progress) -> tuple[list[Part], list[str]]:
    """The renewals of all accounts and the postings of what they bring; and what was wrong."""
    count, after = len(clients.ids), RENEWAL + timedelta(minutes=1)
    messages, sweep = swept(now=RENEWAL)
    charging = Wire()
    with charging.watched():
        charged = worked(messages, now=RENEWAL, progress=progress, what="renewing")
    invoices = list(clients.invoices())
    stream = streamed(invoices, now=RENEWAL)
    posting_messages, posting_sweep = swept(now=after)
    posting = Wire()
    with posting.watched():
        posted = worked(posting_messages, now=after, progress=progress, what="posting earnings")
    again = worked([*messages, *posting_messages], now=after, progress=progress, what="delivering all again")
    _, second = swept(now=after)
    each = clients.accounts * COMMISSION
    checks = {
        f"{sweep.counts['found']} accounts were found due": sweep.counts["found"] == count,
        f"of them {charged.counts['paid']} were paid": charged.counts["paid"] == count,
        f"there are {len(invoices)} invoices": len(invoices) == count,
        f"{posted.counts['earnings_posted']} lines were posted": posted.counts["earnings_posted"] == count,
        f"the balances are {clients.earned()}": set(clients.earned()) == {each},
        f"messages delivered again did {dict(again.counts)}": not again.counts["paid"]
        + again.counts["earnings_posted"],
        f"a second sweep found {second.counts['found']}": not second.counts["found"],
    }
    parts = [
        Part("sweep", sweep, len(messages)),
        Part("renewal", charged, len(messages), charging),
        Part("alarm for the posting", stream),
        Part("sweep of the alarms", posting_sweep, len(posting_messages)),
        Part("posting", posted, len(posting_messages), posting),
    ]
    return parts, [wrong for wrong, right in checks.items() if not right]


def times(parts: Sequence[Part], accounts: int) -> Table:
    """What one account took this process."""
    table = Table("of an account", "messages", "seconds in all", "ms on the clock", "CPU ms", "requests", "bytes")
    for part in parts:
        wire = part.wire
        table.add_row(
            part.name,
            f"{part.messages / accounts:.3f}" if part.messages else "",
            f"{part.turn.wall:,.1f}",
            f"{part.turn.wall / accounts * 1e3:.3f}",
            f"{part.turn.cpu / accounts * 1e3:.3f}",
            f"{wire.requests / accounts:.3f}" if wire else "",
            f"{wire.bytes_moved / accounts:,.0f}" if wire else "",
        )
    return table


def counted(*, progress: Progress) -> Table:
    """Items and DynamoDB's units of one renewal and its line, on accounts of one partner that are not timed."""
    clients = Clients(1, COUNTED)
    clients.furnish(progress)
    after = RENEWAL + timedelta(minutes=1)
    messages, _ = swept(now=RENEWAL)
    with Recorder().open() as renewal:
        worked(messages, now=RENEWAL, progress=progress, what="counting renewals")
    with Recorder().open() as events:
        for start in range(0, len(renewal.changes), _AT_ONCE):
            event_log.publish(renewal.changes[start : start + _AT_ONCE])
    with Recorder().open() as alarm:
        for start in range(0, len(renewal.changes), _AT_ONCE):
            postings.set_alarms(renewal.changes[start : start + _AT_ONCE], now=RENEWAL)
    messages, _ = swept(now=after)
    with Recorder().open() as posting:
        worked(messages, now=after, progress=progress, what="counting lines")
    with Recorder().open() as line_events:
        event_log.publish(posting.changes)
    columns = ("requests", "items read", "written", "read units", "write units", "$ a million")
    table = Table("of an account", *columns, title="In DynamoDB")
    named = [
        ("renewal", renewal),
        ("events of the renewal", events),
        ("alarm for the posting", alarm),
        ("line: posted", posting),
        ("line: its events", line_events),
    ]
    for name, seen in named:
        table.add_row(name, *(f"{number / COUNTED:,.2f}" for number in _numbers([seen])))
    table.add_section()
    table.add_row("all of it", *(f"{number / COUNTED:,.2f}" for number in _numbers([seen for _, seen in named])))
    of_line = [alarm, posting, line_events]
    table.add_row("of that the line", *(f"{number / COUNTED:,.2f}" for number in _numbers(of_line)))
    return table


def _numbers(seen: Sequence[Recorder]) -> list[float]:
    return [
        sum(each.requests.total() for each in seen),
        sum(each.items_read.total() for each in seen),
        sum(each.items_written.total() for each in seen),
        sum(each.read_units for each in seen),
        sum(each.write_units for each in seen),
        sum(each.dollars for each in seen),
    ]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.paying_clients",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--accounts", type=int, default=10_000, help="in all, due at once (10000)")
    parser.add_argument("--partners", type=int, default=10, help="that they are divided among (10)")
    arguments = parser.parse_args()
    if arguments.accounts % arguments.partners:
        parser.error("--accounts must be a multiple of --partners.")
    console, load = Console(highlight=False), os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as home, tables(Path(home)), cards_say_yes(), Progress(console=console) as shown:
        units = counted(progress=shown)
        clients = Clients(arguments.partners, arguments.accounts // arguments.partners)
        clients.furnish(shown)
        parts, wrong = morning(clients, progress=shown)
    console.print(units, times(parts, arguments.accounts))
    console.print(f"{arguments.accounts:,} accounts of {arguments.partners} partners; load {load:.1f} before.")
    console.print(
        "\n".join(wrong) or "Each account was charged once, each invoice has its line; a second run did nothing."
    )
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
