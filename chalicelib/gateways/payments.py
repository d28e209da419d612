"""The card processor: charging a card exactly once for each key (docs/decisions/card-processor.md).

A gateway answers :class:`Charged` or :class:`Declined`; anything else is :class:`OutcomeUnknown`,
and then the same key must be asked about again with the same amount.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from chalicelib.domain.audit import CardCharge
from chalicelib.domain.billing.invoices import Payment
from chalicelib.domain.money import Money
from chalicelib.domain.partners.billing_profiles import BillingProfile, Card, CardName


@dataclass(frozen=True, slots=True)
class Registered:
    """A card on file. ``payment_method`` is the processor's name for it from now on, ``customer`` whose it is there."""

    card: Card
    payment_method: str
    customer: str | None


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a charge is for. It goes into the processor's books, and comes back when the processor reports on it.

    Part of what is frozen with the charge: the same each time its key is asked about.
    """

    charge_id: str
    subject: str
    payer: str
    description: str


@dataclass(frozen=True, slots=True)
class Charged:
    """It is paid; ``card`` is the one that was charged, if the processor says."""

    processor: str
    reference: str
    card: CardName | None = None

    @property
    def payment(self) -> Payment:
        return Payment(self.processor, self.reference, self.card)


@dataclass(frozen=True, slots=True)
class Refunded:
    """The money is on its way back; ``reference`` is the refund's own."""

    reference: str


@dataclass(frozen=True, slots=True)
class Declined:
    decline_code: str


class OutcomeUnknown(Exception):
    """The processor may or may not have done it: its answer did not arrive, or was none yet."""


class PaymentMethodRefused(Exception):
    """The processor does not know this payment method, or won't charge it."""


class ProcessorMisconfigured(Exception):
    """The processor refuses our key, or the key isn't one for this stage. Never names the key itself."""


class PaymentGateway(Protocol):
    """What the product asks of a card processor."""

    def register(
        self,
        *,
        payment_method: str,
        profile_id: str,
        name: str,
        email: str | None = None,
        customer: str | None = None,
    ) -> Registered:
        """Put a card on file for a profile, whose ``customer`` is given when it had a card before.

        Raises :class:`PaymentMethodRefused`, :class:`OutcomeUnknown`; the same call again is harmless.
        """
        ...

    def charge(self, *, key: str, amount: Money, profile: BillingProfile, purpose: Purpose) -> Charged | Declined:
        """Charge ``profile``'s card once for ``key``, however often it is asked. Raises :class:`OutcomeUnknown`."""
        ...

    def find(self, *, key: str, customer: str | None = None) -> Charged | Declined | None:
        """What became of ``key``, without charging anything; None when the processor never saw it.

        Without the ``customer`` it was charged to, None is no proof for a charge of the last minutes.
        Raises :class:`OutcomeUnknown`.
        """
        ...

    def refund(self, *, key: str, reference: str, amount: Money, purpose: Purpose) -> Refunded | Declined:
        """Give back part of the charge ``reference``, or all, once for ``key``. Raises :class:`OutcomeUnknown`.

        One that is on its way counts as done; it may fail later (:meth:`find_refund`).
        """
        ...

    def find_refund(self, *, reference: str) -> Refunded | Declined:
        """What became of a refund, by its own reference. Raises :class:`OutcomeUnknown`."""
        ...


@runtime_checkable
class ListsCharges(Protocol):
    """A gateway that can tell everything it ever charged a payer's cards: for the audit, where there is one."""

    def list_charges(
        self, *, payer: str, customers: Sequence[str], since: datetime | None = None
    ) -> Iterator[CardCharge]:
        """The charges that went through, in any order, each with what was given back of it.

        ``customers`` are whose cards the payer has, or had, on file. Charges made before ``since`` may be left out.
        Raises :class:`OutcomeUnknown`.
        """
        ...
