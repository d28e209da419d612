"""Where a partner wants its earnings to go (docs/rules.md §10)."""

from dataclasses import replace
from datetime import datetime

from chalicelib.domain.values import dataclass

_SHARED = "Another partner has used this PayPal address. An operator will look at it."
_CANNOT_RECEIVE = "PayPal can't pay this address, as an earlier payout showed. Use another one."


@dataclass(frozen=True, slots=True)
class Payee:
    """A partner's PayPal address and since when it is that. Payouts are held while it ``is_shared``: another partner
    had it first, and no operator has released it yet; and for good if it ``cannot_receive``, as a payout has shown.
    """

    partner_id: str
    paypal_email: str | None = None
    set_at: datetime | None = None
    is_shared: bool = False
    cannot_receive: bool = False
    revision: int = 0
    version: int = 0


def with_address(payee: Payee, paypal_email: str | None, *, others: frozenset[str], now: datetime) -> Payee:
    """The payee with another address, which ``others`` use too; the same address stays as old as it is."""
    if paypal_email == payee.paypal_email:
        return payee
    shared = bool(others - {payee.partner_id})
    return replace(payee, paypal_email=paypal_email, set_at=now, is_shared=shared, cannot_receive=False)


def held_because(payee: Payee) -> str | None:
    """Why nothing is paid out to the payee's address, for the partner."""
    if payee.is_shared:
        return _SHARED
    return _CANNOT_RECEIVE if payee.cannot_receive else None


def address_mark(paypal_email: str) -> str:
    """What two addresses have in common that PayPal pays alike."""
    return paypal_email.lower()
