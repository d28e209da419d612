"""Transfers as the partner that files them and operators see them: filing, listing, the plan, the end (rules §9)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from chalicelib.domain.accounts import payers
from chalicelib.domain.accounts.accounts import Account, Relationship
from chalicelib.domain.catalog.plans import Plan, PlanNotOffered, PlanRequest, is_paid, resolve_plan
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.ids import fingerprint
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.refusals import Invalid, KeyReused, NotFound, Refusal
from chalicelib.domain.setup import named_lists
from chalicelib.domain.setup.named_lists import NamedList
from chalicelib.domain.transfers import moves
from chalicelib.domain.transfers import transfers as domain
from chalicelib.domain.transfers.transfers import MOST_OF_AN_ACCOUNT, Direction, Letter, Transfer, TransferStatus
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.models.setup import branding as branding_rows
from chalicelib.models.setup import named_lists as list_rows
from chalicelib.models.transactions import Put, Write, WriteConflict, commit
from chalicelib.models.transfers import transfers as transfer_rows
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import accounts
from chalicelib.services.partners import billing_profiles, partners

_BUSY = "Others kept changing the transfer. Try again in a moment."
_NOBODY = "acct_nobody"


@dataclass(frozen=True)
class TransferRequest:
    """What a partner asks for. Which fields a request has to have depends on its ``direction``."""

    direction: Direction | None
    account: str | None = None
    owner_email: str | None = None
    relationship: Relationship | None = None
    billing_profile_id: str | None = None
    single_bill: bool = False
    account_id: str | None = None
    client_email: str | None = None
    plan: PlanRequest | None = None


class AlreadyYours(Refusal):
    """The account belongs to the partner that wants it to move in."""

    code = "already_yours"
    title = "The account is yours already"


class TransferOpen(Refusal):
    """The partner has such a request open already, or the account too many of them."""

    code = "transfer_open"
    title = "There is an open transfer already"


@dataclass(frozen=True)
class Filer:
    """The partner that files requests, and its program."""

    partner: Partner
    program: Program


def filer_of(*, partner_id: str) -> Filer:
    """Who files. Raises :class:`NotFound`."""
    partner = partners.get_partner(partner_id=partner_id)
    return Filer(partner, load_program(partner.program))


def file_transfer(
    *, filer: Filer, transfer_id: str, request: TransferRequest, base_url: str, now: datetime, actor: str
) -> Transfer:
    """File a request to move an account in or out. The same ``transfer_id`` again is the same request repeated.

    Whether the account of a request *in* exists shows nowhere: nobody looks before the answer is given. Raises
    :class:`Invalid` with every fault, :class:`KeyReused`, :class:`TransferOpen`; of a request *out* also
    :class:`NotFound` and what :func:`removal_of` raises.
    """
    signed = fingerprint(transfer_id, asdict(request))
    before = transfer_rows.get(transfer_id)
    if before is not None:
        if before.fingerprint != signed:
            raise KeyReused(f"It filed {transfer_id}. Use a new Idempotency-Key.")
        return before
    if faults := list(faults_of(request, filer=filer)):
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
        return _filed(transfer_rows.put(new, actor=actor, event="transfer.filed"), noted_when_filed(new))

    return transactions.retry(attempt, busy=_BUSY)


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
        return _filed(transfer_rows.put(filed, actor=actor, event="transfer.filed"), noted_when_filed(filed))

    return transactions.retry(attempt, busy=_BUSY)


def _filed(put: Put, *others: Write) -> Transfer:
    """The transfer as filed; if the very same request was quicker, as that filed it."""
    try:
        commit([put, *others])
    except WriteConflict as conflict:
        if put.subject not in conflict.subjects:
            raise
        return get_any(transfer_id=put.subject)
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
    to = house_for(filer.program, plan=_resolved(request.plan, _house_program(filer.program)), now=now)
    bill = wallet_rows.get_or_new(account.payer, currency=account.currency).single_bill
    moves.refuse_unless_movable(account, to, bill=bill, new_bill=None, now=now)
    return account, to


def house_for(program: Program, *, plan: Plan | None, now: datetime) -> moves.Destination:
    """Where the accounts that leave a program go: to the house, paid for by their clients (§9)."""
    into = _house_program(program)
    house = partners.house_or_new(into.name, now=now)
    return moves.Destination(house, into, Relationship.REFERRED, plan=plan)


def _house_program(program: Program) -> Program:
    return load_program(program.direct_program) if program.direct_program else program


def faults_of(request: TransferRequest, *, filer: Filer) -> Iterator[tuple[str, str]]:
    """What is wrong with a request, by the rules of the partner's program; fields that it does not have are faults."""
    match request.direction:
        case None:
            yield "direction", "is required: in or out"
        case Direction.IN:
            yield from _missing(request, "account", "owner_email", "relationship")
            yield from _out_of_place(request, "account_id", "client_email", "plan")
            yield from _faults_of_terms(request, filer)
        case Direction.OUT:
            yield from _missing(request, "account_id", "client_email")
            yield from _out_of_place(
                request, "account", "owner_email", "relationship", "billing_profile_id", "single_bill"
            )
            yield from _faults_of_direct_plan(request.plan, filer.program)


def _missing(request: TransferRequest, *fields: str) -> Iterator[tuple[str, str]]:
    return ((name, "is required") for name in fields if getattr(request, name) is None)


_WHY_NOT_IN = {"plan": "is given once it is needed: see needs in GET /v1/transfers/{id}"}


def _out_of_place(request: TransferRequest, *fields: str) -> Iterator[tuple[str, str]]:
    for name in fields:
        if getattr(request, name):
            yield name, _WHY_NOT_IN.get(name, f"is not for a transfer {request.direction}")


def _faults_of_terms(request: TransferRequest, filer: Filer) -> Iterator[tuple[str, str]]:
    program, relationship = filer.program, request.relationship
    if relationship is None:
        return
    if relationship not in program.relationships:
        yield "relationship", f"must be one of {', '.join(program.relationships)}"
        return
    if request.single_bill and program.single_bill is None:
        yield "single_bill", f"the program {program.name} has no Single Bill"
    if relationship is Relationship.REFERRED:
        if request.billing_profile_id or request.single_bill:
            yield (
                "relationship",
                "the client of a referred account pays for it: give no billing_profile_id, no single_bill",
            )
        return
    if request.billing_profile_id and request.single_bill:
        yield "billing_profile_id", "is not needed on the Single Bill: give one of the two"
    elif request.billing_profile_id:
        yield from _faults_of_profile(filer.partner.id, request.billing_profile_id)
    elif program.has_prices and not request.single_bill:
        or_bill = ", unless it goes on the Single Bill" if program.single_bill else ""
        yield "billing_profile_id", f"is needed to pay for a managed account{or_bill}"


def _faults_of_profile(partner_id: str, profile_id: str) -> Iterator[tuple[str, str]]:
    try:
        billing_profiles.get_profile(partner_id=partner_id, profile_id=profile_id)
    except NotFound:
        yield "billing_profile_id", f"{profile_id} is no billing profile of yours"


def _faults_of_direct_plan(plan: PlanRequest | None, program: Program) -> Iterator[tuple[str, str]]:
    """A program without prices needs a plan of the program whose house takes the account; others keep theirs."""
    if program.direct_program is None:
        if plan is not None:
            yield "plan", "is kept: the account goes to the house of the same program"
        return
    if plan is None:
        yield "plan", f"is needed, of the program {program.direct_program}: the account's own has no price there"
        return
    yield from plan_faults(plan, load_program(program.direct_program))


def plan_faults(requested: PlanRequest, program: Program) -> Iterator[tuple[str, str]]:
    """What is wrong with a plan for an account that moves into a program."""
    try:
        plan = resolve_plan(program=program, requested=requested)
    except PlanNotOffered as error:
        yield from error.faults
        return
    if not is_paid(plan, program):
        yield "plan.tier", f"must be a paid plan: no account changes to a {plan.tier}"


def _resolved(requested: PlanRequest | None, program: Program) -> Plan | None:
    return None if requested is None else resolve_plan(program=program, requested=requested)


def refuse_own(name: str, *, partner_id: str) -> None:
    """Raise :class:`AlreadyYours` for an account of the partner itself; every name takes the same two reads."""
    log_in = name_rows.log_in(name)
    account = account_rows.get(log_in.account_id if log_in else _NOBODY)
    if account is None or account.partner_id != partner_id:
        return
    more = "Ask its client for permission to manage it." if account.relationship is Relationship.REFERRED else ""
    raise AlreadyYours(f"{account.id} belongs to you. {more}".strip(), extra={"account_id": account.id})


def get_transfer(*, partner_id: str, transfer_id: str) -> Transfer:
    """A transfer, for the partner that filed it. Raises :class:`NotFound`."""
    transfer = get_any(transfer_id=transfer_id)
    if transfer.partner_id != partner_id:
        raise NotFound.of("transfer", transfer_id)
    return transfer


def get_any(*, transfer_id: str) -> Transfer:
    """A transfer, for operators, whoever filed it. Raises :class:`NotFound`."""
    transfer = transfer_rows.get(transfer_id)
    if transfer is None:
        raise NotFound.of("transfer", transfer_id)
    return transfer


def list_transfers(
    *,
    partner_id: str | None,
    status: TransferStatus | None,
    direction: Direction | None,
    limit: int,
    start: Mapping[str, Any] | None,
) -> tuple[list[Transfer], dict[str, Any] | None]:
    """A partner's transfers, or (None) those of all partners, newest first, and where the next page starts."""
    return transfer_rows.newest(
        partner_id=partner_id, status=status, direction=direction, limit=limit, start=dict(start) if start else None
    )


def needs_of(transfer: Transfer) -> list[str]:
    """What a transfer still needs of its partner: a plan of its program, if that does not offer the account's (§9)."""
    return needs_of_all([transfer])[transfer.id]


def needs_of_all(found: Sequence[Transfer]) -> dict[str, list[str]]:
    """What each of these transfers still needs, by their ids; all their accounts in one read."""
    needs: dict[str, list[str]] = {transfer.id: [] for transfer in found}
    waiting = [transfer for transfer in found if _may_need_plan(transfer)]
    stored = account_rows.get_many({str(transfer.account_id) for transfer in waiting}) if waiting else {}
    programs = {id: partners.program_of(partner_id=id) for id in {transfer.partner_id for transfer in waiting}}
    for transfer in waiting:
        account = stored.get(str(transfer.account_id))
        if account is not None and moves.needs_plan(account, programs[transfer.partner_id]):
            needs[transfer.id].append("plan")
    return needs


def _may_need_plan(transfer: Transfer) -> bool:
    waits = transfer.status is TransferStatus.WAITING_FOR_OPERATOR and transfer.direction is Direction.IN
    return waits and transfer.plan is None


def give_plan(*, partner_id: str, transfer_id: str, plan: PlanRequest, now: datetime, actor: str) -> Transfer:
    """Give the plan that an account is to have, from its next renewal on, in the program it moves into (§9).

    Raises :class:`NotFound`, :class:`Invalid`, and :class:`domain.TransferRefused` where none is needed.
    """
    program = partners.program_of(partner_id=partner_id)
    into = program

    def attempt() -> Transfer:
        transfer = get_transfer(partner_id=partner_id, transfer_id=transfer_id)
        domain.refuse_unless_waiting_for_operator(transfer, now=now)
        needed = transfer.plan is not None or "plan" in needs_of(transfer)
        if not needed:
            raise domain.TransferRefused(f"{transfer_id} needs no plan: the account keeps its own.")
        house = transfer.direction is Direction.OUT
        offered = _house_program(program) if house else into
        if faults := list(plan_faults(plan, offered)):
            raise Invalid(errors=faults)
        resolved = _resolved(plan, offered)
        if transfer.plan == resolved:
            return transfer
        put = transfer_rows.put(
            replace(transfer, plan=resolved, updated_at=now), actor=actor, event="transfer.plan_given"
        )
        commit([put])
        return transfer_rows.stored(put)

    return transactions.retry(attempt, busy=_BUSY)


def withdraw(*, partner_id: str, transfer_id: str, now: datetime, actor: str) -> None:
    """Withdraw a request; one that is withdrawn already stays so. Raises :class:`domain.TransferRefused`."""
    end(
        lambda: get_transfer(partner_id=partner_id, transfer_id=transfer_id),
        TransferStatus.WITHDRAWN,
        now=now,
        actor=actor,
    )


def reject(*, transfer_id: str, reason: str, now: datetime, actor: str) -> Transfer:
    """An operator's no, with its reason for the partner. Raises :class:`domain.TransferRefused`."""
    return end(lambda: get_any(transfer_id=transfer_id), TransferStatus.REJECTED, reason=reason, now=now, actor=actor)


def end(
    load: Callable[[], Transfer], status: TransferStatus, *, reason: str | None = None, now: datetime, actor: str
) -> Transfer:
    """End an open request; one that has ended so already stays as it is. Raises :class:`domain.TransferRefused`."""

    def attempt() -> Transfer:
        transfer = load()
        if transfer.status is status:
            return transfer
        if status is not TransferStatus.LAPSED:
            domain.refuse_unless_open(transfer, now=now)
        ended = domain.ended(transfer, status, reason=reason, now=now)
        put = transfer_rows.put(ended, actor=actor, event=f"transfer.{status}")
        commit([put, *noted_no_more(ended)])
        return transfer_rows.stored(put)

    return transactions.retry(attempt, busy=_BUSY)


def noted_when_filed(transfer: Transfer) -> Write:
    """The write that notes a new transfer: one *in* with the name it asks for, one *out* with its account.

    Raises :class:`TransferOpen` if the partner has such a one open, whether or not there is such an account.
    """
    if transfer.direction is Direction.OUT:
        return noted_with_account(transfer)
    assert transfer.account_name is not None
    listed = list_rows.get(transfer_rows.list_of_name(transfer.partner_id, transfer.account_name))
    return _noted(listed, transfer)


def noted_with_account(transfer: Transfer) -> Write:
    """The write that notes a transfer with the account that it is known to be about. Raises :class:`TransferOpen`."""
    assert transfer.account_id is not None
    return _noted(list_rows.get(transfer_rows.list_of_account(transfer.account_id)), transfer)


def _noted(listed: NamedList, transfer: Transfer) -> Write:
    mine = f"{transfer.direction} {transfer.partner_id}"
    for id, other in listed.names.items():
        if other == mine:
            raise TransferOpen(f"{id} is open. Withdraw it first.", extra={"transfer_id": id})
    if len(listed.names) >= MOST_OF_AN_ACCOUNT:
        raise TransferOpen(f"{MOST_OF_AN_ACCOUNT} transfers of this account wait for an operator.")
    return list_rows.put(replace(listed, names={**listed.names, transfer.id: mine}))


def noted_no_more(transfer: Transfer, *, with_account: bool = True) -> list[Write]:
    """The writes that take a transfer that has ended off the lists it is on."""
    lists = []
    if transfer.direction is Direction.IN and transfer.account_name is not None:
        lists.append(transfer_rows.list_of_name(transfer.partner_id, transfer.account_name))
    if transfer.account_id is not None and with_account:
        lists.append(transfer_rows.list_of_account(transfer.account_id))
    found = map(list_rows.get, lists)
    return [list_rows.put(named_lists.without(each, transfer.id)) for each in found if transfer.id in each.names]


def pays_of(transfer: Transfer) -> payers.PartnerPays | None:
    """How the partner of a transfer will pay for the account; None where its client will."""
    if transfer.client_will_pay:
        return None
    return payers.PartnerPays(transfer.billing_profile_id, transfer.single_bill)
