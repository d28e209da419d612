"""Permission to manage a referred account: asked for, answered, withdrawn, lapsed and ended (docs/rules.md §9).

A request and its account are written in one transaction, each on condition that it has not changed: of an answer, a
withdrawal and a lapse at the same moment, one happens.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chalicelib.domain.accounts.accounts import Account, ManagementRequestStatus, Relationship
from chalicelib.domain.accounts.actions import ChargeInProgress
from chalicelib.domain.clients.logins import CLIENT
from chalicelib.domain.clients.rate_limits import MANAGEMENT_REQUESTS
from chalicelib.domain.refusals import NotFound
from chalicelib.domain.setup.branding import PLAIN
from chalicelib.domain.transfers import management_requests as domain
from chalicelib.domain.transfers.management_requests import (
    Decision,
    ManagementRequest,
    NoOpenRequest,
)
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.setup import branding as branding_rows
from chalicelib.models.transactions import Write, commit
from chalicelib.models.transfers import management_requests as request_rows
from chalicelib.services.accounts import accounts
from chalicelib.services.clients import rate_limits
from chalicelib.services.partners import partners
from chalicelib.services.setup import custom_domains

_BUSY = "Others kept changing the account. Try again in a moment."


def request_permission(
    *, request_id: str, partner_id: str, account_id: str, base_url: str, now: datetime, actor: str
) -> ManagementRequest:
    """Ask the client of a referred account for permission to manage it; the client is mailed a link.

    The same ``request_id`` again is a repeated request. Raises :class:`NotFound`, :class:`TooManyTries` (each request
    is a mail), and what :func:`domain.requested` raises.
    """
    program = partners.program_of(partner_id=partner_id)
    counted = False

    def attempt() -> ManagementRequest:
        nonlocal counted
        account = accounts.get_account(partner_id=partner_id, account_id=account_id)
        if (made := request_rows.get(request_id)) is not None:
            return made
        days = program.management_request_days
        after, request = domain.requested(account, request_id=request_id, base_url=base_url, days=days, now=now)
        if not counted:
            key = rate_limits.limit_key_of("management_request", account_id)
            rate_limits.count_attempt(key, limit=MANAGEMENT_REQUESTS, now=now)
            counted = True
        return _write(account, (after, request), actor=actor)

    return transactions.retry(attempt, busy=_BUSY)


def withdraw(*, partner_id: str, account_id: str, now: datetime, actor: str) -> ManagementRequest:
    """Withdraw the open request; the last one again, if it is withdrawn.

    Raises :class:`NotFound`, :class:`NoOpenRequest`, :class:`RequestOver`, :class:`ChargeInProgress`.
    """

    def attempt() -> ManagementRequest:
        account = accounts.get_account(partner_id=partner_id, account_id=account_id)
        request = _last_request(account)
        if request.status is ManagementRequestStatus.WITHDRAWN:
            return request
        return _write(account, domain.withdrawn(account, request, now=now), actor=actor)

    return transactions.retry(attempt, busy=_BUSY)


def list_requests(
    *,
    partner_id: str,
    account_id: str | None,
    status: ManagementRequestStatus | None,
    limit: int,
    start: dict[str, Any] | None,
    now: datetime,
) -> tuple[list[ManagementRequest], dict[str, Any] | None]:
    """A partner's requests, newest first, and where the next page starts. Raises :class:`NotFound` for the account."""
    if account_id is not None:
        accounts.get_account(partner_id=partner_id, account_id=account_id)
    return request_rows.newest(
        partner_id=partner_id, account_id=account_id, status=status, limit=limit, start=start, now=now
    )


def accounts_of(found: Sequence[ManagementRequest]) -> dict[str, Account]:
    """The accounts that these requests are about, by their ids, in one read; not those that have moved away since."""
    stored = account_rows.get_many({request.account_id for request in found})
    partner_of = {request.account_id: request.partner_id for request in found}
    return {id: account for id, account in stored.items() if account.partner_id == partner_of[id]}


def find_last(account: Account) -> ManagementRequest | None:
    """The last request for the account, if there ever was one."""
    return request_rows.get(account.last_request.id) if account.last_request else None


def answer(*, account_id: str, request_id: str, decision: Decision, now: datetime) -> Account:
    """The client's answer to a request; the same answer again changes nothing. Returns the account after it.

    Raises :class:`NotFound`, :class:`RequestOver`, :class:`ChargeInProgress`.
    """

    def attempt() -> Account:
        account, request = account_rows.get(account_id), request_rows.get(request_id)
        if account is None or request is None or request.account_id != account_id:
            raise NotFound.of("request", request_id)
        partner = partners.get_partner(partner_id=request.partner_id)
        after = domain.answered(account, request, decision=decision, partner=partner, now=now)
        if after == (account, request):
            return account
        granted = after[0].relationship is Relationship.MANAGED
        _write(account, after, actor=CLIENT, event="account.permission_granted" if granted else None)
        return after[0]

    return transactions.retry(attempt, busy=_BUSY)


def answer_open(account: Account, *, decision: Decision, now: datetime) -> Account:
    """The answer of a client who has logged in, to the last request. Raises :class:`NoOpenRequest`, and as above."""
    return answer(account_id=account.id, request_id=_last_request(account).id, decision=decision, now=now)


def lapse(*, request_id: str, now: datetime, actor: str) -> str:
    """Let a request lapse whose alarm rang; what was done. While a charge of the account is held, it waits for that."""

    def attempt() -> str:
        request = request_rows.get(request_id)
        if request is None or request.status is request.status_at(now):
            return "management_request_not_due"
        account = account_rows.get(request.account_id)
        assert account is not None
        try:
            _write(account, domain.lapsed(account, request, now=now), actor=actor)
        except ChargeInProgress:
            return "management_request_waits"
        return "management_request_lapsed"

    return transactions.retry(attempt, busy=_BUSY)


def end_permission(*, account_id: str, now: datetime) -> Account:
    """End the permission of the account's partner: referred again, and without the partner's branding and domain.

    Sessions that the partner opened end with it. Returns the account, unchanged if it is not managed. Raises
    :class:`NotFound`, :class:`domain.PaidByItsPartner`, :class:`ChargeInProgress`.
    """

    def attempt() -> Account:
        account = account_rows.get(account_id)
        if account is None:
            raise NotFound.of("account", account_id)
        after = domain.permission_ended(account, now=now)
        if after == account:
            return account
        program = partners.program_of(partner_id=account.partner_id)
        put = account_rows.put(after, program=program, actor=CLIENT, event="account.permission_ended")
        commit([put, *custom_domains.locks(account, after), *_plain_branding(account, now=now)])
        return account_rows.stored(put)

    return transactions.retry(attempt, busy=_BUSY)


def _last_request(account: Account) -> ManagementRequest:
    request = find_last(account)
    if request is None:
        raise NoOpenRequest("No permission to manage this account was requested.")
    return request


def _write(account: Account, after: domain.Changed, *, actor: str, event: str | None = None) -> ManagementRequest:
    put = request_rows.put(after[1], actor=actor)
    writes: list[Write] = [put]
    if after[0] != account:
        program = partners.program_of(partner_id=account.partner_id)
        writes.append(account_rows.put(after[0], program=program, actor=actor, event=event))
    commit(writes)
    return request_rows.stored(put)


def _plain_branding(account: Account, *, now: datetime) -> list[Write]:
    kept = branding_rows.read(account.id)
    if kept.branding == PLAIN:
        return []
    return [branding_rows.put(account, PLAIN, after=kept, now=now, actor=CLIENT)]
