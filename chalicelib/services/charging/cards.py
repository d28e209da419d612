"""Asking the card processor: each charge under its own key, several at a time, and only a definite answer counts."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import cache

from chalicelib.config import settings
from chalicelib.domain.copies import replace
from chalicelib.domain.ids import is_account_id
from chalicelib.domain.partners.billing_profiles import BillingProfile
from chalicelib.gateways.choice import payment_gateway
from chalicelib.gateways.payments import Charged, Declined, OutcomeUnknown, Purpose
from chalicelib.services.charging.intents import ChargeIntent

KEY_FORGOTTEN_AFTER = timedelta(hours=20)
"""Processors forget keys after about a day: an attempt older than this is looked up before it is sent again."""
_ASKS = 3
_PATIENCE_SECONDS = 3.0
"""A processor that took longer is not asked again at once: with its own timeouts that would outlast a request."""

NO_BILLING_PROFILE = "no_billing_profile"
"""The decline code of a charge without a billing profile to pay for it."""
NO_CARD = "no_card"
"""The decline code of a charge of an account that pays for itself and has no card (docs/rules.md §9)."""

Answer = Charged | Declined


def never() -> bool:
    """Never out of time: for callers without a time limit."""
    return False


def ask_all(
    intents: Sequence[ChargeIntent],
    profiles: Mapping[str, BillingProfile],
    *,
    now: datetime,
    out_of_time: Callable[[], bool],
) -> list[tuple[ChargeIntent, Answer | None]]:
    """Ask the cards of held charges, several at a time; None where no definite answer came, or there was no time."""

    def ask(intent: ChargeIntent) -> tuple[ChargeIntent, Answer | None]:
        if out_of_time():
            return intent, None
        profile = profiles.get(intent.charge.billing_profile_id or "")
        return intent, ask_card(intent, profile, now=now, out_of_time=out_of_time)

    if len(intents) == 1:
        return [ask(intents[0])]
    return list(_card_pool().map(ask, intents))


def ask_card(
    intent: ChargeIntent, profile: BillingProfile | None, *, now: datetime, out_of_time: Callable[[], bool]
) -> Answer | None:
    """The processor's definite answer for the frozen attempt, or None when it gave none."""
    begun = time.monotonic()
    for _ in range(_ASKS):
        try:
            return _asked_once(intent, profile, now=now)
        except OutcomeUnknown:
            if time.monotonic() - begun > _PATIENCE_SECONDS or out_of_time():
                break
    return None


def _asked_once(intent: ChargeIntent, profile: BillingProfile | None, *, now: datetime) -> Answer:
    charge, gateway = intent.charge, payment_gateway()
    if charge.declined is not None:
        return Declined(charge.declined)
    if charge.refunds is not None and charge.card is not None:
        answer = gateway.refund(
            key=charge.key, reference=charge.refunds, amount=charge.card, purpose=_purpose_of(intent)
        )
        return answer if isinstance(answer, Declined) else Charged(charge.refunds, answer.reference)
    if profile is None or charge.card is None:
        return Declined(NO_CARD if is_account_id(intent.payer) else NO_BILLING_PROFILE)
    may_be_forgotten = settings().charges_looked_up or now - charge.started_at > KEY_FORGOTTEN_AFTER
    found = gateway.find(key=charge.key, customer=profile.customer) if may_be_forgotten else None
    if found is not None:
        return found
    charged = gateway.charge(key=charge.key, amount=charge.card, profile=profile, purpose=_purpose_of(intent))
    return replace(charged, asked=profile.payment_method) if isinstance(charged, Declined) else charged


def _purpose_of(intent: ChargeIntent) -> Purpose:
    """What the processor is told about a charge: only what is frozen, so that it stays the same in every attempt."""
    return Purpose(
        charge_id=intent.charge.id,
        subject=intent.subject,
        payer=intent.payer,
        description=intent.charge.lines[0].description if intent.charge.lines else intent.charge.id,
    )


@cache
def _card_pool() -> ThreadPoolExecutor:
    """Kept for the life of the process: each of its threads has clients of its own."""
    return ThreadPoolExecutor(max_workers=settings().card_parallel, thread_name_prefix="card")
