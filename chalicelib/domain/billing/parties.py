"""Who sells and who buys, as an invoice names them: fixed when it is issued (docs/rules.md §6)."""

import hashlib
import json
from dataclasses import asdict
from typing import Protocol

from chalicelib.domain.catalog.programs import Seller
from chalicelib.domain.partners.billing_profiles import Address, BillingProfile
from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Customer:
    """Who is billed. ``attention`` is the billing profile's name, where it differs; dates are ``time_zone``'s."""

    name: str
    email: str
    country: str
    time_zone: str
    attention: str | None = None
    address: Address | None = None
    tax_id: str | None = None


@dataclass(frozen=True, slots=True)
class Parties:
    """The seller and the customer of an invoice. Many invoices share the same ones, so they are stored once."""

    seller: Seller
    customer: Customer

    @property
    def digest(self) -> str:
        """Sixteen characters that stand for exactly these parties."""
        content = json.dumps(asdict(self), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]


class Payer(Protocol):
    """Whoever pays, as an invoice names it: a partner, or the client of an account that pays for itself."""

    @property
    def name(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def country(self) -> str: ...
    @property
    def time_zone(self) -> str: ...


@dataclass(frozen=True, slots=True)
class PayingClient:
    """The client of an account that pays for itself, as its invoices name it (§9)."""

    name: str
    email: str
    country: str
    time_zone: str


def parties_of(*, seller: Seller, payer: Payer, profile: BillingProfile | None) -> Parties:
    """The parties of an invoice that ``payer`` pays, by ``profile`` if it has one."""
    customer = Customer(
        name=payer.name,
        email=payer.email,
        country=payer.country,
        time_zone=payer.time_zone,
        attention=profile.name if profile is not None and profile.name != payer.name else None,
        address=profile.address if profile is not None else None,
        tax_id=profile.tax_id if profile is not None else None,
    )
    return Parties(seller=seller, customer=customer)
