"""Filing requests to move accounts, in and out (docs/rules.md §9)."""

from dataclasses import asdict, replace
from datetime import datetime

from chalicelib.domain.accounts.accounts import Account, Relationship
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.ids import fingerprint
from chalicelib.domain.refusals import Invalid, KeyReused, Refusal
from chalicelib.domain.transfers import moves
from chalicelib.domain.transfers import transfers as domain
from chalicelib.domain.transfers.transfers import Direction, Letter, Transfer, TransferStatus
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.models.setup import branding as branding_rows
from chalicelib.models.transactions import Put, Write, WriteConflict, commit
from chalicelib.models.transfers import transfers as transfer_rows
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.accounts import accounts
from chalicelib.services.partners import partners
from chalicelib.services.transfers import requests, transfers
from chalicelib.services.transfers.requests import Filer, TransferRequest

_NOBODY = "acct_nobody"


class AlreadyYours(Refusal):
    """The account belongs to the partner that wants it to move in."""

    code = "already_yours"
    title = "The account is yours already"


def file_transfer(
    *, filer: Filer, transfer_id: str, request: TransferRequest, base_url: str, now: datetime, actor: str
) -> Transfer:
    """File a request to move an account in or out. The same ``transfer_id`` again is the same request repeated.

    Whether the account of a request *in* exists shows nowhere: it is looked up only after the answer is given. Raises
    :class:`Invalid` with every fault, :class:`KeyReused`, :class:`transfers.TransferOpen`; of a request *out* also
    :class:`NotFound` and what :func:`removal_of` raises.
    """
    signed = fingerprint(transfer_id, asdict(request))
    before = transfer_rows.get(transfer_id)
    if before is not None:
        if before.fingerprint != signed:
            raise KeyReused(f"It filed {transfer_id}. Use a new Idempotency-Key.")
        return before
    if faults := list(requests.faults_of(request, filer=filer)):
        raise Invalid(errors=faults)
    new = Transfer(
        id=transfer_id,
        partner_id=filer.partner.id,
        direction=request.direction or Direction.IN,
        status=TransferStatus.WAITING_FOR_OWNER,
        email=request.owner_email or request.client_email or "",
        created_at=now,
        updated_at=now,
        expires_at=domain.expires_at(partner=filer.partner, program=filer.program, now=now),
        base_url=base_url,
        fingerprint=signed,
    )
    if new.direction is Direction.IN:
        return _file_in(new, request, filer=filer, now=now, actor=actor)
    return _file_out(new, request, filer=filer, now=now, actor=actor)


def _file_in(new: Transfer, request: TransferRequest, *, filer: Filer, now: datetime, actor: str) -> Transfer:
    assert request.account is not None
    name = request.account.lower()
    refuse_own(name, partner_id=filer.partner.id)
    if request.single_bill:
        accounts.refuse_unless_open(wallet_rows.get(filer.partner.id))
    new = replace(
        new,
        account_name=name,
        relationship=request.relationship,
        billing_profile_id=request.billing_profile_id,
        single_bill=request.single_bill,
        letters=(Letter.OWNER_LINK,),
        mail_at=now,
    )

    def attempt() -> Transfer:
        return _filed(transfer_rows.put(new, actor=actor, event="transfer.filed"), transfers.noted_when_filed(new))

    return transactions.retry(attempt, busy=transfers.BUSY)


def _file_out(new: Transfer, request: TransferRequest, *, filer: Filer, now: datetime, actor: str) -> Transfer:
    def attempt() -> Transfer:
        account, to = removal_of(request, filer=filer, now=now)
        filed = replace(
            new,
            status=TransferStatus.WAITING_FOR_OPERATOR,
            account_id=account.id,
            account_name=account.name,
            from_partner_id=account.partner_id,
            plan=to.plan,
        )
        return _filed(transfer_rows.put(filed, actor=actor, event="transfer.filed"), transfers.noted_when_filed(filed))

    return transactions.retry(attempt, busy=transfers.BUSY)


def _filed(put: Put, *others: Write) -> Transfer:
    """The transfer as filed; if the very same request was quicker, as that filed it."""
    try:
        commit([put, *others])
    except WriteConflict as conflict:
        if put.subject not in conflict.subjects:
            raise
        return transfers.get_any(transfer_id=put.subject)
    return transfer_rows.stored(put)


def removal_of(request: TransferRequest, *, filer: Filer, now: datetime) -> tuple[Account, moves.Destination]:
    """The account that a request *out* is about, and where it goes, once nothing stands in the way of filing it.

    Raises :class:`NotFound`, :class:`~chalicelib.domain.accounts.actions.NotManaged`, :class:`Invalid` for an email
    that is not the client's, :class:`moves.SetUpLeft`, and what :func:`moves.refuse_unless_movable` raises.
    """
    assert request.account_id is not None
    account = accounts.get_managed(partner_id=filer.partner.id, account_id=request.account_id)
    if (request.client_email or "").casefold() != account.client.email.casefold():
        raise Invalid(errors=[("client_email", "is not the email address of the account's client")])
    moves.refuse_while_set_up(account, branding_rows.get(account.id))
    to = house_for(filer.program, plan=requests.resolved(request.plan, requests.house_program(filer.program)), now=now)
    bill = wallet_rows.get_or_new(account.payer, currency=account.currency).single_bill
    moves.refuse_unless_movable(account, to, bill=bill, new_bill=None, now=now)
    return account, to


def house_for(program: Program, *, plan: Plan | None, now: datetime) -> moves.Destination:
    """Where the accounts that leave a program go: to the house, paid for by their clients (§9)."""
    into = requests.house_program(program)
    house = partners.house_or_new(into.name, now=now)
    return moves.Destination(house, into, Relationship.REFERRED, plan=plan)


def refuse_own(name: str, *, partner_id: str) -> None:
    """Raise :class:`AlreadyYours` for an account of the partner itself; every name takes the same two reads."""
    log_in = name_rows.log_in(name)
    account = account_rows.get(log_in.account_id if log_in else _NOBODY)
    if account is None or account.partner_id != partner_id:
        return
    more = "Ask its client for permission to manage it." if account.relationship is Relationship.REFERRED else ""
    raise AlreadyYours(f"{account.id} belongs to you. {more}".strip(), extra={"account_id": account.id})
