"""Changing an account's details: client, email address, language, billing profile, metadata (docs/rules.md §2)."""

from dataclasses import replace
from datetime import datetime

from chalicelib.domain.accounts import lifecycle, payers
from chalicelib.domain.accounts.accounts import Account, Client
from chalicelib.domain.accounts.actions import ClientPays, refuse_while_charging
from chalicelib.domain.accounts.payers import PartnerPays
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.domain.refusals import Invalid, NotFound, Refusal
from chalicelib.domain.values import dataclass
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import Check
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


class ChangedMeanwhile(Refusal):
    """Somebody else changed the account after it was read."""

    code = "changed_meanwhile"
    title = "The account was changed meanwhile"


def change_details(
    *,
    partner_id: str,
    account_id: str,
    request: DetailsRequest,
    version: int | None = None,
    now: datetime,
    actor: str,
) -> Account:
    """Change an account's details. A new billing profile is tried with the next sweep if the account is past due (§6).

    ``version`` is that of the account as its editor read it: if it has another by now, nothing is written and
    :class:`ChangedMeanwhile` is raised, unless the account already has these details.

    With a billing profile, the partner takes over the payment of an account that its client pays for (§9). Raises
    :class:`NotFound`, :class:`Invalid` for a profile that is not the partner's, :class:`ClientPays` for what only the
    client may change, :class:`~chalicelib.domain.accounts.actions.ChargeInProgress`, and as
    :func:`payers.paid_by_partner`.
    """

    def changed(account: Account) -> Transition | None:
        refuse_while_charging(account)
        _refuse_if_client_decides(account, request)
        after = _changed(account, request, now=now)
        if after == account:
            return None
        if version not in (None, account.version):
            raise ChangedMeanwhile(
                f"{account.id} was changed since you opened it, and nothing is saved yet. "
                "Open it anew to see what it is now, or save again to replace that by what you entered."
            )
        event = "account.updated" if after.payer == account.payer else "account.payer_changed"
        return Transition(account, after, event, others=_unless_deleted(account, after))

    return accounts.change_account(changed, partner_id=partner_id, account_id=account_id, now=now, actor=actor)


def _refuse_if_client_decides(account: Account, request: DetailsRequest) -> None:
    """Only whoever pays changes the client's email; a partner that names its billing profile pays from then on (§9)."""
    if not account.pays_itself or request.billing_profile_id is not None:
        return
    if request.client is not None and request.client.email != account.client.email:
        raise ClientPays(f"The client of {account.id} pays for it: only the client may change its email address.")


def _changed(account: Account, request: DetailsRequest, *, now: datetime) -> Account:
    given = {
        name: value
        for name in ("client", "notification_email", "language", "billing_profile_id", "metadata")
        if (value := getattr(request, name)) is not None and value != getattr(account, name)
    }
    profile_id = request.billing_profile_id
    if profile_id is not None and (account.pays_itself or "billing_profile_id" in given):
        _refuse_other_profile(account, profile_id)
        if account.pays_itself:
            account = payers.paid_by_partner(account, PartnerPays(profile_id), now=now)
        elif account.overdue is not None:
            account = lifecycle.retry_soon(account, now=now)
    return replace(account, **given, updated_at=now) if given else account


def _unless_deleted(before: Account, after: Account) -> tuple[Check, ...]:
    """The condition that a billing profile which the account did not name before is still on file."""
    profile_id = after.billing_profile_id
    if profile_id is None or profile_id == before.billing_profile_id:
        return ()
    return (profile_rows.not_deleted(after.partner_id, profile_id),)


def _refuse_other_profile(account: Account, profile_id: str) -> None:
    """Raise :class:`Invalid` for a billing profile that cannot pay for the account.

    One of an account that has ended is given with what revives it, unless its partner takes it over before that.
    """
    if account.has_ended and not account.pays_itself:
        fault = f"the account is {account.status}: give it with what revives it, a renewal or a change of plan"
        raise Invalid(errors=[("billing_profile_id", fault)])
    if account.kind is PlanKind.SANDBOX:
        raise Invalid(errors=[("billing_profile_id", "is for accounts that are paid for: a sandbox never is")])
    try:
        billing_profiles.get_profile(partner_id=account.partner_id, profile_id=profile_id)
    except NotFound:
        fault = f"{profile_id} is no billing profile of yours"
        raise Invalid(errors=[("billing_profile_id", fault)]) from None
