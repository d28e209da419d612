"""Thousands of accounts of one partner at once: rows written in batches without the services, and no charges."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from chalicelib.domain.accounts.accounts import Account, Client, Relationship, Status
from chalicelib.domain.calendar import Frequency, local_date, period_containing
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.domain.catalog.quotes import Terms
from chalicelib.domain.ids import new_id
from chalicelib.domain.money import Money

FIRMS = ("Bright", "Maple", "River", "Stone", "North", "Acme", "Delta", "Harbor", "Lumen", "Quartz", "Pixel", "Cedar")
KINDS = ("Inc", "GmbH", "Ltd", "& Sons", "Studio")
ZONES = {"US": "America/Chicago", "IE": "Europe/Dublin", "DE": "Europe/Berlin", "AU": "Australia/Sydney"}
CONTACTS = (500, 1000, 2500, 5000, 10000)


def varied_accounts(count: int, *, partner_id: str, profile_id: str, now: datetime) -> Iterator[Account]:
    """Realistically varied accounts, created over the three years before ``now``; the same ones each time."""
    dice = random.Random(7)
    for number in range(count):
        first, second = dice.choice(FIRMS), dice.choice(FIRMS)
        country = dice.choice(list(ZONES))
        created_at = now - timedelta(minutes=dice.randrange(2 * 24 * 60, 3 * 365 * 24 * 60))
        frequency = Frequency.ANNUAL if number % 5 == 0 else Frequency.MONTHLY
        time_zone = ZONES[country]
        anchor = local_date(created_at, time_zone)
        yield Account(
            id=new_id("acct", at=created_at),
            partner_id=partner_id,
            payer=partner_id,
            name=f"{first}-{second}-{number}".lower(),
            status=Status.ACTIVE,
            kind=PlanKind.PAID,
            relationship=Relationship.MANAGED,
            client=Client(f"{first} {second} {dice.choice(KINDS)}", f"owner@{first}{second}{number}.example".lower()),
            notification_email="ops@bright-agency.example",
            country=country,
            data_region="us-east-1" if country == "US" else "eu-west-1",
            language="en",
            time_zone=time_zone,
            plan=Plan(
                pricing_version="V3",
                product="marketing",
                tier=dice.choice(("starter", "plus", "professional", "enterprise")),
                contacts=dice.choice(CONTACTS),
                billing_frequency=frequency,
                limits={"email_sends": 10_000, "activities": 5_000, "custom_reports": 10},
                add_ons=("sms",) if number % 4 == 0 else (),
            ),
            created_at=created_at,
            updated_at=created_at,
            currency="USD",
            billing_profile_id=profile_id,
            metadata={"team": dice.choice(("red", "blue"))} if number % 2 else {},
            anchor=anchor,
            period=period_containing(anchor=anchor, frequency=frequency, day=local_date(now, time_zone)),
            price=Money(dice.randrange(2_000, 90_000), "USD"),
            terms=Terms(partner_percent=Decimal(55), migration_percent=Decimal(0)),
            charges=1,
        )
