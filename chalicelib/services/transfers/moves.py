"""Moving an account to another partner: what it will come to, and the one transaction that does it (rules §9)."""

from dataclasses import replace
from datetime import datetime

from chalicelib.domain.accounts import lifecycle
from chalicelib.domain.accounts.accounts import Account, ManagementRequestStatus, renews_at
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.money import Money
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.refusals import Invalid, NotFound
from chalicelib.domain.schedule import renewals
from chalicelib.domain.setup.branding import PLAIN, Branding
from chalicelib.domain.transfers import moves as domain
from chalicelib.domain.transfers import transfers as transfer_domain
from chalicelib.domain.transfers.moves import Destination, MoveRefused
from chalicelib.domain.transfers.transfers import Direction, Letter, Transfer, TransferStatus
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.open_bill import OpenBill
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.clients import client_access
from chalicelib.models.setup import branding as branding_rows
from chalicelib.models.setup import named_lists as list_rows
from chalicelib.models.transactions import Write
from chalicelib.models.transfers import management_requests as permission_rows
from chalicelib.models.transfers import transfers as transfer_rows
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.accounts.transitions import Transition, write_transition
from chalicelib.services.partners import billing_profiles, partners
from chalicelib.services.setup import custom_domains
from chalicelib.services.transfers import filing, requests, transfers
from chalicelib.services.transfers.requests import Filer, TransferRequest

_BUSY = "Others kept changing the account. Try again in a moment."
MOVED = "The account has moved to another partner."
"""Why the other open transfers of an account are rejected when it moves."""


@dataclass(frozen=True)
class Planned:
    """A move that is possible now: the account as it is, where it goes, and what the account will be."""

    account: Account
    from_partner: Partner
    to: Destination
    after: Account
    branding: Branding
    next_price: Money | None

    @property
    def next_plan(self) -> Plan:
        """The plan of the account's next period, or the one it has if there is none."""
        return lifecycle.plan_due(self.after)

    @property
    def renews_at(self) -> datetime | None:
        return renews_at(self.after)

    @property
    def ends(self) -> tuple[str, ...]:
        """What of the account ends with the move, in words (§9)."""
        before, had_bill = self.account, self.account.single_bill and not self.after.single_bill
        ending = {
            "single_bill": had_bill,
            "set_aside": bool(before.set_aside),
            "metadata": bool(before.metadata),
            "branding": self.branding != PLAIN,
            "domain": before.custom_domain is not None,
            "disabled": before.disabled_message is not None or before.status != self.after.status,
        }
        return tuple(what for what, ends in ending.items() if ends)


def preview_removal(*, filer: Filer, request: TransferRequest, now: datetime) -> Planned:
    """What a removal will come to. Nothing is written. Raises as :func:`filing.file_transfer`."""
    if faults := list(requests.faults_of(request, filer=filer)):
        raise Invalid(errors=faults)
    account, to = filing.removal_of(request, filer=filer, now=now)
    return _planned(account, to, now=now)


def preview_move(*, transfer_id: str, now: datetime) -> Planned:
    """What approving a transfer will come to. Nothing is written. Raises as :func:`approve`."""
    transfer = transfers.get_any(transfer_id=transfer_id)
    transfer_domain.refuse_unless_waiting_for_operator(transfer, now=now)
    return plan_move(transfer, now=now)


def approve(*, transfer_id: str, now: datetime, actor: str) -> Transfer:
    """Move the account of a transfer, at once and in one transaction; one that is completed stays as it is.

    Raises :class:`NotFound`, :class:`~transfer_domain.TransferRefused`, :class:`MoveRefused` and what
    :func:`domain.refuse_unless_movable` raises: then the transfer keeps waiting.
    """

    def attempt() -> Transfer:
        transfer = transfers.get_any(transfer_id=transfer_id)
        if transfer.status is TransferStatus.COMPLETED:
            return transfer
        transfer_domain.refuse_unless_waiting_for_operator(transfer, now=now)
        planned = plan_move(transfer, now=now)
        if planned.to.partner.house:
            partners.house_of(planned.to.program.name, now=now, actor=actor)
        completed = _completed(transfer, planned, now=now)
        others = _others(completed, planned, now=now, actor=actor)
        transition = Transition(planned.account, planned.after, "account.moved", tuple(others))
        write_transition(transition, program=planned.to.program, now=now, actor=actor)
        return transfers.get_any(transfer_id=transfer_id)

    return transactions.retry(attempt, busy=_BUSY)


def plan_move(transfer: Transfer, *, account: Account | None = None, now: datetime) -> Planned:
    """The move that a transfer asks for, if it is possible now; ``account`` where its owner has not agreed yet.

    Raises :class:`MoveRefused` and what :func:`domain.refuse_unless_movable` raises.
    """
    account = account or account_rows.get(transfer.account_id or "")
    if account is None:
        raise NotFound.of("account", transfer.account_id or transfer.account_name or "")
    if transfer.from_partner_id not in (None, account.partner_id):
        raise MoveRefused(f"{account.id} has moved since the transfer was confirmed.")
    to = _destination(transfer, now=now)
    planned = _planned(account, to, now=now)
    if transfer.direction is Direction.OUT:
        domain.refuse_while_set_up(account, planned.branding)
    return planned


def _destination(transfer: Transfer, *, now: datetime) -> Destination:
    filer = requests.filer_of(partner_id=transfer.partner_id)
    if transfer.direction is Direction.OUT:
        return filing.house_for(filer.program, plan=transfer.plan, now=now)
    assert transfer.relationship is not None
    if transfer.billing_profile_id is not None:
        try:
            billing_profiles.get_profile(partner_id=filer.partner.id, profile_id=transfer.billing_profile_id)
        except NotFound as error:
            gone = f"The billing profile {transfer.billing_profile_id} that was to pay for it is gone."
            raise MoveRefused(gone) from error
    return Destination(
        filer.partner, filer.program, transfer.relationship, pays=transfers.pays_of(transfer), plan=transfer.plan
    )


def _planned(account: Account, to: Destination, *, now: datetime) -> Planned:
    bill = _bill_of(account.payer, account.currency)
    joins = to.pays is not None and to.pays.single_bill
    new_bill = _bill_of(to.partner.id, to.program.currency) if joins else None
    domain.refuse_unless_movable(account, to, bill=bill, new_bill=new_bill, now=now)
    after = domain.moved(account, to, bill=bill, now=now)
    return Planned(
        account,
        partners.get_partner(partner_id=account.partner_id),
        to,
        after,
        branding_rows.get(account.id),
        _next_price(after, to),
    )


def _bill_of(payer: str, currency: str) -> OpenBill | None:
    return wallet_rows.get_or_new(payer, currency=currency).single_bill


def _next_price(after: Account, to: Destination) -> Money | None:
    """What the next period will cost; None if there is none, or it has no price."""
    if renews_at(after) is None:
        return None
    count = wallet_rows.get_or_new(after.payer, currency=after.currency).active_paid_accounts + 1
    priced = renewals.next_price(after, program=to.program, active_paid_accounts=count)
    return priced.total if priced else None


def _completed(transfer: Transfer, planned: Planned, *, now: datetime) -> Transfer:
    """The transfer once its account has moved, with the mails to the client that follow."""
    letters = [Letter.PASSWORD_RESET]
    if planned.after.pays_itself and planned.after.billing_profile_id is None:
        letters.append(Letter.CARD_LINK)
    return replace(
        transfer_domain.ended(transfer, TransferStatus.COMPLETED, now=now), letters=tuple(letters), mail_at=now
    )


def _others(completed: Transfer, planned: Planned, *, now: datetime, actor: str) -> list[Write]:
    """All that is written along with the account: the transfer, what tells the old partner, and what ends (§9)."""
    before = planned.account
    writes: list[Write] = [transfer_rows.put(completed, actor=actor, event="transfer.completed")]
    if (
        completed.direction is Direction.IN and not planned.from_partner.house
    ):  # who asked for a removal is told of that
        writes.append(client_access.put_moved_away(before, move_id=completed.id, now=now, actor=actor))
    return [
        *writes,
        *custom_domains.locks(before, planned.after),
        *_plain_branding(before, now=now, actor=actor),
        *_end_requests(completed, before, now=now, actor=actor),
    ]


def _plain_branding(account: Account, *, now: datetime, actor: str) -> list[Write]:
    kept = branding_rows.read(account.id)
    return [branding_rows.put(account, PLAIN, after=kept, now=now, actor=actor)] if kept.branding != PLAIN else []


def _end_requests(completed: Transfer, account: Account, *, now: datetime, actor: str) -> list[Write]:
    """The writes that end the account's other open transfers, and a request for permission to manage it."""
    writes: list[Write] = []
    listed = list_rows.get(transfer_rows.list_of_account(account.id))
    if listed.names:
        writes.append(list_rows.put(replace(listed, names={})))
    writes += transfers.noted_no_more(completed, with_account=False)
    others = transfer_rows.get_many(id for id in listed.names if id != completed.id)
    for other in others.values():
        if other.is_open:
            rejected = transfer_domain.ended(other, TransferStatus.REJECTED, reason=MOVED, now=now)
            writes.append(transfer_rows.put(rejected, actor=actor, event="transfer.rejected"))
            writes += transfers.noted_no_more(rejected, with_account=False)
    last = account.last_request
    asked = permission_rows.get(last.id) if last is not None and last.status is ManagementRequestStatus.OPEN else None
    if asked is not None:
        writes.append(
            permission_rows.put(replace(asked, status=ManagementRequestStatus.WITHDRAWN, updated_at=now), actor=actor)
        )
    return writes
