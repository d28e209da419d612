"""Permission to manage: a partner asks, the client of the referred account decides, and may end it (docs/rules.md §9).

The account names its last request (:class:`LastRequest`). Each function that changes a request returns the account with
it: both are written in one transaction.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.domain.accounts.accounts import (
    Account,
    LastRequest,
    ManagementRequestStatus,
    Relationship,
    Status,
    local_today,
)
from chalicelib.domain.accounts.actions import Action, refuse_unless, refuse_while_charging
from chalicelib.domain.calendar import first_instant
from chalicelib.domain.copies import replace
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.setup.custom_domains import DomainState
from chalicelib.domain.values import dataclass


class Decision(StrEnum):
    """The client's answer."""

    CONFIRM = "confirm"
    DECLINE = "decline"


_DECIDED = {Decision.CONFIRM: ManagementRequestStatus.CONFIRMED, Decision.DECLINE: ManagementRequestStatus.DECLINED}


@dataclass(frozen=True, slots=True)
class ManagementRequest:
    """A partner's request for permission to manage an account.

    ``base_url`` is the address of the API that took it; the mail to the client leads there. ``revision`` counts the
    published changes, ``version`` every write.
    """

    id: str
    partner_id: str
    account_id: str
    base_url: str
    requested_at: datetime
    updated_at: datetime
    expires_at: datetime
    status: ManagementRequestStatus = ManagementRequestStatus.OPEN
    revision: int = 0
    version: int = 0

    def status_at(self, now: datetime) -> ManagementRequestStatus:
        """The status at ``now``: an open request has lapsed at ``expires_at``, whenever that is written."""
        lapsed = self.status is ManagementRequestStatus.OPEN and now >= self.expires_at
        return ManagementRequestStatus.LAPSED if lapsed else self.status


Changed = tuple[Account, ManagementRequest]
"""An account and its request, both after the change."""


class RequestOver(Refusal):
    """The request was answered otherwise, withdrawn, or has lapsed."""

    code = "request_over"
    title = "The request is over"


class NoOpenRequest(Refusal):
    """Nobody asks for permission to manage the account now."""

    code = "no_open_request"
    title = "There is no open request"


class PaidByItsPartner(Refusal):
    """The partner pays for the account, so its client can't end the partner's permission (§9)."""

    code = "partner_pays"
    title = "Your partner pays for this account"


def requested(account: Account, *, request_id: str, base_url: str, days: int, now: datetime) -> Changed:
    """The request of an account's partner, open until the first instant of the local date ``days`` later (§4).

    Raises what :func:`~chalicelib.domain.accounts.actions.refuse_unless` raises.
    """
    refuse_unless(account, Action.REQUEST_MANAGEMENT, now=now)
    request = ManagementRequest(
        id=request_id,
        partner_id=account.partner_id,
        account_id=account.id,
        base_url=base_url,
        requested_at=now,
        updated_at=now,
        expires_at=first_instant(local_today(account, now) + timedelta(days=days), account.time_zone),
    )
    return _with_last(account, request), request


def answered(
    account: Account, request: ManagementRequest, *, decision: Decision, partner: Partner, now: datetime
) -> Changed:
    """Both after the client's answer; unchanged if it gave this very answer before.

    When it confirms, the partner manages the account, and notices go to the partner until it names another address. The
    client goes on paying the list price. Raises :class:`RequestOver`, and
    :class:`~chalicelib.domain.accounts.actions.ChargeInProgress`.
    """
    if request.status is _DECIDED[decision]:
        return account, request
    _refuse_unless_open(request, now=now)
    if not is_last(account, request):
        raise RequestOver(f"{request.id} is over: the account has changed hands.")
    refuse_while_charging(account)
    account, request = _ended(account, request, _DECIDED[decision], now=now)
    if decision is Decision.DECLINE:
        return account, request
    managed = replace(account, relationship=Relationship.MANAGED, notification_email=partner.email, updated_at=now)
    return managed, request


def withdrawn(account: Account, request: ManagementRequest, *, now: datetime) -> Changed:
    """Both after the partner withdrew the request. Raises as :func:`answered`."""
    _refuse_unless_open(request, now=now)
    refuse_while_charging(account)
    return _ended(account, request, ManagementRequestStatus.WITHDRAWN, now=now)


def lapsed(account: Account, request: ManagementRequest, *, now: datetime) -> Changed:
    """Both after the request lapsed unanswered; the account is unchanged if it names a later request by now.

    Raises :class:`~chalicelib.domain.accounts.actions.ChargeInProgress`.
    """
    if not is_last(account, request):
        return account, replace(request, status=ManagementRequestStatus.LAPSED, updated_at=now)
    refuse_while_charging(account)
    return _ended(account, request, ManagementRequestStatus.LAPSED, now=now)


def is_last(account: Account, request: ManagementRequest) -> bool:
    """Whether it is the last request for the account, which belongs to the partner that asked."""
    named = account.last_request is not None and account.last_request.id == request.id
    return named and account.partner_id == request.partner_id


def permission_ended(account: Account, *, now: datetime) -> Account:
    """The account after its client ended the permission: referred again; unchanged if it is not managed.

    What only a manager could take back ends with it: the domain, and a disabled account is enabled. (Its branding ends
    too, in a row of its own.) A pending change and a cancellation stay: they are the client's to take back now.
    Raises :class:`PaidByItsPartner`, and :class:`~chalicelib.domain.accounts.actions.ChargeInProgress`.
    """
    if account.relationship is Relationship.REFERRED:
        return account
    if not account.pays_itself:
        raise PaidByItsPartner("So it manages it. Ask it to let you take the account over.")
    refuse_while_charging(account)
    return replace(
        account,
        relationship=Relationship.REFERRED,
        notification_email=account.client.email,
        status=Status.ACTIVE if account.status is Status.DISABLED else account.status,
        disabled_message=None,
        custom_domain=None,
        domain_state=DomainState.PENDING,
        updated_at=now,
    )


def _refuse_unless_open(request: ManagementRequest, *, now: datetime) -> None:
    status = request.status_at(now)
    if status is not ManagementRequestStatus.OPEN:
        raise RequestOver(f"{request.id} is {status}.", extra={"request_status": status})


def _ended(account: Account, request: ManagementRequest, status: ManagementRequestStatus, *, now: datetime) -> Changed:
    request = replace(request, status=status, updated_at=now)
    return _with_last(account, request), request


def _with_last(account: Account, request: ManagementRequest) -> Account:
    last = LastRequest(id=request.id, status=request.status, expires_at=request.expires_at)
    return replace(account, last_request=last)
