"""The link by which a client answers a request for permission to manage its account (docs/rules.md §9).

It is signed, and names the request, by that the account, and the client's email: another email invalidates it. It can
be opened as often as wanted until the request would lapse; the request itself takes one answer.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain.accounts.accounts import Account, ManagementRequestStatus
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.refusals import NotFound
from chalicelib.domain.transfers.management_requests import ManagementRequest
from chalicelib.domain.values import dataclass
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.transfers import management_requests as request_rows
from chalicelib.services.clients import looks, tokens
from chalicelib.services.clients.looks import Look
from chalicelib.services.partners import partners

_PURPOSE = "manage"


@dataclass(frozen=True)
class Asked:
    """What a link is about: the partner that asks, for which account."""

    account: Account
    request: ManagementRequest
    partner: Partner


def link_to_answer(request_id: str, *, now: datetime) -> str | None:
    """The link for the mail to the account's client; None if there is nothing to answer any more."""
    request = request_rows.get(request_id)
    account = account_rows.get(request.account_id) if request else None
    if request is None or account is None or request.status_at(now) is not ManagementRequestStatus.OPEN:
        return None
    claims: dict[str, str | int] = {"jti": request.id, "to": tokens.email_mark(account.client.email)}
    token = tokens.sign_token(_PURPOSE, claims, now=now, ends_at=request.expires_at)
    return f"{request.base_url}/public/management-requests/{token}"


def asked_by(token: str, *, now: datetime) -> Asked:
    """What a link is about, without changing anything. Raises :class:`NotFound` if it is invalid or has expired."""
    claims = tokens.claims_of(_PURPOSE, token, now=now)
    request, account = _named_by(claims)
    if claims is None or request is None or account is None or claims["to"] != tokens.email_mark(account.client.email):
        raise NotFound("This link is not valid: it lasts as long as the request, and goes to the client's email.")
    return Asked(account, request, partners.get_partner(partner_id=request.partner_id))


def look_of(token: str) -> Look:
    """How the page of a link looks, even if it has expired."""
    _, account = _named_by(tokens.signed_claims(_PURPOSE, token))
    return looks.look_of_account(account) if account else Look()


def _named_by(claims: Mapping[str, Any] | None) -> tuple[ManagementRequest | None, Account | None]:
    request = request_rows.get(claims["jti"]) if claims else None
    return request, account_rows.get(request.account_id) if request else None
