"""Which accounts move where, and what they are afterwards (docs/rules.md §9)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import (
    Account,
    Cancellation,
    ExpiryReason,
    PendingChange,
    Provisioning,
    ProvisioningStatus,
    Relationship,
    Status,
)
from chalicelib.domain.accounts.actions import Action, ChargeInProgress, RenewalDue, TransitionRefused, refuse_unless
from chalicelib.domain.accounts.lifecycle import period_due
from chalicelib.domain.accounts.paid_periods import advanced_to
from chalicelib.domain.accounts.payers import InvoiceUnpaid, PartnerPays
from chalicelib.domain.accounts.transitions import expired
from chalicelib.domain.calendar import Frequency, Period
from chalicelib.domain.catalog.plans import Plan, PlanRequest, resolve_plan
from chalicelib.domain.partners.partners import Partner, house_id
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.setup.branding import PLAIN, Branding
from chalicelib.domain.transfers import moves
from chalicelib.domain.transfers.moves import Destination, MoveRefused, PlanNeeded, SetUpLeft
from chalicelib.domain.wallet.open_bill import OpenBill
from chalicelib.programs import program
from tests.builders import (
    FIRST,
    NO_DISCOUNT,
    NOW,
    make_account,
    make_charge,
    make_past_due,
    make_plan,
    make_sandbox,
    make_trial,
    usd,
)

LAST_SECOND = datetime(2026, 2, 27, 23, 59, 59, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CARD = PartnerPays("bp_9")
BILL = OpenBill(day=1, billing_profile_id="bp_1", id="bill_1", number=1, opened_on=date(2026, 1, 1), total=usd(0))
UNPAID = replace(BILL, unpaid="bill_0")


def to(name: str = "agency", **overrides: Any) -> Destination:
    """Another partner of the program, which manages the account and pays by a card of its own."""
    partner = Partner("prt_2", "Bright", name, "ops@bright.example", "US", "America/Chicago", "USD", NOW, NOW)
    fields = {"relationship": Relationship.MANAGED, "pays": CARD}
    return Destination(**{"partner": partner, "program": program(name)} | fields | overrides)


def house(name: str = "agency", **overrides: Any) -> Destination:
    """The house of a program, where accounts pay for themselves."""
    partner = Partner(
        house_id(name), "Vendor", name, "accounts@v.example", "US", "America/Chicago", "USD", NOW, NOW, house=True
    )
    return to(name, **{"partner": partner, "relationship": Relationship.REFERRED, "pays": None} | overrides)


def plan_of(name: str, tier: str, frequency: Frequency = Frequency.MONTHLY) -> Plan:
    version, product = {"solutions": ("S1", "email"), "franchise": ("Franchise", "ACHQ")}.get(name, ("V3", "marketing"))
    wanted = PlanRequest(version, product, tier, 1000, frequency)
    return resolve_plan(program=program(name), requested=wanted)


def refuse(
    account: Account,
    where: Destination | None = None,
    *,
    bill: OpenBill | None = None,
    now: datetime = NOW,
    **more: Any,
) -> None:
    moves.refuse_unless_movable(account, where or to(), bill=bill, new_bill=more.get("new_bill"), now=now)


def ended(status: Status = Status.EXPIRED) -> Account:
    return make_account(status=status, expired_at=NOW, expiry_reason=ExpiryReason.NON_PAYMENT)


CANCELED = make_account(status=Status.CANCELED, cancellation=Cancellation(None, True, NOW.date()))
PENDING = Provisioning(ProvisioningStatus.PENDING, give_up_at=NOW)
FAILED = Provisioning(ProvisioningStatus.FAILED, give_up_at=NOW, reason="No room.")


@pytest.mark.parametrize(
    ("account", "where", "now"),
    [
        pytest.param(make_account(), to(), NOW, id="active"),
        pytest.param(make_account(), to(), LAST_SECOND, id="to the last second of its period"),
        pytest.param(make_account(status=Status.DISABLED), to(), NOW, id="disabled"),
        pytest.param(CANCELED, to(), LAST_SECOND, id="canceled, still running"),
        pytest.param(make_trial(), to(), NOW, id="a trial, into a program with trials"),
        pytest.param(make_trial(), to("solutions"), NOW, id="a trial, into another program with trials"),
        pytest.param(make_account(), house(), NOW, id="to the house"),
        pytest.param(ended(), house(), NOW, id="expired, out"),
        pytest.param(ended(Status.ARCHIVED), house(), NOW, id="archived, out"),
        pytest.param(
            make_account(), to("solutions", plan=plan_of("solutions", "lite")), NOW, id="with a plan of there"
        ),
        pytest.param(make_account(single_bill=True), to(), NOW, id="off a Single Bill that is paid"),
    ],
)
def test_these_move(account: Account, where: Destination, now: datetime) -> None:
    refuse(account, where, bill=BILL, now=now)


@pytest.mark.parametrize(
    ("account", "where", "bill", "now", "refusal", "words"),
    [
        (make_sandbox(), to(), None, NOW, MoveRefused, "sandbox"),
        (make_account(provisioning=PENDING), to(), None, NOW, MoveRefused, "being prepared"),
        (make_account(provisioning=FAILED), house(), None, NOW, MoveRefused, "could not be prepared"),
        (ended(), to(), None, NOW, MoveRefused, "renewed first"),
        (ended(Status.ARCHIVED), to(), None, NOW, MoveRefused, "renewed first"),
        (make_account(partner_id="prt_2"), to(), None, NOW, MoveRefused, "there already"),
        (make_account(currency="EUR"), to(), None, NOW, MoveRefused, "EUR"),
        (make_trial(), to("franchise"), None, NOW, MoveRefused, "trial"),
        (make_account(charge=make_charge()), to(), None, NOW, ChargeInProgress, "being settled"),
        (make_past_due(), to(), None, NOW, InvoiceUnpaid, "past due"),
        (make_account(single_bill=True), to(), UNPAID, NOW, InvoiceUnpaid, "Single Bill"),
        (make_account(single_bill=True, waits_until=NOW), to(), BILL, NOW, InvoiceUnpaid, "Single Bill"),
        (make_account(), to(), None, LAST_SECOND + SECOND, RenewalDue, "next step is due"),
        (CANCELED, to(), None, LAST_SECOND + SECOND, RenewalDue, "next step is due"),
        (make_trial(), to(), None, datetime(2026, 2, 14, tzinfo=UTC), RenewalDue, "next step is due"),
        (make_account(), to("solutions"), None, NOW, PlanNeeded, "does not offer"),
        (make_account(), to("franchise"), None, NOW, PlanNeeded, "does not offer"),
        (ended(), house("solutions"), None, NOW, PlanNeeded, "does not offer"),
    ],
)
def test_these_do_not_move_and_learn_why(
    account: Account,
    where: Destination,
    bill: OpenBill | None,
    now: datetime,
    refusal: type[Refusal],
    words: str,
) -> None:
    with pytest.raises(refusal, match=words):
        refuse(account, where, bill=bill, now=now)


@pytest.mark.parametrize(("new_bill", "words"), [(None, "not set up"), (UNPAID, "bill_0")])
def test_nothing_joins_a_single_bill_that_takes_nothing(new_bill: OpenBill | None, words: str) -> None:
    where = to("solutions", pays=PartnerPays(single_bill=True), plan=plan_of("solutions", "lite"))

    with pytest.raises(MoveRefused, match=words):
        refuse(make_account(), where, new_bill=new_bill)
    refuse(make_account(), where, new_bill=BILL)


def test_the_paid_period_and_the_renewal_day_stay() -> None:
    before = make_account(pending_change=PendingChange(plan_of("agency", "starter"), NOW), credits={"sms": 5})

    after = moves.moved(before, to(), bill=None, now=NOW)

    kept = ("plan", "anchor", "period", "price", "terms", "charges", "credits", "pending_change", "cancellation")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert (after.partner_id, after.payer, after.billing_profile_id) == ("prt_2", "prt_2", "bp_9")
    assert (after.earlier_payers, after.earlier_partners, after.moved_at) == (("prt_1",), ("prt_1",), NOW)


@pytest.mark.parametrize(
    ("where", "relationship", "payer", "told_at"),
    [
        pytest.param(to(), Relationship.MANAGED, "prt_2", "ops@bright.example", id="managed"),
        pytest.param(
            to(relationship=Relationship.REFERRED, pays=None),
            Relationship.REFERRED,
            "acct_1",
            "owner@acme.example",
            id="referred",
        ),
        pytest.param(house(), Relationship.REFERRED, "acct_1", "owner@acme.example", id="out"),
    ],
)
def test_who_pays_and_who_is_written_to_follows_from_where_it_goes(
    where: Destination, relationship: Relationship, payer: str, told_at: str
) -> None:
    after = moves.moved(make_account(), where, bill=None, now=NOW)

    assert (after.relationship, after.payer, after.notification_email) == (relationship, payer, told_at)


def test_what_the_partner_set_up_ends_and_a_disabled_account_is_enabled() -> None:
    before = make_account(
        status=Status.DISABLED,
        disabled_message="Call us.",
        metadata={"team": "red"},
        custom_domain="mail.acme.example",
        single_bill=True,
        set_aside=usd(500),
    )

    after = moves.moved(before, to(), bill=BILL, now=NOW)

    assert (after.status, after.disabled_message, dict(after.metadata)) == (Status.ACTIVE, None, {})
    assert (after.custom_domain, after.single_bill, after.set_aside) == (None, False, None)


def test_the_new_partner_earns_on_its_own_terms_from_the_day_of_the_move() -> None:
    moved = moves.moved(make_account(), to("solutions"), bill=None, now=NOW)

    assert moved.earning_terms is not None
    assert (moved.earning_terms.percent, moved.earning_terms.credited_on) == (20, NOW.date())


def test_the_house_earns_nothing_with_an_account_that_leaves() -> None:
    moved = moves.moved(moves.moved(make_account(), to(), bill=None, now=NOW), house(), bill=None, now=NOW)

    assert moved.earning_terms is None


def test_a_partner_that_gets_an_account_back_is_none_of_its_earlier_ones() -> None:
    before = make_account(earlier_partners=("prt_2", "prt_3"))

    assert moves.moved(before, to(), bill=None, now=NOW).earlier_partners == ("prt_3", "prt_1")


@pytest.mark.parametrize(
    ("account", "where", "cycles"),
    [
        pytest.param(make_account(), to(), 12, id="where the program has one"),
        pytest.param(make_account(), to("solutions", plan=plan_of("solutions", "lite")), 0, id="where it has none"),
        pytest.param(make_account(migrated=True), to(), 0, id="once in an account's life"),
        pytest.param(make_account(migrated_cycles=3), to(), 3, id="what is left goes along, and no more is given"),
        pytest.param(make_account(), house(), 0, id="not for leaving"),
        pytest.param(make_trial(), to(), 0, id="not for a trial"),
    ],
)
def test_the_migration_discount_is_given_once(account: Account, where: Destination, cycles: int) -> None:
    assert moves.moved(account, where, bill=None, now=NOW).migrated_cycles == cycles


def test_an_account_that_moves_again_gets_no_other_migration_discount() -> None:
    used_up = replace(moves.moved(make_account(), to(), bill=None, now=NOW), partner_id="prt_7", migrated_cycles=0)

    assert moves.moved(used_up, to(), bill=None, now=NOW).migrated_cycles == 0


class TestInAnotherProgram:
    LITE = plan_of("solutions", "lite")

    def moved(self, account: Account | None = None, **more: Any) -> Account:
        return moves.moved(account or make_account(), to("solutions", plan=self.LITE, **more), bill=None, now=NOW)

    def test_the_plan_of_the_new_program_waits_for_the_next_renewal(self) -> None:
        after = self.moved()

        assert after.plan == make_plan()
        assert after.pending_change == PendingChange(self.LITE, NOW, required=True)
        assert after.priced_plan == self.LITE

    def test_it_is_not_withdrawn_but_can_be_replaced(self) -> None:
        with pytest.raises(TransitionRefused, match="not offered in this program"):
            refuse_unless(self.moved(), Action.WITHDRAW_CHANGE, now=NOW)
        refuse_unless(self.moved(), Action.CHANGE_PLAN, now=NOW)

    def test_back_where_its_own_plan_is_offered_it_keeps_that_and_needs_none(self) -> None:
        there = self.moved()

        back = moves.moved(there, to(partner=replace(to().partner, id="prt_1")), bill=None, now=NOW)

        assert not moves.needs_plan(there, program("agency"))
        assert (back.plan, back.pending_change) == (make_plan(), None)

    @pytest.mark.parametrize("before", [True, False], ids=["was required", "was not"])
    @pytest.mark.parametrize(
        ("left_out", "required"), [("plus", True), ("enterprise", False)], ids=["not offered", "offered"]
    )
    def test_a_change_that_goes_along_is_required_where_the_plan_it_replaces_is_not_offered(
        self, left_out: str, required: bool, before: bool
    ) -> None:
        agency = program("agency")
        there = replace(agency, plans=tuple(each for each in agency.plans if each.tier != left_out))
        starter = plan_of("agency", "starter")
        account = make_account(pending_change=PendingChange(starter, NOW - SECOND, required=before))

        after = moves.moved(account, to(program=there), bill=None, now=NOW)

        assert make_plan().tier == "plus"
        assert after.pending_change == PendingChange(starter, NOW - SECOND, required=required)

    def test_an_account_that_ends_before_is_revived_on_the_plan_that_waited(self) -> None:
        after = expired(self.moved(), reason=ExpiryReason.CANCELED, at=NOW, now=NOW)

        assert (after.plan, after.pending_change) == (self.LITE, None)

    def test_one_that_has_ended_has_the_new_plan_at_once(self) -> None:
        after = moves.moved(ended(), house("solutions", plan=self.LITE), bill=None, now=NOW)

        assert (after.plan, after.pending_change) == (self.LITE, None)

    def test_a_trial_becomes_the_trial_of_the_program_and_ends_on_its_day(self) -> None:
        before = make_trial()

        after = moves.moved(before, to("solutions"), bill=None, now=NOW)

        assert (after.plan.pricing_version, after.plan.tier, after.period) == ("S1", "trial", before.period)

    @pytest.mark.parametrize(("address", "again"), [("ops@old.example", True), ("ops@bright.example", False)])
    def test_who_was_not_reminded_of_a_trials_end_is_reminded(self, address: str, again: bool) -> None:
        before = make_trial()
        before = replace(before, reminded_for=before.period and before.period.end, notification_email=address)

        after = moves.moved(before, to(), bill=None, now=NOW)

        assert after.notification_email == "ops@bright.example"
        assert after.reminded_for == (None if again else before.reminded_for)

    def test_a_trial_is_not_on_the_single_bill_yet(self) -> None:
        where = to("solutions", pays=PartnerPays(single_bill=True))

        after = moves.moved(make_trial(), where, bill=None, now=NOW)

        assert (after.payer, after.single_bill) == ("prt_2", False)

    @pytest.mark.parametrize(
        ("anchor", "period", "year"),
        [
            (date(2026, 1, 31), FIRST, Period(date(2026, 2, 28), date(2027, 2, 28))),
            (
                date(2027, 11, 29),
                Period(date(2028, 1, 29), date(2028, 2, 29)),
                Period(date(2028, 2, 29), date(2029, 2, 28)),
            ),
            (
                date(2026, 1, 31),
                Period(date(2026, 12, 31), date(2027, 1, 31)),
                Period(date(2027, 1, 31), date(2028, 1, 31)),
            ),
        ],
        ids=["a year from 28 February", "a year from 29 February", "a year from the anchor's own day"],
    )
    def test_a_year_follows_on_months_from_the_renewal_day(self, anchor: date, period: Period, year: Period) -> None:
        annual = plan_of("franchise", "standard", Frequency.ANNUAL)
        account = make_account(anchor=anchor, period=period)

        after = moves.moved(account, to("franchise", plan=annual), bill=None, now=NOW)
        renewed = advanced_to(after, period=period_due(after), price=None, terms=NO_DISCOUNT, now=NOW)

        assert (after.anchor, period_due(after)) == (anchor, year)
        assert (renewed.plan, renewed.anchor, renewed.period) == (annual, year.start, year)
        assert period_due(renewed).start == year.end


@pytest.mark.parametrize(
    ("account", "branding", "left"),
    [
        (make_account(), PLAIN, []),
        (make_account(), Branding(product_name="Bright"), ["branding"]),
        (make_account(custom_domain="mail.acme.example"), PLAIN, ["domain"]),
        (make_account(custom_domain="mail.acme.example"), Branding(color="#000000"), ["branding", "domain"]),
    ],
)
def test_branding_and_domain_are_removed_before_a_removal(
    account: Account, branding: Branding, left: list[str]
) -> None:
    if not left:
        moves.refuse_while_set_up(account, branding)
        return
    with pytest.raises(SetUpLeft) as refused:
        moves.refuse_while_set_up(account, branding)
    assert refused.value.extra == {"left": left}
    assert all(what in refused.value.detail for what in left)
