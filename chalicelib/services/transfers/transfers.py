"""Transfers as their partner and operators see them: listing, the plan, the end (docs/rules.md §9)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.domain.accounts import payers
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.refusals import Invalid, NotFound, Refusal
from chalicelib.domain.setup import named_lists
from chalicelib.domain.setup.named_lists import NamedList
from chalicelib.domain.transfers import moves
from chalicelib.domain.transfers import transfers as domain
from chalicelib.domain.transfers.transfers import MOST_OF_AN_ACCOUNT, Direction, Transfer, TransferStatus
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.setup import named_lists as list_rows
from chalicelib.models.transactions import Write, commit
from chalicelib.models.transfers import transfers as transfer_rows
from chalicelib.services.partners import partners
from chalicelib.services.transfers import requests

BUSY = "Others kept changing the transfer. Try again in a moment."


class TransferOpen(Refusal):
    """The partner has such a request open already, or the account too many of them."""

    code = "transfer_open"
    title = "There is an open transfer already"


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
        offered = requests.house_program(program) if house else into
        if faults := list(requests.plan_faults(plan, offered)):
            raise Invalid(errors=faults)
        resolved = requests.resolved(plan, offered)
        if transfer.plan == resolved:
            return transfer
        put = transfer_rows.put(
            replace(transfer, plan=resolved, updated_at=now), actor=actor, event="transfer.plan_given"
        )
        commit([put])
        return transfer_rows.stored(put)

    return transactions.retry(attempt, busy=BUSY)


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
    """End an open request; one that has ended so already stays as it is, and what has ended otherwise does not lapse.

    Raises :class:`domain.TransferRefused`.
    """

    def attempt() -> Transfer:
        transfer = load()
        lapses = status is TransferStatus.LAPSED
        if transfer.status is status or (lapses and not transfer.is_open):
            return transfer
        if not lapses:
            domain.refuse_unless_open(transfer, now=now)
        ended = domain.ended(transfer, status, reason=reason, now=now)
        put = transfer_rows.put(ended, actor=actor, event=f"transfer.{status}")
        commit([put, *noted_no_more(ended)])
        return transfer_rows.stored(put)

    return transactions.retry(attempt, busy=BUSY)


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
        if other == mine and id != transfer.id:  # its own: the same request was quicker
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
