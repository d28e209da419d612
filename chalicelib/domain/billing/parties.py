"""Who sells and who buys, as an invoice names them: fixed when it is issued (docs/rules.md §6)."""

import hashlib
import json
from dataclasses import asdict, dataclass

from chalicelib.domain.catalog.programs import Seller
from chalicelib.domain.partners.billing_profiles import Address, BillingProfile
from chalicelib.domain.partners.partners import Partner


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


def parties_of(*, seller: Seller, partner: Partner, profile: BillingProfile | None) -> Parties:
    """The parties of an invoice that ``partner`` pays, by ``profile`` if it has one."""
    customer = Customer(
        name=partner.name,
        email=partner.email,
        country=partner.country,
        time_zone=partner.time_zone,
        attention=profile.name if profile is not None and profile.name != partner.name else None,
        address=profile.address if profile is not None else None,
        tax_id=profile.tax_id if profile is not None else None,
    )
    return Parties(seller=seller, customer=customer)
