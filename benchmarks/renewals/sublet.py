"""Our renewals: partners whose accounts all fall due at one instant, the sweep that finds them, and the worker."""

import os
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import boto3

from benchmarks.copies import copy_account
from benchmarks.emulated import client
from benchmarks.new_partners import ACTOR, company_card, new_partner
from chalicelib.domain.accounts.accounts import Client
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.ids import new_id
from chalicelib.gateways.due_queue import Due
from chalicelib.gateways.payments import Charged
from chalicelib.gateways.sandbox_payments import SandboxPayments
from chalicelib.models.transactions import commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.accounts import creation
from chalicelib.services.accounts.account_requests import NewAccountRequest
from chalicelib.services.schedule import sweeps, worker
from chalicelib.services.wallet import prepaid

START = datetime(2026, 1, 31, 15, 0, tzinfo=UTC)
REMINDER = datetime(2026, 2, 21, 6, 0, tzinfo=UTC)
RENEWAL = datetime(2026, 2, 28, 6, 0, tzinfo=UTC)
NEXT_REMINDER = datetime(2026, 3, 24, 5, 0, tzinfo=UTC)
NEXT_RENEWAL = datetime(2026, 3, 31, 5, 0, tzinfo=UTC)
PLUS = PlanRequest("V3", "marketing", "plus", 1000, Frequency.MONTHLY)


def _says_yes(_: SandboxPayments, *, key: str, **_named: Any) -> Charged:
    return Charged("sandbox", f"ch_{key}")


@dataclass
class Turn:
    """What some renewals took of this process: seconds of CPU and on the clock, and what became of them."""

    cpu: float = 0.0
    wall: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)

    def each(self, what: str) -> float:
        """Milliseconds of one renewal: of ``cpu``, or on the clock (``wall``)."""
        seconds: float = getattr(self, what)
        return seconds / self.counts["accounts"] * 1e3

    def add(self, other: "Turn") -> None:
        self.cpu += other.cpu
        self.wall += other.wall
        self.counts += other.counts

    @contextmanager
    def timed(self) -> Iterator[None]:
        cpu, wall = time.process_time(), time.perf_counter()
        yield
        self.cpu += time.process_time() - cpu
        self.wall += time.perf_counter() - wall


@contextmanager
def cards_say_yes() -> Iterator[None]:
    """A card processor that says yes at once and remembers nothing, so that only our own work is measured."""
    with mock.patch.object(SandboxPayments, "charge", _says_yes):
        yield


class Sublet:
    """Partners with as many accounts each, due at :data:`RENEWAL`, that pay with prepaid money or with a card."""

    def __init__(self, *, payers: int, accounts: int, card: bool) -> None:
        self.messages: list[Due] = []
        self.payers: list[str] = []
        self._card = card
        self._accounts = accounts
        client().delete_item(TableName="sublet-control", Key={"id": {"S": f"sweep#{Sweep.RENEWALS}"}})
        for _ in range(payers):
            self._furnish()

    # ------------------------------------------------------------------------------------------- what is measured

    def sweep(self, *, now: datetime) -> Turn:
        """The sweep of one minute; its messages wait for :meth:`work`."""
        turn = Turn()
        with turn.timed():
            position = sweeps.first_position(sweep=Sweep.RENEWALS, run=str(uuid.uuid4()), now=now)
            _, found = sweeps.send_due(position, out_of_time=lambda: False)
        turn.counts["found"] = found
        self.messages = list(received())
        return turn

    def work(self, *, now: datetime, payers: int | None = None) -> Turn:
        """Let the worker take the steps of all messages of so many payers; of all payers by default."""
        turn, chosen = Turn(), list(dict.fromkeys(message.payer for message in self.messages))[:payers]
        for message in [message for message in self.messages if message.payer in chosen]:
            self.messages.remove(message)
            turn.counts["accounts"] += len(message.subjects)
            with turn.timed():
                done = worker.take_due_steps(message, now=now)
            turn.counts += Counter(done.counts)
        return turn

    # ------------------------------------------------------------------------------------------- how it is furnished

    def _furnish(self) -> None:
        """A partner, its card, an account made by the product, and copies of that account's rows."""
        partner = new_partner(program="agency", at=START)
        first = self._create(partner.id, company_card(partner.id, at=START))
        copy_account(first, program_id="agency", copies=self._accounts - 1, at=START)
        self.payers.append(partner.id)
        if not self._card:
            prepaid.grant_prepaid(
                entry_id=new_id("txn", at=START),
                partner_id=partner.id,
                amount=self._accounts * 100_000,
                now=START,
                actor=ACTOR,
            )
        wallet = wallet_rows.get(partner.id)
        counts = {"last_invoice_number": self._accounts, "active_paid_accounts": self._accounts}
        commit([wallet_rows.put(replace(wallet, **counts))])

    def _create(self, partner_id: str, profile_id: str) -> str:
        return creation.create_account(
            partner_id=partner_id,
            account_id=new_id("acct", at=START),
            request=NewAccountRequest(
                name=f"a-{partner_id[-12:].lower()}",
                client=Client("Acme Inc", "owner@acme.example"),
                notification_email="ops@agency.example",
                country="US",
                language="en",
                time_zone="America/Chicago",
                plan=PLUS,
                billing_profile_id=profile_id,
            ),
            now=START,
            actor=ACTOR,
        ).account.id


def invoices_of(sublet: Sublet) -> int:
    """How many invoices there are of the partners."""
    pages = client().get_paginator("query")
    return sum(
        page["Count"]
        for payer in sublet.payers
        for page in pages.paginate(
            TableName="sublet-ledger",
            Select="COUNT",
            KeyConditionExpression="payer = :payer AND begins_with(id, :invoices)",
            ExpressionAttributeValues={":payer": {"S": payer}, ":invoices": {"S": "inv_"}},
        )
    )


def received() -> Iterator[Due]:
    """The messages in the queue, which is empty afterwards."""
    sqs, queue = boto3.client("sqs"), os.environ["DUE_QUEUE_URL"]
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            yield Due.parse(message["Body"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
