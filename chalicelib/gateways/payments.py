"""The card processor: charging a card exactly once for each key.

A gateway answers :class:`Charged` or :class:`Declined`; anything else is :class:`OutcomeUnknown`,
and then the same key must be asked about again with the same amount.
"""

from dataclasses import dataclass
from functools import cache
from typing import Protocol

from chalicelib.domain.money import Money
from chalicelib.domain.profiles import BillingProfile, Card


@dataclass(frozen=True, slots=True)
class Charged:
    processor: str
    reference: str


@dataclass(frozen=True, slots=True)
class Declined:
    decline_code: str


class OutcomeUnknown(Exception):
    """The processor may or may not have charged the card: its answer did not arrive."""


class PaymentMethodRefused(Exception):
    """The processor does not know this payment method."""


class PaymentGateway(Protocol):
    """What the product asks of a card processor."""

    def describe_card(self, payment_method: str) -> Card:
        """What may be shown of the card. Raises :class:`PaymentMethodRefused`."""
        ...

    def charge(self, *, key: str, amount: Money, profile: BillingProfile) -> Charged | Declined:
        """Charge ``profile``'s card once for ``key``, however often it is asked. Raises :class:`OutcomeUnknown`."""
        ...

    def find(self, *, key: str) -> Charged | Declined | None:
        """What became of ``key``, without charging anything; None when the processor never saw it."""
        ...


@cache
def payment_gateway() -> PaymentGateway:
    """The gateway of this installation: the sandbox's on every stage but production."""
    from chalicelib.gateways.sandbox_payments import SandboxPayments

    return SandboxPayments()
