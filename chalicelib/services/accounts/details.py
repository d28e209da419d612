"""Changing an account's details: client, email address, language, billing profile, metadata (docs/rules.md §2)."""

from dataclasses import dataclass, replace
from datetime import datetime

from chalicelib.domain.accounts import lifecycle
from chalicelib.domain.accounts.accounts import Account, Client
from chalicelib.domain.accounts.actions import ClientPays, refuse_while_charging
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.domain.refusals import Invalid, NotFound
from chalicelib.services.accounts import accounts
from chalicelib.services.accounts.transitions import Transition
from chalicelib.services.partners import billing_profiles


@dataclass(frozen=True)
class DetailsRequest:
    """The new details; None leaves one as it is."""

    client: Client | None = None
    notification_email: str | None = None
    language: str | None = None
    billing_profile_id: str | None = None
    metadata: dict[str, str] | None = None


def change_details(*, partner_id: str, account_id: str, request: DetailsRequest, now: datetime, actor: str) -> Account:
    """Change an account's details. A new billing profile is tried with the next sweep if the account is past due (§6).

    Raises :class:`NotFound`, :class:`Invalid` for a profile that is not the partner's, and
    :class:`~chalicelib.domain.accounts.actions.ChargeInProgress`.
    """

    def changed(account: Account) -> Transition | None:
        refuse_while_charging(account)
        _refuse_if_client_decides(account, request)
        after = _changed(account, request, now=now)
        return Transition(account, after, "account.updated") if after != account else None

    return accounts.change_account(changed, partner_id=partner_id, account_id=account_id, now=now, actor=actor)


def _refuse_if_client_decides(account: Account, request: DetailsRequest) -> None:
    """Only whoever pays changes the client's email, or what is charged (§9)."""
    if not account.pays_itself:
        return
    if request.billing_profile_id is not None:
        raise ClientPays(f"The client of {account.id} pays for it by a card of its own.")
    if request.client is not None and request.client.email != account.client.email:
        raise ClientPays(f"The client of {account.id} pays for it: only the client may change its email address.")


def _changed(account: Account, request: DetailsRequest, *, now: datetime) -> Account:
    given = {
        name: value
        for name in ("client", "notification_email", "language", "billing_profile_id", "metadata")
        if (value := getattr(request, name)) is not None and value != getattr(account, name)
    }
    if not given:
        return account
    after = replace(account, **given, updated_at=now)
    if "billing_profile_id" not in given:
        return after
    if account.has_ended:
        fault = f"the account is {account.status}: give it with what revives it, a renewal or a change of plan"
        raise Invalid(errors=[("billing_profile_id", fault)])
    if account.kind is PlanKind.SANDBOX:
        raise Invalid(errors=[("billing_profile_id", "is for accounts that are paid for: a sandbox never is")])
    try:
        billing_profiles.get_profile(partner_id=account.partner_id, profile_id=given["billing_profile_id"])
    except NotFound:
        fault = f"{given['billing_profile_id']} is no billing profile of yours"
        raise Invalid(errors=[("billing_profile_id", fault)]) from None
    return lifecycle.retry_soon(after, now=now) if after.overdue else after
