"""A partner's world on moto: its services called as the handlers call them, its time moved by hand."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3

from chalicelib.config import settings
from chalicelib.domain.accounts.accounts import Account, Client
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.ids import new_id
from chalicelib.domain.wallet.journal import Entry
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.gateways.due_queue import Due
from chalicelib.models import alarms
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.accounts import accounts, creation, own_accounts
from chalicelib.services.accounts.account_requests import NewAccountRequest
from chalicelib.services.billing import invoices
from chalicelib.services.partners import billing_profiles, partners
from chalicelib.services.schedule import sweeps
from chalicelib.services.schedule.worker import take_due_steps
from chalicelib.services.wallet import prepaid, top_ups

START = datetime(2026, 1, 31, 15, 0, tzinfo=UTC)
PLUS = PlanRequest("V3", "marketing", "plus", 1000, Frequency.MONTHLY)
TRIAL = PlanRequest("V1", "EM", "trial")
SANDBOX = PlanRequest("V1", "EM", "sandbox")
ACTOR = "api_key:key_test"


@dataclass
class World:
    """One partner, its wallet and its accounts; ``now`` only moves when a test moves it.

    The daily check of prepaid money does not run unless the test is about it.
    """

    now: datetime = START
    program: str = "agency"
    time_zone: str = "America/Chicago"
    partner_id: str = ""
    watched: bool = False
    names: int = 0

    def __post_init__(self) -> None:
        if not self.partner_id:
            self.partner_id = self.create_partner()

    def create_partner(self) -> str:
        partner, _ = partners.create_partner(
            partner_id=new_id("prt", at=self.now),
            name="Bright Agency",
            program=self.program,
            email="books@bright.example",
            country="US",
            time_zone=self.time_zone,
            currency=None,
            now=self.now,
            actor=ACTOR,
        )
        return partner.id

    def card(self, payment_method: str = "pm_card_visa") -> str:
        return billing_profiles.create_profile(
            profile_id=new_id("bp", at=self.now),
            partner_id=self.partner_id,
            name="Company card",
            payment_method=payment_method,
            address=None,
            default=False,
            now=self.now,
            actor=ACTOR,
        ).id

    def buy(self, amount: int, *, card: str | None = None, account_id: str | None = None, id: str = "") -> Entry:
        return prepaid.buy_prepaid(
            purchase_id=id or new_id("txn", at=self.now),
            partner_id=self.partner_id,
            billing_profile_id=card or self.card(),
            amount=amount,
            account_id=account_id,
            now=self.now,
            actor=ACTOR,
        )

    def top_up(self, below: int, amount: int, *, card: str | None = None) -> None:
        """Turn automatic top-up on."""
        top_ups.set_up_top_up(
            partner_id=self.partner_id,
            below=below,
            amount=amount,
            billing_profile_id=card or self.card(),
            now=self.now,
            actor=ACTOR,
        )

    def wanted(self, **overrides: Any) -> NewAccountRequest:
        self.names += 1
        fields: dict[str, Any] = {
            "name": f"acme-{self.names}",
            "client": Client("Acme Inc", "owner@acme.example"),
            "notification_email": "ops@bright.example",
            "country": "US",
            "language": "en",
            "time_zone": self.time_zone,
            "plan": PLUS,
        }
        return NewAccountRequest(**fields | overrides)

    def create(self, *, id: str = "", **overrides: Any) -> Account:
        if "billing_profile_id" not in overrides and overrides.get("plan", PLUS) not in (TRIAL, SANDBOX):
            overrides["billing_profile_id"] = self.card()
        return creation.create_account(
            partner_id=self.partner_id,
            account_id=id or new_id("acct", at=self.now),
            request=self.wanted(**overrides),
            now=self.now,
            actor=ACTOR,
        ).account

    def sign_up(
        self,
        payment_method: str | None = "pm_card_visa",
        *,
        id: str = "",
        password: str = "a-long-password",
        **others: Any,
    ) -> Account:
        """An account that its client pays for, referred by the partner."""
        return own_accounts.create_own_account(
            account_id=id or new_id("acct", at=self.now),
            partner_id=self.partner_id,
            request=self.wanted(notification_email="", **others),
            password=password,
            payment_method=payment_method,
            now=self.now,
        )

    def account(self, account_id: str) -> Account:
        return accounts.get_account(partner_id=self.partner_id, account_id=account_id)

    def cancel(self, account_id: str, **overrides: Any) -> Account:
        fields: dict[str, Any] = {"reason": None, "retain_data": True, "effective_date": None}
        return accounts.cancel_account(
            partner_id=self.partner_id, account_id=account_id, now=self.now, actor=ACTOR, **fields | overrides
        )

    @property
    def wallet(self) -> Wallet:
        return wallet_rows.get(self.partner_id)

    def invoices(self, account_id: str | None = None) -> list[Invoice]:
        """All invoices, oldest first."""
        found, start = [], None
        while True:
            page, start = invoices.list_invoices(
                payer=self.partner_id,
                account_id=account_id,
                status=None,
                since=None,
                until=None,
                limit=100,
                start=start,
            )
            found += page
            if start is None:
                return found[::-1]

    def journal(self) -> list[Entry]:
        """The whole journal of prepaid money, oldest first."""
        found, start = [], None
        while True:
            page, start = prepaid.list_journal(partner_id=self.partner_id, limit=100, start=start)
            found += page
            if start is None:
                return found[::-1]

    @property
    def sweeps(self) -> tuple[Sweep, ...]:
        return tuple(Sweep) if self.watched else (Sweep.RENEWALS, Sweep.TRIALS)

    def run_schedules(self, *, healing: bool = False, times: int = 1) -> None:
        """Run every sweep at ``now`` and let the worker handle what it sent, each message ``times`` times."""
        for sweep in self.sweeps:
            position = sweeps.first_position(sweep=sweep, run=new_id("run", at=self.now), now=self.now, healing=healing)
            sweeps.send_due(position, out_of_time=lambda: False)
        for due in self.receive():
            for _ in range(times):
                take_due_steps(due, now=self.now)

    def receive(self) -> list[Due]:
        """Everything the queue holds, taken from it."""
        sqs, url = _sqs(), settings().due_queue_url
        found: list[Due] = []
        while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                found.append(Due.parse(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def advance(self, *, to: datetime | None = None, days: int = 0) -> None:
        """Move time forward from alarm to alarm, letting the schedules run at each."""
        target = to or self.now + timedelta(days=days)
        repeats = 0
        while (alarm := self.next_alarm()) is not None and alarm <= target:
            repeats = repeats + 1 if alarm <= self.now else 0
            assert repeats < 5, f"what was due at {alarm} stays due, however often the schedules run"
            self.now = max(alarm, self.now)
            self.run_schedules()
        self.now = target

    def next_alarm(self) -> datetime | None:
        """The earliest alarm set, past ones included."""
        ahead = [
            row.due_at
            for sweep in self.sweeps
            for shard in range(settings().due_shards)
            for row in alarms.due(sweep=sweep, shard=shard, since=None, until=_FAR, start=None)
        ]
        return min(ahead, default=None)


_FAR = datetime(9999, 1, 1, tzinfo=UTC)


@cache
def _sqs() -> Any:
    return boto3.client("sqs")


def raw_account(account_id: str) -> AccountRow:
    """The account's row as stored, pending ones too."""
    return AccountRow.get(account_id)
