"""A year of one partner on the deployed stack, with mixed cards and credits, and then its audit.

    .venv/bin/python -m benchmarks.year --accounts 200 --days 366

Starts a stack of its own on loopback, makes the partner over HTTP, moves the clock, proves the
books, prints what happened and how long each part took, and ends the stack.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.partners import Partner, audit, make_partner
from infra.local.advance import move
from infra.local.stack import LocalStack

CARDS = ("pm_card_visa", "pm_card_visa", "pm_card_visa", "pm_card_declinedOnRenewal", "pm_card_timeout")
PAYS_ONCE = {"pm_card_declinedOnRenewal"}
ZONES = ("America/Chicago", "Europe/Dublin", "Asia/Kathmandu", "America/Havana", "Pacific/Kiritimati")
TIERS = ("starter", "plus", "professional")


def furnish(partner: Partner, accounts: int) -> None:
    """Cards of several kinds, prepaid money for some months, packs, and accounts of several tiers and zones."""
    profiles = [partner.card(card) for card in CARDS]
    for number in range(accounts):
        card = CARDS[number % len(CARDS)]
        profile = partner.card(card) if card in PAYS_ONCE else profiles[number % len(profiles)]
        account = partner.post(
            "/v1/accounts",
            {
                "name": f"year-{number}",
                "client": {"name": f"Client {number}", "email": f"owner{number}@client.example"},
                "notification_email": "ops@agency.example",
                "country": "US",
                "language": "en",
                "time_zone": ZONES[number % len(ZONES)],
                "billing_profile_id": profile,
                "plan": {
                    "pricing_version": "V3",
                    "product": "marketing",
                    "tier": TIERS[number % len(TIERS)],
                    "contacts": 1000,
                    "billing_frequency": "annual" if number % 7 == 0 else "monthly",
                },
            },
        )
        if number % 10 == 0:
            partner.post(
                "/v1/credits/prepaid/purchases",
                {"billing_profile_id": profiles[0], "amount": 5_000, "account_id": account["id"]},
            )
    partner.post("/v1/credits/prepaid/purchases", {"billing_profile_id": profiles[0], "amount": accounts * 5_000})
    partner.post("/v1/credits/sms/purchases", {"billing_profile_id": profiles[0], "quantity": 1000})


def main() -> int:
    """The command; exits with the audit's code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.year", description=__doc__)
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--days", type=int, default=366)
    arguments = parser.parse_args()
    console, times = Console(highlight=False), Table("part", "seconds")

    with tempfile.TemporaryDirectory() as home, LocalStack(home=Path(home), progress=console.print) as stack:
        began = time.monotonic()
        furnish(make_partner(stack, name="A year"), arguments.accounts)
        times.add_row(f"{arguments.accounts} accounts over HTTP", f"{time.monotonic() - began:.1f}")
        console.print("Moving the clock")
        journey = move(stack.deployed, days=arguments.days)
        times.add_row(f"{arguments.days} days, {journey.stops} stops", f"{journey.seconds:.1f}")
        began = time.monotonic()
        code = audit(stack)
        times.add_row("audit", f"{time.monotonic() - began:.1f}")
    console.print(times)
    counts = ", ".join(f"{name} {count:,}" for name, count in sorted(journey.counts.events.items()))
    console.print(f"{counts}; charged to cards: {dict(journey.counts.card_charged)}")
    return code


if __name__ == "__main__":
    sys.exit(main())
