"""The card processor: charging a card exactly once per key (docs/decisions/card-processor.md).

A gateway answers :class:`Charged` or :class:`Declined`; anything else is :class:`OutcomeUnknown`,
and then the same key must be sent again with the same amount.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from chalicelib.domain.billing.invoices import Payment
from chalicelib.domain.charging.card_charges import CardCharge
from chalicelib.domain.disputes import Reported
from chalicelib.domain.money import Money
from chalicelib.domain.partners.billing_profiles import BillingProfile, Card, CardName
from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Registered:
    """A card on file. ``payment_method`` and ``customer`` are the processor's ids of the card and of its owner."""

    card: Card
    payment_method: str
    customer: str | None


@dataclass(frozen=True, slots=True)
class CardSetup:
    """A card that its holder is about to enter with the processor itself; whoever has the ``client_secret`` can.

    ``publishable_key`` is the processor's key for browsers; without one, pages take no card.
    """

    client_secret: str
    publishable_key: str | None = None


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a charge is for. The processor stores it, and returns it with its reports.

    It is fixed with the charge: the same each time the key is sent.
    """

    charge_id: str
    subject: str
    payer: str
    description: str


@dataclass(frozen=True, slots=True)
class Charged:
    """The charge is paid; ``card`` is the charged card if the processor reports it."""

    processor: str
    reference: str
    card: CardName | None = None

    @property
    def payment(self) -> Payment:
        return Payment(self.processor, self.reference, self.card)


@dataclass(frozen=True, slots=True)
class Refunded:
    """The money is on its way back; ``reference`` is the processor's id of the refund."""

    reference: str


@dataclass(frozen=True, slots=True)
class Declined:
    """Not paid, and it stays so. ``asked`` is the payment method that the charge was made with, if that is known."""

    decline_code: str
    asked: str | None = None


class OutcomeUnknown(Exception):
    """The processor may or may not have done it: its answer did not arrive, or is not final."""


class PaymentMethodRefused(Exception):
    """The processor does not know this payment method, or refuses to charge it."""


class ProcessorMisconfigured(Exception):
    """The processor refuses our key, or the key is not for this stage. The message never contains the key."""


class PaymentGateway(Protocol):
    """A card processor."""

    def begin_setup(self, *, key: str) -> CardSetup:
        """Begin to set up a card for charges without its holder, once for ``key``. Raises :class:`OutcomeUnknown`."""
        ...

    def register(
        self,
        *,
        payment_method: str,
        profile_id: str,
        name: str,
        email: str | None = None,
        customer: str | None = None,
        set_up_here: bool = False,
    ) -> Registered:
        """Register a card for a profile; ``customer`` is given when the profile had a card before.

        ``set_up_here``: whether its holder has to have entered it with a setup of ours, which has succeeded.

        Raises :class:`PaymentMethodRefused`, :class:`OutcomeUnknown`; the same call again is harmless.
        """
        ...

    def charge(self, *, key: str, amount: Money, profile: BillingProfile, purpose: Purpose) -> Charged | Declined:
        """Charge ``profile``'s card once for ``key``, however often it is called. Raises :class:`OutcomeUnknown`."""
        ...

    def find(self, *, key: str, customer: str | None = None) -> Charged | Declined | None:
        """The outcome of ``key``, without charging anything; None when the processor never received it.

        Without the charged ``customer``, None is not certain for charges of the last minutes.
        Raises :class:`OutcomeUnknown`.
        """
        ...

    def refund(self, *, key: str, reference: str, amount: Money, purpose: Purpose) -> Refunded | Declined:
        """Refund part or all of the charge ``reference``, once for ``key``. Raises :class:`OutcomeUnknown`.

        A refund on its way counts as done; it may fail later (:meth:`find_refund`).
        """
        ...

    def find_refund(self, *, reference: str) -> Refunded | Declined:
        """The outcome of a refund, by its own reference. Raises :class:`OutcomeUnknown`."""
        ...

    def find_dispute(self, *, reference: str, now: datetime) -> Reported | None:
        """A dispute as it is ``now``, by its own reference; None if there is none, or if it is of no charge of ours.

        Raises :class:`OutcomeUnknown`.
        """
        ...


@runtime_checkable
class ListsCharges(Protocol):
    """A gateway that can list all charges to a payer's cards, for the audit."""

    def list_charges(
        self, *, payer: str, customers: Sequence[str], since: datetime | None = None
    ) -> Iterator[CardCharge]:
        """The successful charges, in any order, each with what was refunded of it.

        ``customers`` own all cards the payer has or had on file. Charges made before ``since`` may be left out.
        Raises :class:`OutcomeUnknown`.
        """
        ...
