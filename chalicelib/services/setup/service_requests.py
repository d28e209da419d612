"""Service requests: filing, quoting, accepting and ending them (docs/rules.md §12). None of it charges anybody."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from chalicelib.domain.accounts.accounts import Account, Status
from chalicelib.domain.ids import fingerprint
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import Invalid, KeyReused, NotFound
from chalicelib.domain.setup import named_lists
from chalicelib.domain.setup import service_requests as domain
from chalicelib.domain.setup.service_requests import RequestStatus, ServiceRequest
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.setup import named_lists as list_rows
from chalicelib.models.setup import service_requests as request_rows
from chalicelib.models.transactions import Write, commit
from chalicelib.services.accounts import accounts
from chalicelib.services.partners import partners
from chalicelib.services.wallet.prepaid import AccountHasEnded

_BUSY = "Others kept changing the partner's service requests. Try again in a moment."


def file_request(
    *,
    request_id: str,
    partner_id: str,
    account_id: str,
    kind: str,
    description: str,
    margin_percent: Decimal,
    now: datetime,
    actor: str,
) -> ServiceRequest:
    """Ask the vendor for work on an account. The same ``request_id`` again is a repeated request.

    Raises :class:`NotFound`, :class:`Invalid`, :class:`AccountHasEnded`, :class:`domain.TooManyRequests`.
    """
    asked = {"account_id": account_id, "kind": kind, "description": description, "margin_percent": margin_percent}
    request = ServiceRequest(
        id=request_id,
        partner_id=partner_id,
        account_id=account_id,
        kind=kind,
        description=description,
        margin_percent=margin_percent,
        fingerprint=fingerprint(request_id, asked),
        created_at=now,
        updated_at=now,
    )

    def attempt() -> ServiceRequest:
        existing = request_rows.get(request_id)
        if existing is not None:
            return _filed_before(existing, request)
        account = _orderable(request)
        put = request_rows.put(request, actor=actor, event="service_request.filed")
        named_list = domain.with_another(list_rows.get(request_rows.list_of(partner_id)), request)
        commit([account_rows.still_managed(account), put, list_rows.put(named_list)])
        return request_rows.stored(put)

    return transactions.retry(attempt, busy=_BUSY)


def get_request(*, partner_id: str, request_id: str) -> ServiceRequest:
    """A partner's way to a request of its own. Raises :class:`NotFound`."""
    request = get_any_request(request_id=request_id)
    if request.partner_id != partner_id:
        raise NotFound.of("service request", request_id)
    return request


def get_any_request(*, request_id: str) -> ServiceRequest:
    """The vendor's way to a request, whoever filed it. Raises :class:`NotFound`."""
    request = request_rows.get(request_id)
    if request is None:
        raise NotFound.of("service request", request_id)
    return request


def list_requests(
    *,
    partner_id: str,
    account_id: str | None,
    status: RequestStatus | None,
    limit: int,
    start: Mapping[str, Any] | None,
    by_operator: bool = False,
) -> tuple[list[ServiceRequest], dict[str, Any] | None]:
    """A partner's requests, newest first, and where the next page starts. Raises :class:`NotFound` for the account.

    Raises :class:`NotManaged` for an account that the partner only refers (§9); an operator sees what was asked for it.
    """
    if account_id is not None:
        get = accounts.get_account if by_operator else accounts.get_managed
        get(partner_id=partner_id, account_id=account_id)
    return request_rows.newest(partner_id=partner_id, account_id=account_id, status=status, limit=limit, start=start)


def set_margin(*, partner_id: str, request_id: str, percent: Decimal, now: datetime, actor: str) -> ServiceRequest:
    """Give the request another margin, which changes what the client is billed, not what the vendor asks."""
    return _change(
        lambda: get_request(partner_id=partner_id, request_id=request_id),
        lambda request: domain.with_margin(request, percent=percent),
        event="service_request.margin_set",
        now=now,
        actor=actor,
    )


def accept_quote(*, partner_id: str, request_id: str, price: int, now: datetime, actor: str) -> ServiceRequest:
    """Accept the vendor's quote at ``price`` (minor units). Raises :class:`domain.PriceChanged` if it is another, and
    :class:`NotFound` if the account is no longer the partner's.
    """

    def load() -> ServiceRequest:
        request = get_request(partner_id=partner_id, request_id=request_id)
        accounts.get_managed(partner_id=partner_id, account_id=request.account_id)
        return request

    return _change(
        load,
        lambda request: domain.accepted(request, price=price),
        now=now,
        actor=actor,
    )


def withdraw_request(*, partner_id: str, request_id: str, now: datetime, actor: str) -> ServiceRequest:
    """Withdraw a request; possible until a quote is accepted."""
    return _change(
        lambda: get_request(partner_id=partner_id, request_id=request_id), domain.withdrawn, now=now, actor=actor
    )


def answer_request(
    *, request_id: str, status: RequestStatus, price: int | None, note: str, now: datetime, actor: str
) -> ServiceRequest:
    """The vendor's answer: ``quoted`` at a price, ``declined`` or ``done``. Raises :class:`domain.RequestRefused`."""
    return _change(
        lambda: get_any_request(request_id=request_id),
        lambda request: _answered(request, status=status, price=price, note=note),
        now=now,
        actor=actor,
    )


def _answered(request: ServiceRequest, *, status: RequestStatus, price: int | None, note: str) -> ServiceRequest:
    if (price is not None) is not (status is RequestStatus.QUOTED):
        said = "is needed with quoted" if price is None else "is for quoted only; leave it out"
        raise Invalid(errors=[("price", said)])
    if price is not None:
        program = partners.program_of(partner_id=request.partner_id)
        return domain.quoted(request, price=Money(price, program.currency), note=note)
    if status is RequestStatus.DONE:
        return domain.finished(request, note=note)
    return domain.declined(request, note=note)


def _change(
    load: Callable[[], ServiceRequest],
    changed_by: Callable[[ServiceRequest], ServiceRequest],
    *,
    event: str | None = None,
    now: datetime,
    actor: str,
) -> ServiceRequest:
    """Write what ``changed_by`` makes of a request; the event is named for its status unless one is given."""

    def attempt() -> ServiceRequest:
        request = load()
        changed = changed_by(request)
        if changed == request:
            return request
        put = request_rows.put(
            replace(changed, updated_at=now), actor=actor, event=event or f"service_request.{changed.status}"
        )
        commit([put, *_off_the_list(changed)])
        return request_rows.stored(put)

    return transactions.retry(attempt, busy=_BUSY)


def _off_the_list(changed: ServiceRequest) -> list[Write]:
    """The write that takes a request that has ended off the partner's list."""
    if changed.unfinished:
        return []
    named_list = list_rows.get(request_rows.list_of(changed.partner_id))
    return [list_rows.put(named_lists.without(named_list, changed.id))]


def _orderable(request: ServiceRequest) -> Account:
    """The account, if what is asked for is offered and it has not ended."""
    account = accounts.get_managed(partner_id=request.partner_id, account_id=request.account_id)
    program = partners.program_of(partner_id=request.partner_id)
    if request.kind not in program.services:
        offered = f"must be one of {', '.join(program.services)}" if program.services else "is none: none are offered"
        raise Invalid(errors=[("kind", offered)])
    if account.status in (Status.EXPIRED, Status.ARCHIVED):
        raise AccountHasEnded(f"{account.id} is {account.status}. Renew it first, or name another account.")
    return account


def _filed_before(existing: ServiceRequest, wanted: ServiceRequest) -> ServiceRequest:
    """The request as filed before. Raises :class:`KeyReused` if it was another."""
    if existing.fingerprint != wanted.fingerprint:
        raise KeyReused(f"It filed {existing.id} for {existing.account_id}. Use a new Idempotency-Key.")
    return existing
