"""The owner's answer to a request to move its account, by a mailed link (docs/rules.md §9).

The link is signed, and names the request, the account, the partner that has it and the client's email: another email or
another partner invalidates it. It can be opened as often as wanted; the request itself takes one answer.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.clients.logins import CLIENT
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.refusals import NotFound, Refusal
from chalicelib.domain.transfers import transfers as domain
from chalicelib.domain.transfers.management_requests import Decision
from chalicelib.domain.transfers.moves import PlanNeeded
from chalicelib.domain.transfers.transfers import Transfer, TransferStatus
from chalicelib.domain.values import dataclass
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.models.transactions import commit
from chalicelib.models.transfers import transfers as transfer_rows
from chalicelib.services.clients import tokens
from chalicelib.services.clients.looks import Look
from chalicelib.services.partners import partners
from chalicelib.services.transfers import moves, transfers

_PURPOSE = "transfer"


@dataclass(frozen=True)
class Asked:
    """What a link is about: who wants which account, and what would change; ``planned`` is None once it is answered,
    and while the account cannot move as it is (``hindrance``).
    """

    transfer: Transfer
    account: Account
    partner: Partner
    status: TransferStatus
    planned: moves.Planned | None = None
    hindrance: Refusal | None = None


def account_asked_for(transfer: Transfer) -> Account | None:
    """The account that a request *in* names, if there is one and the email is its owner's; the same reads for all."""
    log_in = name_rows.log_in(transfer.account_name or "")
    account = account_rows.get(log_in.account_id if log_in else "acct_nobody")
    if account is None or account.client.email.casefold() != transfer.email.casefold():
        return None
    return account


def link_to_answer(transfer: Transfer, account: Account, *, now: datetime) -> str:
    """The link for the mail to the account's owner."""
    claims: dict[str, str | int] = {"jti": transfer.id, "of": _mark(account)}
    token = tokens.sign_token(_PURPOSE, claims, now=now, ends_at=transfer.expires_at)
    return f"{transfer.base_url}/public/transfers/{token}"


def asked_by(token: str, *, now: datetime) -> Asked:
    """What a link is about, without changing anything. Raises :class:`NotFound` if it is invalid or has expired."""
    transfer, account = _named(token, now=now)
    partner = partners.get_partner(partner_id=transfer.partner_id)
    status = domain.status_at(transfer, now)
    if status is not TransferStatus.WAITING_FOR_OWNER:
        return Asked(transfer, account, partner, status)
    try:
        return Asked(transfer, account, partner, status, planned=_planned(transfer, account, now=now))
    except Refusal as refusal:
        return Asked(transfer, account, partner, status, hindrance=refusal)


def answer(*, token: str, decision: Decision, now: datetime) -> Transfer:
    """Agree to the move, or decline it. The same answer again changes nothing.

    Raises :class:`NotFound` for a link that is not valid, :class:`domain.AlreadyAnswered`, and, to the one that agrees,
    what stands in the way of the move: then the request keeps waiting for an answer.
    """

    def attempt() -> Transfer:
        transfer, account = _named(token, now=now)
        if decision is Decision.DECLINE:
            after = domain.declined(transfer, now=now)
        else:
            after = domain.agreed(transfer, account_id=account.id, from_partner_id=account.partner_id, now=now)
        if after == transfer:
            return transfer
        event = "transfer.declined" if decision is Decision.DECLINE else "transfer.confirmed"
        put = transfer_rows.put(after, actor=CLIENT, event=event)
        if decision is Decision.DECLINE:
            commit([put, *transfers.noted_no_more(after)])
            return transfer_rows.stored(put)
        _refuse_unless_movable(transfer, account, now=now)
        commit([put, transfers.noted_with_account(after), account_rows.unchanged(account)])
        return transfer_rows.stored(put)

    return transactions.retry(attempt, busy="Others kept changing the account. Try again in a moment.")


def look_of(token: str) -> Look:
    """How the page of a link looks, even if it has expired: the vendor's, since a partner has set up the account's."""
    _, account = _of(tokens.signed_claims(_PURPOSE, token))
    return Look(language=account.language) if account else Look()


def _refuse_unless_movable(transfer: Transfer, account: Account, *, now: datetime) -> None:
    """Refuse what would be refused at the approval too; a plan can still be given until then."""
    try:
        moves.plan_move(transfer, account=account, now=now)
    except PlanNeeded:
        return


def _planned(transfer: Transfer, account: Account, *, now: datetime) -> moves.Planned | None:
    """What would change; None where that still depends on the plan that the partner has to give."""
    try:
        return moves.plan_move(transfer, account=account, now=now)
    except PlanNeeded:
        return None


def _named(token: str, *, now: datetime) -> tuple[Transfer, Account]:
    claims = tokens.claims_of(_PURPOSE, token, now=now)
    transfer, account = _of(claims)
    if claims is None or transfer is None or account is None or not _fits(claims, transfer, account):
        raise NotFound("This link is not valid: it lasts as long as the request, and goes to the owner's email.")
    return transfer, account


def _of(claims: Mapping[str, Any] | None) -> tuple[Transfer | None, Account | None]:
    """The request that a link names, and the account that has the name in it."""
    transfer = transfer_rows.get(str(claims["jti"])) if claims else None
    log_in = name_rows.log_in(transfer.account_name or "") if transfer else None
    return transfer, account_rows.get(log_in.account_id) if log_in else None


def _fits(claims: Mapping[str, Any], transfer: Transfer, account: Account) -> bool:
    """Whether the link is about the account as it is; one whose account has moved by it only shows that."""
    if transfer.status is TransferStatus.COMPLETED:
        return transfer.account_id == account.id
    return bool(claims.get("of") == _mark(account))


def _mark(account: Account) -> str:
    """A short hash of all that a link depends on. (A link has to fit into 255 characters.)"""
    return tokens.email_mark(f"{account.id} {account.partner_id} {account.client.email}")
