"""Requests to Stripe: one client for the current key, and the errors that mean no answer.

Import it only where a card is charged: the ``stripe`` package is slow and large.
"""

import random
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import stripe

from chalicelib.config import settings
from chalicelib.gateways import processor_secrets
from chalicelib.gateways.payments import OutcomeUnknown, ProcessorMisconfigured

CONNECT_SECONDS, READ_SECONDS = 3, 8
_SDK_RETRIES = 1
_BACK_OFF_SECONDS = (0.4, 1.2)
"""Waits after "too many requests", each varied by half; then the request is given up."""

T = TypeVar("T")


def client() -> stripe.StripeClient:
    """The client for the current key; the same one until the key is changed."""
    return _client_for(processor_secrets.stripe_key(), settings().stripe_api_base)


@lru_cache(maxsize=1)
def _client_for(key: str, base: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        http_client=stripe.RequestsClient(timeout=(CONNECT_SECONDS, READ_SECONDS)),
        max_network_retries=_SDK_RETRIES,
        base_addresses={"api": base},
    )


def ask(question: Callable[[], T]) -> T:
    """Stripe's answer to ``question``, which is repeated after "too many requests".

    Card errors, invalid requests and idempotency errors pass through. No usable answer (a time-out, a 5xx,
    a key in use, still too many requests) is :class:`OutcomeUnknown`.
    """
    for seconds in (*_BACK_OFF_SECONDS, None):
        try:
            return question()
        except stripe.RateLimitError as error:
            if seconds is None:
                raise OutcomeUnknown("the card processor has too many requests") from error
            time.sleep(seconds * random.uniform(0.5, 1.5))  # noqa: S311 - spreads clients, guards nothing
        except (stripe.APIConnectionError, stripe.APIError) as error:
            raise OutcomeUnknown(f"no answer of the card processor: HTTP {error.http_status or 'nothing'}") from error
        except (stripe.AuthenticationError, stripe.PermissionError) as error:
            # from None: Stripe's own message shows a part of the key
            raise ProcessorMisconfigured(
                f"Stripe refuses the key in {settings().stripe_key_parameter}: HTTP {error.http_status}."
            ) from None
    raise AssertionError("unreachable")


def given(thing: stripe.StripeObject | None, name: str) -> Any:
    """An optional field of an optional object; Stripe's package raises for a missing one."""
    return thing[name] if thing is not None and name in thing else None
