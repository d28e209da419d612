"""Requests to move an account to another partner, or away from one: who answers them, and how they end (rules §9)."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from chalicelib.domain.accounts.accounts import Relationship
from chalicelib.domain.calendar import after_days
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.copies import replace
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.values import dataclass


class Direction(StrEnum):
    """Seen from the partner that files the request: an account moves in, or out to the house."""

    IN = "in"
    OUT = "out"


class TransferStatus(StrEnum):
    """Where a request stands: it waits for one of two answers, or has ended."""

    WAITING_FOR_OWNER = "waiting_for_owner"
    WAITING_FOR_OPERATOR = "waiting_for_operator"
    COMPLETED = "completed"
    DECLINED = "declined"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class Letter(StrEnum):
    """A mail that a request still has to send."""

    OWNER_LINK = "owner_link"
    """To the owner of the account that is to move in: the link to the page where it answers."""
    PASSWORD_RESET = "password_reset"  # noqa: S105 - the name of a mail
    """To the client of an account that has moved: the partner it had may know its password."""
    CARD_LINK = "card_link"
    """To the client that pays from now on and has no card on file."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One request. ``email`` is the owner's, or client's, as the partner gave it.

    A request *in* names the account by ``account_name``; ``account_id`` is known once its owner has agreed, and
    ``from_partner_id`` is the partner that had the account then. ``plan`` is that of the new program, from the next
    renewal on. ``letters`` are mailed at ``mail_at``, in their order; ``base_url`` is the API's address for their
    links. ``reason`` is why it was rejected.
    """

    id: str
    partner_id: str
    direction: Direction
    status: TransferStatus
    email: str
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    account_name: str | None = None
    account_id: str | None = None
    from_partner_id: str | None = None
    relationship: Relationship | None = None
    billing_profile_id: str | None = None
    single_bill: bool = False
    plan: Plan | None = None
    reason: str | None = None
    letters: tuple[Letter, ...] = ()
    mail_at: datetime | None = None
    base_url: str = ""
    fingerprint: str | None = None
    revision: int = 0
    version: int = 0

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to answer it."""
        return self.status in _OPEN

    @property
    def client_will_pay(self) -> bool:
        """Whether the account's client is to pay for it."""
        return self.direction is Direction.OUT or self.relationship is Relationship.REFERRED


_OPEN = (TransferStatus.WAITING_FOR_OWNER, TransferStatus.WAITING_FOR_OPERATOR)

MOST_OF_AN_ACCOUNT = 20
"""Open requests that one account can have, counted from when it is known that they are about it."""


class TransferRefused(Refusal):
    """The request does not allow this now."""

    code = "transfer_refused"
    title = "The transfer does not allow this now"


class AlreadyAnswered(TransferRefused):
    """The owner has given its one answer."""

    code = "already_answered"
    title = "The request was answered already"


def expires_at(*, partner: Partner, program: Program, now: datetime) -> datetime:
    """When a request that is filed now lapses, in the time zone of the partner that files it (§4, §9)."""
    return after_days(now, program.transfer_request_days, partner.time_zone)


def due_at(transfer: Transfer) -> datetime | None:
    """When the request's next step falls due: a letter, or its lapse; None once there is none."""
    mail_at = transfer.mail_at if transfer.letters else None
    lapses_at = transfer.expires_at if transfer.is_open else None
    return min((at for at in (mail_at, lapses_at) if at is not None), default=None)


def agreed(transfer: Transfer, *, account_id: str, from_partner_id: str, now: datetime) -> Transfer:
    """The request after the owner agreed; the same answer again changes nothing. Raises :class:`AlreadyAnswered`."""
    if transfer.status is TransferStatus.WAITING_FOR_OPERATOR:
        return transfer
    _refuse_second_answer(transfer, now=now)
    return replace(
        transfer,
        status=TransferStatus.WAITING_FOR_OPERATOR,
        account_id=account_id,
        from_partner_id=from_partner_id,
        letters=(),
        updated_at=now,
    )


def declined(transfer: Transfer, *, now: datetime) -> Transfer:
    """The request after the owner declined; the same answer again changes nothing. Raises :class:`AlreadyAnswered`."""
    if transfer.status is TransferStatus.DECLINED:
        return transfer
    _refuse_second_answer(transfer, now=now)
    return ended(transfer, TransferStatus.DECLINED, now=now)


def _refuse_second_answer(transfer: Transfer, *, now: datetime) -> None:
    if transfer.status is not TransferStatus.WAITING_FOR_OWNER or now >= transfer.expires_at:
        raise AlreadyAnswered(_WHY_OVER[status_at(transfer, now)], extra=_extra(transfer, now))


def ended(transfer: Transfer, status: TransferStatus, *, now: datetime, reason: str | None = None) -> Transfer:
    """The request once it has ended: nobody is written to about it any more."""
    return replace(transfer, status=status, reason=reason, letters=(), mail_at=None, updated_at=now)


def refuse_unless_open(transfer: Transfer, *, now: datetime) -> None:
    """Raise :class:`TransferRefused` for a request that has ended, or whose time is up."""
    if not transfer.is_open or now >= transfer.expires_at:
        raise TransferRefused(f"{transfer.id} is {status_at(transfer, now)}.", extra=_extra(transfer, now))


def refuse_unless_waiting_for_operator(transfer: Transfer, *, now: datetime) -> None:
    """Raise :class:`TransferRefused` unless it is an operator's turn."""
    refuse_unless_open(transfer, now=now)
    if transfer.status is not TransferStatus.WAITING_FOR_OPERATOR:
        raise TransferRefused(f"{transfer.id} waits for the account's owner first.", extra=_extra(transfer, now))


def status_at(transfer: Transfer, now: datetime) -> TransferStatus:
    """Its status; a request whose time is up has lapsed, even if its alarm was not worked off yet."""
    return TransferStatus.LAPSED if transfer.is_open and now >= transfer.expires_at else transfer.status


def _extra(transfer: Transfer, now: datetime) -> Mapping[str, object]:
    return {"transfer_status": status_at(transfer, now)}


_WHY_OVER: Mapping[TransferStatus, str] = {
    TransferStatus.WAITING_FOR_OPERATOR: "You have agreed already.",
    TransferStatus.COMPLETED: "The account has moved already.",
    TransferStatus.DECLINED: "You have declined already.",
    TransferStatus.REJECTED: "The request was rejected meanwhile.",
    TransferStatus.WITHDRAWN: "The request was withdrawn meanwhile.",
    TransferStatus.LAPSED: "The request has lapsed.",
}
