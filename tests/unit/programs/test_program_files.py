import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from chalicelib import programs
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.programs import DiscountTier, PlanKind
from chalicelib.programs import UnknownProgram, files
from chalicelib.programs.files import ProgramFileError

FOLDER = Path(programs.__file__).parent
CONTACTS = [500, 1000, 2500, 5000, 10000, 25000, 50000, 100000]
Faults = Callable[..., str]


@pytest.fixture
def faults(tmp_path: Path) -> Faults:
    """Replace words in a shipped program file and return what is found wrong with it."""

    def found(name: str, *changes: tuple[str, str]) -> str:
        text = (FOLDER / f"{name}.yaml").read_text()
        for old, new in changes:
            assert old in text, f"{name}.yaml has no {old!r} to change"
            text = text.replace(old, new, 1)
        (tmp_path / f"{name}.yaml").write_text(text)
        with pytest.raises(ProgramFileError) as refused:
            files.load(tmp_path / f"{name}.yaml")
        return str(refused.value)

    return found


def test_three_programs_are_shipped() -> None:
    assert programs.program_names() == ("agency", "franchise", "solutions")


@pytest.mark.parametrize("name", programs.program_names())
def test_a_shipped_program_is_valid(name: str) -> None:
    program = programs.program(name)

    assert program.name == name
    assert program is programs.program(name)
    assert (program.minimum_card_charge, program.prepaid_minimum) == (50, 1000)
    assert program.retry_days == (1, 3, 5, 7)
    assert (program.archive_after_days, program.trial_reminder_days, program.renewal_reminder_days) == (30, 3, 7)


@pytest.mark.parametrize("name", ["reseller", "", "../programs/agency", "agency.yaml", "AGENCY"])
def test_a_program_without_a_file_is_unknown(name: str) -> None:
    with pytest.raises(UnknownProgram, match="only agency, franchise, solutions"):
        programs.program(name)


@pytest.mark.parametrize("name", programs.program_names())
def test_every_paid_plan_is_offered_in_all_contact_tiers(name: str) -> None:
    for plan in programs.program(name).plans:
        if plan.kind is PlanKind.PAID:
            assert [row.contacts for row in plan.prices] == CONTACTS


@pytest.mark.parametrize("name", ["agency", "solutions"])
def test_more_contacts_cost_more_and_a_year_less_than_twelve_months(name: str) -> None:
    for plan in programs.program(name).plans:
        monthly = [row.monthly for row in plan.prices if row.monthly is not None]
        assert monthly == sorted(set(monthly))
        assert all(row.annual < 12 * row.monthly for row in plan.prices if row.annual and row.monthly)


def test_the_agency_program_is_as_its_rules_say() -> None:
    agency = programs.program("agency")

    assert agency.trial_days == 14
    assert {(p.pricing_version, p.product, p.tier) for p in agency.plans if p.pricing_version == "V1"} == {
        ("V1", "EM", "trial"),
        ("V1", "EM", "sandbox"),
    }
    assert [(p.tier, bool(p.add_ons)) for p in agency.plans if p.pricing_version == "V3"] == [
        ("starter", False),
        ("plus", True),
        ("professional", True),
        ("enterprise", True),
    ]
    assert agency.partner_discounts[-1].tiers == tuple(
        DiscountTier(from_accounts=accounts, percent=Decimal(percent))
        for accounts, percent in ((1, 0), (2, 25), (25, 35), (50, 45), (100, 55))
    )
    assert agency.commission is not None
    assert agency.commission.relationships == ("referred",)
    assert agency.commission.percent[-1].percent == 30
    assert agency.commission.months == 12
    assert (agency.commission.hold_days, agency.commission.attribution_days) == (60, 90)
    assert agency.snapshot_kinds == (PlanKind.SANDBOX,)
    assert (agency.single_bill, agency.billing_day_allowed) == (None, False)


def test_the_franchise_program_is_as_its_rules_say() -> None:
    franchise = programs.program("franchise")

    assert [(p.pricing_version, p.product, p.tier, bool(p.add_ons)) for p in franchise.plans] == [
        ("Franchise", "ACHQ", "standard", False),
        ("Franchise", "ACHQ", "enterprise", True),
    ]
    assert all(p.billing_frequencies == (Frequency.ANNUAL,) for p in franchise.plans)
    assert all(row.unpriced for p in franchise.plans for row in p.prices)
    assert not franchise.credits_can_be_bought
    assert franchise.contacts_pooled
    assert (franchise.trial_days, franchise.commission) == (None, None)


def test_the_solutions_program_is_as_its_rules_say() -> None:
    solutions = programs.program("solutions")

    assert solutions.trial_days == 60
    assert [(p.tier, p.kind) for p in solutions.plans] == [
        ("trial", PlanKind.TRIAL),
        ("lite", PlanKind.PAID),
        ("standard", PlanKind.PAID),
        ("premium", PlanKind.PAID),
    ]
    assert [a.name for a in solutions.add_ons] == ["sms", "seo", "inbox_preview", "newsletter_archive"]
    assert solutions.add_on("newsletter_archive").included_in == ("premium",)
    assert solutions.billing_day_allowed
    assert solutions.single_bill is not None
    assert solutions.commission is not None
    assert solutions.commission.relationships == ("managed", "referred")
    assert solutions.commission.percent[-1].percent == 20
    assert solutions.commission.new_account_bonus > 0


def test_a_fault_names_file_place_and_reason(faults: Faults) -> None:
    message = faults("agency", ("contacts: 500, monthly: 1900", "contacts: 500, monthly: cheap"))

    assert message == (
        "agency.yaml is not a valid program file:\n"
        "  plans[2].prices[0].monthly: Input should be a valid integer, not 'cheap'"
    )


def test_all_faults_of_type_are_named_at_once(faults: Faults) -> None:
    message = faults(
        "agency",
        ("trial_days: 14", "trial_days: '14'"),
        ("billing_day_allowed: false", "billing_day_allowed: no"),
        ("effective_from: 2020-01-01", "effective_from: 2020-02-30"),
        ('percent: "0"', 'percent: "none"'),
        ("title: SMS", "titel: SMS"),
        ("kind: sandbox", "kind: playground"),
        ("relationships: [managed, referred]", "relationships: [friend]"),
        ("prepaid_minimum: 1000", "prepaid_minimum: 10.00"),
    )

    assert [line.split(":")[0].strip() for line in message.splitlines()[1:]] == [
        "relationships[0]",
        "trial_days",
        "billing_day_allowed",
        "prepaid_minimum",
        "partner_discounts[0].effective_from",
        "partner_discounts[0].tiers[0].percent",
        "add_ons[0].title",
        "add_ons[0].titel",
        "plans[1].kind",
    ]
    assert "add_ons[0].title: is missing" in message
    assert "add_ons[0].titel: is not a key of a program file" in message


def test_all_faults_of_meaning_are_named_at_once(faults: Faults) -> None:
    message = faults("agency", ("currency: USD", "currency: usd"), ("cycles: 12", "cycles: 0"))

    assert message.splitlines()[1:] == [
        "  currency: must be three capital letters (ISO 4217), not 'usd'",
        "  migration_discount.cycles: must be at least 1, not 0",
    ]


UNEARNED = (
    "commission: {relationships: [referred], percent: [], months: 0, "
    "hold_days: -1, new_account_bonus: 0, attribution_days: 90, move_window_days: 60, "
    "payout_day: 32, payout_minimum: 1, payout_confirmation: false, payout_hold_hours: 0}"
)
MISFITS = [
    ("agency", ("name: agency", "name: agencies"), "name: must be that of the file, 'agency', not 'agencies'"),
    ("agency", ("version: 1", "version: 0"), "version: must be at least 1"),
    ("agency", ("minimum_card_charge: 50", "minimum_card_charge: 1001"), "prepaid_minimum: is less than a card"),
    ("agency", ("retry_days: [1, 3, 5, 7]", "retry_days: []"), "retry_days: must not be empty"),
    ("agency", ("[1, 3, 5, 7]", "[0, 3, 5, 7]"), "retry_days[0]: must be at least 1, not 0"),
    ("agency", ("[1, 3, 5, 7]", "[1, 3, 3, 7]"), "retry_days[2]: must be more than the one before it, 3, not 3"),
    ("agency", ("relationships: [managed, referred]", "relationships: []"), "relationships: must not be empty"),
    ("agency", ("trial_days: 14", "trial_days: null"), "trial_days: is null, but there is a trial plan"),
    ("agency", ("trial_days: 14", "trial_days: 3"), "trial_days: must be more than trial_reminder_days"),
    ("franchise", ("trial_days: null", "trial_days: 30"), "trial_days: is given, but there is no trial plan"),
    (
        "agency",
        ("from_accounts: 1,", "from_accounts: 0,"),
        "partner_discounts[0].tiers[0].from_accounts: must be 1",
    ),
    (
        "agency",
        ("from_accounts: 25,", "from_accounts: 2,"),
        "partner_discounts[0].tiers[2].from_accounts: must be more than the one before it, 2, not 2",
    ),
    (
        "agency",
        ('percent: "55"', 'percent: "100.01"'),
        "partner_discounts[0].tiers[4].percent: must be from 0 to 100, not 100.01",
    ),
    ("agency", ('{percent: "10"', '{percent: "-1"'), "migration_discount.percent: must be from 0 to 100, not -1"),
    (
        "agency",
        ("migration_discount:", "  - {effective_from: 2019-12-31, tiers: []}\nmigration_discount:"),
        "partner_discounts[1].effective_from: must be more than the one before it, 2020-01-01, not 2019-12-31",
    ),
    (
        "solutions",
        ('- {effective_from: 2020-01-01, percent: "20"}', "[]"),
        "single_bill.discount_percent: must not be empty",
    ),
    (
        "franchise",
        (
            "commission: null",
            UNEARNED,
        ),
        "commission.relationships: referred is not among the program's relationships",
    ),
    ("franchise", ("commission: null", UNEARNED), "commission.percent: must not be empty"),
    ("franchise", ("commission: null", UNEARNED), "commission.months: must be at least 1, not 0"),
    ("franchise", ("commission: null", UNEARNED), "commission.hold_days: must be at least 0, not -1"),
    ("franchise", ("commission: null", UNEARNED), "commission.payout_day: must be a day of the month, 1 to 31, not 32"),
    ("agency", ("  inbox_preview:\n    - {q", "  fax:\n    - {q"), "credit_packs.fax: is not a kind of credits"),
    (
        "agency",
        ("quantity: 1000,", "quantity: 500,"),
        "credit_packs.sms[1].quantity: must be more than the one before it, 500, not 500",
    ),
    ("agency", ("price: 2800", "price: -1"), "credit_packs.sms[1].price: must be at least 0, not -1"),
    ("agency", ("bought: true", "bought: false"), "credit_packs: are offered, but credits_can_be_bought is false"),
    ("agency", (" NO: eu-west-1", " no: eu-west-1"), "data_regions.countries.no: must be two capital letters"),
    ("agency", ("name: seo", "name: sms"), "add_ons[1].name: sms appears twice"),
    (
        "solutions",
        ("included_in: [premium]", "included_in: [gold]"),
        "add_ons[3].included_in: gold is not among its tiers",
    ),
    (
        "agency",
        ("tiers: [plus, professional, enterprise]", "tiers: [starter, plus, professional, enterprise]"),
        "add_ons[0].tiers: no plan of the tier starter has sms among its add_ons",
    ),
    (
        "agency",
        ("tiers: [plus, professional, enterprise]", "tiers: [plus, professional]"),
        "plans[5].add_ons[0]: the add-on sms does not have enterprise among its tiers",
    ),
    (
        "agency",
        ("prices: {monthly: 1500, annual: 15000}", "prices: {monthly: 1500}"),
        "plans[3].add_ons[0]: sms has no annual price, but the plan has",
    ),
    (
        "franchise",
        ("prices: {}", "prices: {annual: 100}"),
        "plans[1].add_ons[0]: sms has a price, but the plan goes without invoices",
    ),
    (
        "agency",
        (
            "custom_reports: {values: [10, 25]}\n    add_ons: [sms",
            "custom_reports: {values: [10, 25]}\n    add_ons: [fax",
        ),
        "plans[3].add_ons[0]: fax is not among the program's add_ons",
    ),
    ("agency", ("add_ons: [sms, seo", "add_ons: [sms, sms"), "plans[3].add_ons[1]: sms appears twice"),
    ("agency", ("tier: plus", "tier: starter"), "plans[3]: V3/marketing/starter appears twice"),
    (
        "agency",
        ("billing_frequencies: [monthly, annual]", "billing_frequencies: []"),
        "plans[2].billing_frequencies: must not be empty",
    ),
    (
        "agency",
        ("billing_frequencies: [monthly, annual]", "billing_frequencies: [annual]"),
        "plans[2].prices[0].monthly: is given, but the plan is not offered monthly",
    ),
    (
        "agency",
        ("contacts: 500, monthly: 1900, annual: 19000", "contacts: 500, monthly: 1900"),
        "plans[2].prices[0].annual: is missing, but the plan is offered annual",
    ),
    (
        "agency",
        ("contacts: 500, monthly: 1900, annual: 19000", "contacts: 500"),
        "plans[2].prices: either all have a price or none has",
    ),
    (
        "agency",
        ("contacts: 500, monthly: 1900", "contacts: 500, monthly: -1"),
        "plans[2].prices[0].monthly: must be at least 0",
    ),
    (
        "agency",
        ("contacts: 1000, monthly: 2900", "contacts: 500, monthly: 2900"),
        "plans[2].prices[1].contacts: must be more than the one before it, 500, not 500",
    ),
    (
        "agency",
        ("prices: [{contacts: 500}]", "prices: [{contacts: 500, monthly: 1}]"),
        "plans[0].prices[0]: a trial is free and has no price",
    ),
    (
        "agency",
        ("prices: [{contacts: 500}]", "prices: [{contacts: 500}, {contacts: 501}]"),
        "plans[0].prices: a trial has at most one contact tier",
    ),
    (
        "agency",
        ("billing_frequencies: []", "billing_frequencies: [monthly]"),
        "plans[0].billing_frequencies: must be empty: a trial has no periods",
    ),
    ("agency", ("add_ons: []", "add_ons: [sms]"), "plans[0].add_ons: must be empty: a trial is never invoiced"),
    ("agency", ("{values: [1000]}", "{values: []}"), "plans[0].limits.email_sends.values: must not be empty"),
    (
        "agency",
        ("{values: [1000]}", "{values: [-1]}"),
        "plans[0].limits.email_sends.values[0]: must be at least 0, not -1",
    ),
    ("agency", ("version: 1\n", "version: 1\nversion: 2\n"), "the key 'version' appears twice"),
    ("agency", ("name: agency", "name: [agency"), "line"),
]


@pytest.mark.parametrize(("name", "change", "fault"), [pytest.param(*row, id=f"{row[0]}: {row[2]}") for row in MISFITS])
def test_a_program_that_does_not_fit_together_is_refused(
    faults: Faults, name: str, change: tuple[str, str], fault: str
) -> None:
    assert fault in faults(name, change)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="an empty file"),
        pytest.param(b"- name", id="a list"),
        pytest.param(b"\xff\xfe\xfa", id="no text"),
        pytest.param(b"!!python/object/apply:os.getcwd []", id="code"),
        pytest.param(b"? [a]\n: b", id="a list for a key"),
    ],
)
def test_what_is_no_program_at_all_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.yaml").write_bytes(content)

    with pytest.raises(ProgramFileError, match=r"^odd\.yaml is not a valid program file"):
        files.load(tmp_path / "odd.yaml")


def test_an_unquoted_percentage_never_becomes_a_float(tmp_path: Path) -> None:
    text = (FOLDER / "agency.yaml").read_text().replace('percent: "25"', "percent: 22.55")
    (tmp_path / "agency.yaml").write_text(text)

    assert files.load(tmp_path / "agency.yaml").partner_discounts[0].tiers[1].percent == Decimal("22.55")


def test_shipped_percentages_are_quoted() -> None:
    for path in FOLDER.glob("*.yaml"):
        assert not re.findall(r"percent: *[0-9.]+", path.read_text())
