"""Setting up cards: their holders enter them with the processor, and an id of them comes here (docs/rules.md §9)."""

from datetime import datetime

from chalicelib.domain.clients.rate_limits import CARD_SETUPS_BY_ADDRESS
from chalicelib.domain.ids import new_id
from chalicelib.gateways.choice import payment_gateway
from chalicelib.gateways.payments import CardSetup, OutcomeUnknown
from chalicelib.services.clients import rate_limits
from chalicelib.services.partners.billing_profiles import ProcessorSilent


def begin_card_setup(*, source: str, now: datetime) -> CardSetup:
    """Let a card be entered, for charges without its holder. What is begun and never entered costs nothing.

    Raises :class:`TooManyTries` if one ``source`` (a network address) begins too many, and :class:`ProcessorSilent`.
    """
    rate_limits.count_attempt(rate_limits.address_key("card_setups", source), limit=CARD_SETUPS_BY_ADDRESS, now=now)
    try:
        return payment_gateway().begin_setup(key=new_id("setup", at=now))
    except OutcomeUnknown as error:
        raise ProcessorSilent("No card was entered. Try again in a moment.", retry_after=5) from error
