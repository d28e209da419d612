"""Billing profiles: cards on file (docs/rules.md §1, §6)."""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from chalicelib.domain.ids import derived_id, fingerprint
from chalicelib.domain.partners.billing_profiles import Address, BillingProfile
from chalicelib.domain.refusals import Invalid, KeyReused, NotFound, Refusal, RefusalKind
from chalicelib.gateways.choice import payment_gateway
from chalicelib.gateways.payments import OutcomeUnknown, PaymentMethodRefused, Registered
from chalicelib.models import transactions
from chalicelib.models.accounts import overview as overview_rows
from chalicelib.models.billing import contracts as contract_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.partners import partners as partner_rows
from chalicelib.models.transactions import Put, WriteConflict, commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.partners import partners


class ProfileInUse(Refusal):
    """The profile pays for accounts, the Single Bill, the automatic top-up or the contract."""

    code = "billing_profile_in_use"
    title = "The billing profile is in use"


def get_profile(*, partner_id: str, profile_id: str) -> BillingProfile:
    """The partner's profile. Raises :class:`NotFound`."""
    profile = profile_rows.get(partner_id, profile_id)
    if profile is None or profile.deleted_at is not None:
        raise NotFound.of("billing profile", profile_id)
    return profile


def create_profile(
    *,
    profile_id: str,
    partner_id: str,
    name: str,
    payment_method: str,
    address: Address | None,
    tax_id: str | None = None,
    default: bool,
    now: datetime,
    actor: str,
) -> BillingProfile:
    """Put a card on file without charging it. The same ``profile_id`` again is the same request repeated.

    Raises :class:`Invalid` if the processor does not know the payment method, and :class:`ProcessorSilent`.
    """
    request = {
        "name": name,
        "payment_method": payment_method,
        "address": address and asdict(address),
        "default": default,
    }
    request_fingerprint = fingerprint(profile_id, request)
    if profile_rows.get(partner_id, profile_id) is not None:
        return _created_before(partner_id, profile_id, request_fingerprint)
    registered = _register(
        payment_method, profile_id=profile_id, name=name, email=partners.get_partner(partner_id=partner_id).email
    )
    profile = BillingProfile(
        id=profile_id,
        partner_id=partner_id,
        name=name,
        payment_method=registered.payment_method,
        card=registered.card,
        address=address,
        tax_id=tax_id,
        customer=registered.customer,
        default=default,
        fingerprint=request_fingerprint,
        created_at=now,
        updated_at=now,
    )
    try:
        return _write(profile, event="billing_profile.created", now=now, actor=actor)
    except WriteConflict:
        return _created_before(partner_id, profile_id, request_fingerprint)


def own_card_id(account_id: str) -> str:
    """The id of the one card of an account that pays for itself (§9)."""
    return derived_id("bp", account_id, "card")


def find_own_card(*, account_id: str) -> BillingProfile | None:
    """The card that an account pays for itself with, if it has one (§9)."""
    card = profile_rows.get(account_id, own_card_id(account_id))
    return card if card is not None and card.deleted_at is None else None


def register_own_card(
    *, account_id: str, name: str, email: str, payment_method: str, customer: str | None = None, now: datetime
) -> BillingProfile:
    """The card of an account that pays for itself, registered with the processor but not stored yet (§9).

    Anybody may send the id of a card here, so only one counts that its holder entered with a setup of ours. Raises
    :class:`Invalid` if the processor knows none of this id, or it is another customer's, and :class:`ProcessorSilent`.
    """
    profile_id = own_card_id(account_id)
    registered = _register(
        payment_method, profile_id=profile_id, name=name, email=email, customer=customer, set_up_here=True
    )
    return BillingProfile(
        id=profile_id,
        partner_id=account_id,
        name=name,
        payment_method=registered.payment_method,
        card=registered.card,
        customer=registered.customer,
        default=True,
        created_at=now,
        updated_at=now,
    )


def _created_before(partner_id: str, profile_id: str, request_fingerprint: str) -> BillingProfile:
    """The profile that a repeated request created. Raises :class:`KeyReused` if it was a different request.

    The processor is not called: for a different request it would put the other card on file.
    """
    existing = get_profile(partner_id=partner_id, profile_id=profile_id)
    if existing.fingerprint != request_fingerprint:
        raise KeyReused(f"It created the billing profile {existing.name!r}. Use a new Idempotency-Key.")
    return existing


def _write(profile: BillingProfile, *, event: str, now: datetime, actor: str) -> BillingProfile:
    """Store the profile and return it as stored. Raises :class:`WriteConflict` if it was changed, and :class:`Busy`."""

    def attempt() -> BillingProfile | WriteConflict:
        put = profile_rows.put(profile, actor=actor, event=event)
        try:
            commit([put, *_unset_other_default(profile, now=now, actor=actor)])
        except WriteConflict as conflict:
            if profile.id in conflict.subjects:
                return conflict  # trying again would not help: ``profile`` itself is outdated
            raise
        return profile_rows.stored(put)

    written = transactions.retry(attempt, busy="Others kept changing the default profile. Try again in a moment.")
    if isinstance(written, WriteConflict):
        raise written
    return written


def _unset_other_default(profile: BillingProfile, *, now: datetime, actor: str) -> list[Put]:
    """The writes that unset the present default profile, if ``profile`` becomes the default.

    They write the partner's row too, as a lock: if two profiles become the default at once, the later finds the other.
    """
    if not profile.default:
        return []
    partner = partner_rows.get(profile.partner_id, consistent_read=True)
    assert partner is not None
    replaced = [other for other in profile_rows.defaults(profile.partner_id) if other.id != profile.id]
    return [
        partner_rows.put(partner, actor=actor, event=""),
        *(
            profile_rows.put(
                replace(other, default=False, updated_at=now), actor=actor, event="billing_profile.updated"
            )
            for other in replaced
        ),
    ]


def update_profile(*, profile: BillingProfile, changes: dict[str, Any], now: datetime, actor: str) -> BillingProfile:
    """Change a profile's name, address, tax id or card, or whether it is the default.

    Raises :class:`Invalid`, :class:`ProcessorSilent` and :class:`ChangedMeanwhile`.
    """
    if "payment_method" in changes:
        registered = _register(
            changes["payment_method"], profile_id=profile.id, name=profile.name, customer=profile.customer
        )
        changes |= {
            "payment_method": registered.payment_method,
            "card": registered.card,
            "customer": registered.customer,
            "card_since": now,
        }
    changed = replace(profile, **changes, updated_at=now)
    try:
        return _write(changed, event="billing_profile.updated", now=now, actor=actor)
    except WriteConflict as conflict:
        raise ChangedMeanwhile(f"{profile.id} was changed at the same moment. Read it and try again.") from conflict


class ProcessorSilent(Refusal):
    """The processor did not answer, so the card is not on file here. The same request can be sent again safely."""

    kind = RefusalKind.UNAVAILABLE
    code = "card_processor_silent"
    title = "The card processor did not answer"


def _register(
    payment_method: str,
    *,
    profile_id: str,
    name: str,
    email: str | None = None,
    customer: str | None = None,
    set_up_here: bool = False,
) -> Registered:
    try:
        return payment_gateway().register(
            payment_method=payment_method,
            profile_id=profile_id,
            name=name,
            email=email,
            customer=customer,
            set_up_here=set_up_here,
        )
    except PaymentMethodRefused as error:
        raise Invalid(errors=[("payment_method", str(error))]) from error
    except OutcomeUnknown as error:
        raise ProcessorSilent("The card was not put on file. Try again in a moment.", retry_after=5) from error


class ChangedMeanwhile(Refusal):
    """Another change of the profile was written first: the caller has to read it again."""

    code = "changed_meanwhile"
    title = "It was changed by someone else"


def delete_profile(*, partner_id: str, profile_id: str, now: datetime, actor: str) -> None:
    """Take a card off file. Raises :class:`ProfileInUse`, naming what it pays for, and :class:`ChangedMeanwhile`."""
    profile = get_profile(partner_id=partner_id, profile_id=profile_id)
    users = overview_rows.paid_by(partner_id, profile_id)
    if users:
        named = ", ".join(users[:20]) + (f" and {len(users) - 20} more" if len(users) > 20 else "")
        raise ProfileInUse(
            f"{profile_id} pays for {named}. Give them another billing profile first.",
            extra={"account_ids": users[:100]},
        )
    wallet = wallet_rows.get(partner_id)
    arrangements = {"Single Bill": wallet.single_bill, "automatic top-up": wallet.top_up}
    paid = [name for name, each in arrangements.items() if each is not None and each.billing_profile_id == profile_id]
    if profile.default and contract_rows.get(partner_id).price is not None:
        paid.append("contract")
    if paid:
        raise ProfileInUse(
            f"{profile_id} pays for the {' and the '.join(paid)}. Give it another billing profile first."
        )
    deleted = replace(profile, deleted_at=now, default=False, updated_at=now)
    try:
        commit([profile_rows.put(deleted, actor=actor, event="billing_profile.deleted")])
    except WriteConflict as conflict:
        raise ChangedMeanwhile(f"{profile_id} was changed at the same moment. Read it and try again.") from conflict


def list_profiles(
    *, partner_id: str, limit: int, start: dict[str, Any] | None
) -> tuple[list[BillingProfile], dict[str, Any] | None]:
    """A partner's cards, and where the next page starts."""
    return profile_rows.of_partner(partner_id, limit=limit, start=start)
