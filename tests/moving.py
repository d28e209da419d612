"""An account's way from one partner to another on moto: filed, agreed to by its owner, approved."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.accounts.accounts import Account, Relationship
from chalicelib.domain.ids import new_id
from chalicelib.domain.partners.partners import house_id
from chalicelib.domain.transfers.management_requests import Decision
from chalicelib.domain.transfers.transfers import Direction, Transfer
from chalicelib.gateways import sandbox_mail
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.services.transfers import filing, moves, owners, requests, steps
from chalicelib.services.transfers.requests import TransferRequest
from tests.world import ACTOR, World

BASE = "https://api.example"
OPERATOR = "operator"


@dataclass
class Moving:
    """The partner that has an account and the one that wants it, each with its world; both have the same clock."""

    old: World = field(default_factory=World)
    new: World = field(default_factory=World)

    @property
    def now(self) -> datetime:
        return self.old.now

    def at(self, now: datetime) -> None:
        """Move both clocks without running anything."""
        self.old.now = self.new.now = now

    def advance(self, *, days: int) -> None:
        """Let time pass from alarm to alarm; the schedules are those of all partners."""
        self.old.advance(days=days)
        self.new.now = self.old.now

    def account(self, account_id: str) -> Account:
        account = account_rows.get(account_id)
        assert account is not None
        return account

    def wanted_in(self, wanted: Account, **overrides: Any) -> TransferRequest:
        """Managed by the new partner, by a card of its own unless it is said otherwise."""
        fields: dict[str, Any] = {
            "direction": Direction.IN,
            "account": wanted.name,
            "owner_email": wanted.client.email,
            "relationship": Relationship.MANAGED,
        }
        if not {"billing_profile_id", "single_bill", "relationship"} & overrides.keys():
            fields["billing_profile_id"] = self.new.card()
        return TransferRequest(**fields | overrides)

    def file(self, request: TransferRequest, *, by: World | None = None, id: str = "") -> Transfer:
        by = by or (self.new if request.direction is Direction.IN else self.old)
        return filing.file_transfer(
            filer=requests.filer_of(partner_id=by.partner_id),
            transfer_id=id or new_id("xfer", at=self.now),
            request=request,
            base_url=BASE,
            now=self.now,
            actor=ACTOR,
        )

    def file_in(self, wanted: Account, **overrides: Any) -> Transfer:
        return self.file(self.wanted_in(wanted, **overrides))

    def file_out(self, account: Account, **overrides: Any) -> Transfer:
        return self.file(self.wanted_out(account, **overrides))

    def wanted_out(self, account: Account, **overrides: Any) -> TransferRequest:
        fields = {"direction": Direction.OUT, "account_id": account.id, "client_email": account.client.email}
        return TransferRequest(**fields | overrides)

    def step(self, transfer: Transfer) -> str:
        """The step of a transfer that is due now, as the worker takes it."""
        return steps.take_due_step(transfer_id=transfer.id, now=self.now, actor="schedule:renewals")

    def token(self, transfer: Transfer) -> str:
        """The link that the owner was mailed last, sent now if it was not yet."""
        return token_in(self.mailed(transfer, "owner_link").text)

    def mailed(self, transfer: Transfer, letter: str) -> Any:
        """The mail that a transfer has to send now."""
        before = {mail.id for mail in mails()}
        assert self.step(transfer) == f"mail_{letter}"
        (mail,) = (mail for mail in mails() if mail.id not in before)
        return mail

    def agree(self, transfer: Transfer, decision: Decision = Decision.CONFIRM) -> Transfer:
        return owners.answer(token=self.token(transfer), decision=decision, now=self.now)

    def agreed(self, account: Account, **overrides: Any) -> Transfer:
        return self.agree(self.file_in(account, **overrides))

    def approve(self, transfer: Transfer) -> Transfer:
        return moves.approve(transfer_id=transfer.id, now=self.now, actor=OPERATOR)

    def moved_in(self, account: Account, **overrides: Any) -> Account:
        self.approve(self.agreed(account, **overrides))
        return self.account(account.id)

    def moved_out(self, account: Account, **overrides: Any) -> Account:
        self.approve(self.file_out(account, **overrides))
        return self.account(account.id)

    def house(self, program: str = "agency") -> World:
        """The house's world, to read what is its own."""
        return World(now=self.now, program=program, partner_id=house_id(program))

    def later(self, **span: float) -> None:
        self.at(self.now + timedelta(**span))


def mails() -> list[Any]:
    """All mails, in the order they were sent."""
    return sandbox_mail.kept()


def token_in(text: str) -> str:
    found = re.search(r"/public/transfers/(\S+)", text)
    assert found is not None, text
    return found[1]
