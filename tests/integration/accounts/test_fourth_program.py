"""A program is its file: the domain reseller of the docs, which is not shipped, sells, renews, retries and pays out.

Everything that is compared here stands in ``docs/programs/domains.yaml``.
"""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chalicelib import programs
from chalicelib.domain.accounts.accounts import Status
from chalicelib.domain.audit import Kind
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import PlanRequest
from chalicelib.domain.earnings.lines import LineKind
from chalicelib.models.billing import invoice_lists
from chalicelib.services.audit import payer_audits
from tests.earning_worlds import EarningWorld

pytestmark = pytest.mark.usefixtures("aws")

FILE = Path("docs/programs/domains.yaml")
COM = PlanRequest("D1", "domain", "com")
EU = PlanRequest("D1", "domain", "eu", add_ons=("privacy",))
WEBSITE = PlanRequest("D1", "hosting", "website", billing_frequency=Frequency.MONTHLY)
CACHES = (programs.program, programs.program_names, programs.tiers, programs.add_ons)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EarningWorld]:
    """A web agency in the program, on 15 January 2026 at noon in Berlin."""
    for path in [*programs.FOLDER.glob("*.yaml"), FILE]:
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(programs, "FOLDER", tmp_path)
    for cache in CACHES:
        cache.cache_clear()
    yield EarningWorld(program="domains", time_zone="Europe/Berlin", now=datetime(2026, 1, 15, 11, tzinfo=UTC))
    monkeypatch.undo()
    for cache in CACHES:
        cache.cache_clear()


def paid(world: EarningWorld, account_id: str) -> list[tuple[str, int]]:
    """The account's invoices: when each was issued, and its total."""
    account = world.account(account_id)
    found = invoice_lists.history(account_id, charges=account.charges, payers=[account.payer])
    return sorted((f"{each.issued_at:%Y-%m-%d}", each.total.amount) for each in found)


def test_resold_domains_have_the_discount_of_their_number_and_renew_once_a_year(world: EarningWorld) -> None:
    first, second, third = (world.create(plan=COM) for _ in range(3))

    world.advance(days=366)

    assert paid(world, first.id) == [("2026-01-15", 1130), ("2027-01-14", 1041)]  # 5 %, then 12.5 % of 11.90
    assert paid(world, second.id) == [("2026-01-15", 1130), ("2027-01-14", 1041)]
    assert paid(world, third.id) == [("2026-01-15", 1041), ("2027-01-14", 1041)]
    (line, *_) = world.invoices(first.id)[0].lines
    assert (line.description, line.amount.currency) == ("Com, annual", "EUR")
    assert {line.kind for line in world.lines} == {LineKind.BONUS}  # what has the partner's discount brings no more
    assert first.data_region == "us-east-1"


def test_referred_domains_bring_their_partner_its_commission_for_two_years_and_a_bonus(world: EarningWorld) -> None:
    account = world.sign_up(plan=EU)
    world.post()

    world.advance(days=3 * 365)

    assert paid(world, account.id) == [(f"{year}-01-{14 if year > 2026 else 15}", 890) for year in range(2026, 2029)]
    assert [(line.kind, line.amount.amount) for line in world.lines] == [
        (LineKind.COMMISSION, 134),  # 15 % of 8.90, half up
        (LineKind.BONUS, 200),
        (LineKind.COMMISSION, 134),
    ]
    assert world.balance.balance.amount == 468
    found = payer_audits.audit_partner(partner_id=world.partner_id, now=world.now).findings
    assert [each for each in found if each.kind is not Kind.ALARM_LATE] == []  # the daily balance check sleeps here


def test_a_declined_renewal_is_tried_on_the_programs_days_and_ends_as_it_says(world: EarningWorld) -> None:
    account = world.create(plan=WEBSITE, billing_profile_id=world.card("pm_card_declinedOnRenewal"))

    world.advance(days=31 + 20)

    (_, unpaid) = world.invoices(account.id)
    assert [f"{attempt.at:%m-%d}" for attempt in unpaid.attempts] == ["02-14", "02-15", "02-18", "02-24", "03-06"]
    assert world.account(account.id).status is Status.EXPIRED
    world.advance(days=44)
    assert world.account(account.id).status is Status.EXPIRED
    world.advance(days=1)
    assert world.account(account.id).status is Status.ARCHIVED


@pytest.mark.parametrize("plan", [EU, WEBSITE], ids=["one size", "limits of its own"])
def test_what_the_file_leaves_no_choice_in_need_not_be_named(world: EarningWorld, plan: PlanRequest) -> None:
    account = world.create(plan=plan)

    assert account.plan.contacts == 1
    assert account.plan.limits == ({"dns_records": 50} if plan is EU else {"mailboxes": 5, "gigabytes": 10})
