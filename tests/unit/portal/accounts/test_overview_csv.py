"""The overview as a file: the cells of each column."""

import csv
import io
from datetime import date, timedelta

from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.domain.accounts.accounts import Client, PendingChange, Relationship
from chalicelib.domain.calendar import Period
from chalicelib.portal.pages.accounts import overview_columns, overview_csv
from tests.builders import NOW, make_account, make_plan, usd

ACCOUNT = AccountShape.of(
    make_account(
        name="blue-door",
        client=Client("=Blue Door", "owner@blue.example"),
        plan=make_plan(add_ons=("seo", "sms")),
        period=Period(date(2026, 11, 1), date(2026, 12, 1)),
        time_zone="America/Chicago",
        price=usd(123_450),
        pending_change=PendingChange(make_plan(tier="professional", contacts=2500), NOW),
        metadata={"@team": "red", "b": "1; 2"},
    ),
    now=NOW,
).with_earned(usd(-5))


def read(columns: list[str], *accounts: AccountShape) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(overview_csv._table(columns, accounts))))


def test_each_column_has_cells_of_its_own() -> None:
    assert read(["name", "plan", "price_per_cycle", "current_period", "pending_change"], ACCOUNT) == [
        {
            "name": "blue-door",
            "client_name": "'=Blue Door",
            "product": "marketing",
            "tier": "plus",
            "contacts": "1000",
            "billing_frequency": "monthly",
            "add_ons": "seo, sms",
            "price_per_cycle": "1234.50",
            "currency": "USD",
            "current_period_start": "2026-11-01",
            "current_period_end": "2026-12-01",
            "pending_tier": "professional",
            "pending_contacts": "2500",
            "pending_from": "2026-12-01",
        }
    ]
    assert read(["single_bill", "metadata", "earned", "renews_at"], ACCOUNT) == [
        {
            "single_bill": "false",
            "metadata": "'@team=red; b=1; 2",
            "earned": "-0.05",
            "earned_currency": "USD",
            "renews_at": "2026-12-01T06:00:00+00:00",
            "expires_at": "",
        }
    ]


def test_every_column_can_be_written_and_has_no_name_twice() -> None:
    referred = AccountShape.of(make_account(relationship=Relationship.REFERRED), now=NOW + timedelta(days=1))
    columns = list(overview_columns.COLUMNS)

    header, first, second, *_ = overview_csv._table(columns, [ACCOUNT, referred]).split("\r\n")

    assert len(set(header.split(","))) == len(header.split(",")) > len(columns)
    assert "2026-12-01T06:00:00+00:00" in first
    assert "2026-12-01T06:00:00+00:00" not in second  # of a referred account a partner sees less
    assert "None" not in first + second
