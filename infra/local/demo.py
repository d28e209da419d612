"""Demo data: a partner of every program and its accounts, made over HTTP as partners would make them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

from infra.local.access import PartnerAccess

VISA = "pm_card_visa"
DECLINED_LATER = "pm_card_declinedOnRenewal"


class DemoRefused(Exception):
    """The API did not accept the demo data."""


@dataclass(frozen=True)
class DemoAccount:
    """One account to create. `card` is the payment method of the billing profile that pays for it, if any."""

    name: str
    client: str
    country: str
    time_zone: str
    plan: dict[str, Any]
    card: str | None = None


@dataclass(frozen=True)
class DemoPartner:
    """One partner to create, the prepaid money it buys (minor units) and its accounts.

    Clients of the ``referred`` accounts sign up for them by themselves, and pay for them.
    """

    program: str
    name: str
    country: str
    time_zone: str
    prepaid: int
    accounts: tuple[DemoAccount, ...]
    referred: tuple[DemoAccount, ...] = ()


def agency_plan(tier: str, contacts: int, billing_frequency: str = "monthly") -> dict[str, Any]:
    """A paid plan of the agency program."""
    return {
        "pricing_version": "V3",
        "product": "marketing",
        "tier": tier,
        "contacts": contacts,
        "billing_frequency": billing_frequency,
    }


def solutions_plan(tier: str, contacts: int) -> dict[str, Any]:
    """A paid plan of the solutions program."""
    return {
        "pricing_version": "S1",
        "product": "email",
        "tier": tier,
        "contacts": contacts,
        "billing_frequency": "monthly",
    }


AGENCY_TRIAL = {"pricing_version": "V1", "product": "EM", "tier": "trial"}
AGENCY_SANDBOX = {"pricing_version": "V1", "product": "EM", "tier": "sandbox"}
SOLUTIONS_TRIAL = {"pricing_version": "S1", "product": "email", "tier": "trial"}
FRANCHISE_STANDARD = {
    "pricing_version": "Franchise",
    "product": "ACHQ",
    "tier": "standard",
    "contacts": 1000,
    "billing_frequency": "annual",
}

PARTNERS = (
    DemoPartner(
        program="agency",
        name="Northwind Digital",
        country="US",
        time_zone="America/Chicago",
        prepaid=25_000,
        accounts=(
            DemoAccount("acme", "Acme Inc", "US", "America/Chicago", agency_plan("plus", 1000), VISA),
            DemoAccount("liffey-books", "Liffey Books", "IE", "Europe/Dublin", agency_plan("starter", 500), VISA),
            DemoAccount(
                "everest-tours", "Everest Tours", "NP", "Asia/Kathmandu", agency_plan("professional", 2500), VISA
            ),
            DemoAccount(
                "malecon-music",
                "Malecón Music",
                "CU",
                "America/Havana",
                agency_plan("enterprise", 5000, "annual"),
                VISA,
            ),
            DemoAccount(
                "harbour-cafe", "Harbour Café", "AU", "Australia/Sydney", agency_plan("plus", 500), DECLINED_LATER
            ),
            DemoAccount("first-steps", "First Steps", "US", "America/New_York", AGENCY_TRIAL),
            DemoAccount("playground", "Northwind Digital", "US", "America/Chicago", AGENCY_SANDBOX),
        ),
    ),
    DemoPartner(
        program="franchise",
        name="Golden Bakery",
        country="IE",
        time_zone="Europe/Dublin",
        prepaid=0,
        accounts=(
            DemoAccount("bakery-dublin", "Golden Bakery Dublin", "IE", "Europe/Dublin", FRANCHISE_STANDARD),
            DemoAccount("bakery-lisbon", "Golden Bakery Lisbon", "PT", "Europe/Lisbon", FRANCHISE_STANDARD),
            DemoAccount("bakery-tokyo", "Golden Bakery Tokyo", "JP", "Asia/Tokyo", FRANCHISE_STANDARD),
        ),
    ),
    DemoPartner(
        program="solutions",
        name="Summit Solutions",
        country="CA",
        time_zone="America/Vancouver",
        prepaid=10_000,
        accounts=(
            DemoAccount("yak-and-yeti", "Yak and Yeti", "NP", "Asia/Kathmandu", solutions_plan("lite", 500), VISA),
            DemoAccount("isla-verde", "Isla Verde", "CU", "America/Havana", solutions_plan("standard", 1000), VISA),
            DemoAccount("fjord-yoga", "Fjord Yoga", "NO", "Europe/Oslo", solutions_plan("premium", 2500), VISA),
            DemoAccount("new-leaf", "New Leaf", "BR", "America/Sao_Paulo", SOLUTIONS_TRIAL),
        ),
        referred=(
            DemoAccount("amber-lane", "Amber Lane", "PT", "Europe/Lisbon", solutions_plan("standard", 500), VISA),
            DemoAccount("paper-boat", "Paper Boat", "NZ", "Pacific/Auckland", SOLUTIONS_TRIAL),
        ),
    ),
)

OF_THE_HOUSE = DemoAccount("corner-shop", "Corner Shop", "US", "America/Denver", solutions_plan("lite", 500), VISA)
"""Its client signs up without a partner."""
PASSWORD = "twelve-green-bottles"  # noqa: S105 - of demo accounts on this machine


class Api:
    """A client of the API with one key."""

    def __init__(self, base_url: str, key: str) -> None:
        self._base_url = base_url
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"

    def get(self, path: str) -> dict[str, Any]:
        """Read something. Raises DemoRefused."""
        response = self._session.get(self._base_url + path, timeout=60)
        if response.status_code != 200:
            raise DemoRefused(f"GET {path}: {response.status_code} {response.text}")
        read: dict[str, Any] = response.json()
        return read

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create something and return it. Raises DemoRefused."""
        response = self._session.post(self._base_url + path, json=body, timeout=60)
        if response.status_code != 201:
            raise DemoRefused(f"POST {path}: {response.status_code} {response.text}")
        created: dict[str, Any] = response.json()
        return created


def create(
    *, base_url: str, operator_key: str, with_accounts: bool, progress: Callable[[str], None]
) -> dict[str, PartnerAccess]:
    """Create a partner of every program, with its accounts if wanted; returns the partners' keys by their program."""
    operator = Api(base_url, operator_key)
    made = {}
    for partner in PARTNERS:
        accounts = f", {len(partner.accounts) + len(partner.referred)} accounts" if with_accounts else ""
        progress(f"Demo partner {partner.name} ({partner.program}){accounts}")
        made[partner.program] = _create_partner(operator, partner, base_url=base_url, with_accounts=with_accounts)
    if with_accounts:
        progress("Demo house account")
        operator.post("/public/sign-ups", _sign_up(OF_THE_HOUSE) | {"program": "solutions"})
    return made


def _create_partner(operator: Api, partner: DemoPartner, *, base_url: str, with_accounts: bool) -> PartnerAccess:
    created = operator.post(
        "/v1/operator/partners",
        {
            "name": partner.name,
            "program": partner.program,
            "email": f"ops@{partner.program}.example",
            "country": partner.country,
            "time_zone": partner.time_zone,
        },
    )
    access = PartnerAccess(created["id"], created["api_key"]["key"], person=f"owner@{partner.program}.example")
    if with_accounts:
        _create_accounts(Api(base_url, access.key), partner)
    return access


def _create_accounts(api: Api, partner: DemoPartner) -> None:
    """Give a partner its cards, its prepaid money and its accounts."""
    cards = sorted({account.card for account in partner.accounts if account.card}, reverse=True)
    profiles = {
        card: api.post("/v1/billing-profiles", {"name": f"Card {number}", "payment_method": card})["id"]
        for number, card in enumerate(cards, start=1)
    }
    for account in partner.accounts:
        api.post("/v1/accounts", _body(account, partner, profiles))
    for account in partner.referred:
        api.post("/public/sign-ups", _sign_up(account) | {"pn": api.get("/v1/invite-link")["pn"]})
    if partner.prepaid:
        purchase = {"billing_profile_id": profiles[VISA], "amount": partner.prepaid}
        api.post("/v1/credits/prepaid/purchases", purchase)


def _sign_up(account: DemoAccount) -> dict[str, Any]:
    """What a client sends that signs up; with a card if it buys a plan."""
    body: dict[str, Any] = {
        "account": {
            "name": account.name,
            "client": {"name": account.client, "email": f"owner@{account.name}.example"},
            "country": account.country,
            "language": "en",
            "time_zone": account.time_zone,
            "plan": account.plan,
        },
        "password": PASSWORD,
    }
    return body | ({"payment_method": account.card} if account.card else {})


def _body(account: DemoAccount, partner: DemoPartner, profiles: dict[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": account.name,
        "client": {"name": account.client, "email": f"owner@{account.name}.example"},
        "notification_email": f"ops@{partner.program}.example",
        "country": account.country,
        "language": "en",
        "time_zone": account.time_zone,
        "plan": account.plan,
    }
    if account.card:
        body["billing_profile_id"] = profiles[account.card]
    return body
