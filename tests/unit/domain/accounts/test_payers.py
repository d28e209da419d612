"""Who pays for an account from now on, and what stays as it was (docs/rules.md §9)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from chalicelib.domain.accounts.accounts import (
    Account,
    Cancellation,
    ExpiryReason,
    PendingChange,
    Relationship,
    Status,
)
from chalicelib.domain.accounts.actions import ChargeInProgress, RenewalDue
from chalicelib.domain.accounts.payers import InvoiceUnpaid, PartnerPays, moved, paid_by_client, paid_by_partner
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.setup.custom_domains import DomainState
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.domain.wallet.open_bill import OpenBill
from tests.builders import FIRST, NOW, make_account, make_charge, make_past_due, make_plan, make_trial, usd

CARD = PartnerPays("bp_9")
BILL = OpenBill(day=1, billing_profile_id="bp_1", id="bill_1", number=1, opened_on=date(2026, 1, 1), total=usd(0))
LAST_DAY = datetime(2026, 2, 27, 23, 59, 59, tzinfo=UTC)


def clients(account: Account) -> Account:
    """The account paid for by its client."""
    return replace(account, payer=account.id, billing_profile_id="bp_own", card_notice_on=date(2026, 5, 1))


def ended(account: Account) -> Account:
    return replace(account, status=Status.EXPIRED, expired_at=NOW, expiry_reason=ExpiryReason.NON_PAYMENT)


def test_the_partner_takes_the_payment_over_and_the_paid_period_stays() -> None:
    before = clients(make_account(pending_change=PendingChange(make_plan(tier="starter"), NOW)))

    after = paid_by_partner(before, CARD, now=NOW)

    assert (after.payer, after.paid_by, after.billing_profile_id) == ("prt_1", "partner", "bp_9")
    assert after.card_notice_on is None
    kept = ("period", "anchor", "price", "terms", "pending_change", "plan", "charges", "relationship")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]


def test_the_partner_takes_the_payment_over_onto_its_single_bill() -> None:
    after = paid_by_partner(clients(make_account()), PartnerPays(single_bill=True), now=NOW)

    assert (after.payer, after.single_bill, after.billing_profile_id) == ("prt_1", True, None)


def test_the_client_pays_without_money_set_aside_and_by_a_card_that_it_adds() -> None:
    before = make_account(set_aside=usd(500), single_bill=True)

    after = paid_by_client(before, bill=BILL, now=NOW)

    assert (after.payer, after.paid_by) == ("acct_1", "client")
    assert (after.billing_profile_id, after.single_bill, after.set_aside) == (None, False, None)


@pytest.mark.parametrize(
    ("earlier", "charges", "expected"),
    [
        ((), 1, ("acct_1",)),
        ((), 0, ()),
        (("prt_1",), 3, ("acct_1",)),
        (("prt_0", "prt_1"), 3, ("prt_0", "acct_1")),
        (("acct_1", "prt_0"), 3, ("acct_1", "prt_0")),
        (("prt_0",), 0, ("prt_0",)),
    ],
)
def test_whoever_paid_before_is_remembered_once_and_never_who_pays_now(
    earlier: tuple[str, ...], charges: int, expected: tuple[str, ...]
) -> None:
    before = clients(make_account(earlier_payers=earlier, charges=charges))

    assert paid_by_partner(before, CARD, now=NOW).earlier_payers == expected


def test_the_new_payer_is_reminded_of_the_renewal_anew() -> None:
    before = clients(make_account(reminded_for=FIRST.end))
    trial = clients(make_trial(reminded_for=date(2026, 2, 14)))

    assert paid_by_partner(before, CARD, now=NOW).reminded_for is None
    assert paid_by_partner(trial, CARD, now=NOW).reminded_for == date(2026, 2, 14)


REFUSED: list[tuple[Account, OpenBill | None, datetime, type[Refusal] | None]] = [
    (make_account(), None, NOW, None),
    (make_account(status=Status.DISABLED), None, NOW, None),
    (make_account(status=Status.CANCELED), None, LAST_DAY, None),
    (make_account(), None, LAST_DAY, None),
    (make_account(), None, LAST_DAY + timedelta(seconds=1), RenewalDue),
    (make_account(status=Status.CANCELED), None, LAST_DAY + timedelta(seconds=1), RenewalDue),
    (make_account(time_zone="America/Chicago"), None, LAST_DAY + timedelta(hours=6), None),
    (make_account(time_zone="America/Chicago"), None, LAST_DAY + timedelta(hours=6, seconds=1), RenewalDue),
    (make_trial(), None, datetime(2026, 2, 13, 23, 59, tzinfo=UTC), None),
    (make_trial(), None, datetime(2026, 2, 14, tzinfo=UTC), RenewalDue),
    (ended(make_account()), None, LAST_DAY + timedelta(days=9), None),
    (make_past_due(), None, NOW, InvoiceUnpaid),
    (make_account(charge=make_charge()), None, NOW, ChargeInProgress),
    (make_account(single_bill=True), BILL, NOW, None),
    (make_account(single_bill=True), replace(BILL, unpaid="bill_0"), NOW, InvoiceUnpaid),
    (make_account(), replace(BILL, unpaid="bill_0"), NOW, None),
    (make_account(single_bill=True, waits_until=LAST_DAY), BILL, LAST_DAY + timedelta(days=2), InvoiceUnpaid),
    (make_account(waits_until=LAST_DAY), BILL, LAST_DAY + timedelta(days=2), RenewalDue),
]


@pytest.mark.parametrize(("account", "bill", "now", "expected"), REFUSED)
def test_nobody_else_pays_while_something_is_left_to_pay(
    account: Account, bill: OpenBill | None, now: datetime, expected: type[Refusal] | None
) -> None:
    def refused(change: str) -> type[Refusal] | None:
        try:
            if change == "client":
                paid_by_client(account, bill=bill, now=now)
            elif change == "partner":
                paid_by_partner(clients(replace(account, single_bill=False)), CARD, now=now)
            else:
                moved(account, partner_id="prt_2", relationship=Relationship.MANAGED, pays=CARD, bill=bill, now=now)
        except Refusal as refusal:
            return type(refusal)
        return None

    assert refused("client") is refused("move") is expected
    if account.single_bill:  # a client has none, so its account only waits for its own renewal
        expected = RenewalDue if account.waits_until else None
    assert refused("partner") is expected


def move(account: Account, pays: PartnerPays | None = CARD) -> Account:
    relationship = Relationship.MANAGED if pays else Relationship.REFERRED
    return moved(account, partner_id="prt_2", relationship=relationship, pays=pays, bill=None, now=NOW)


def test_a_move_ends_what_the_old_partner_set_up_and_takes_the_rest_along() -> None:
    before = make_account(
        status=Status.DISABLED,
        disabled_message="Call us.",
        metadata={"team": "red"},
        custom_domain="mail.acme.example",
        domain_state=DomainState.VERIFIED,
        set_aside=usd(500),
        single_bill=True,
        credits={CreditKind.SMS: 7},
        pending_change=PendingChange(make_plan(tier="starter"), NOW),
        cancellation=Cancellation(reason=None, retain_data=True, effective_on=date(2026, 5, 1)),
    )

    after = move(before)

    assert (after.partner_id, after.payer, after.billing_profile_id) == ("prt_2", "prt_2", "bp_9")
    assert (after.status, after.disabled_message, after.metadata) == (Status.ACTIVE, None, {})
    assert (after.custom_domain, after.domain_state) == (None, DomainState.PENDING)
    assert (after.set_aside, after.single_bill) == (None, False)
    along = ("credits", "pending_change", "cancellation", "period", "anchor", "price", "terms")
    assert [getattr(after, name) for name in along] == [getattr(before, name) for name in along]


def test_a_canceled_account_moves_as_canceled() -> None:
    assert move(make_account(status=Status.CANCELED)).status is Status.CANCELED


def test_a_client_that_pays_before_and_after_the_move_keeps_its_card() -> None:
    after = move(clients(make_account(reminded_for=FIRST.end)), pays=None)

    assert (after.payer, after.billing_profile_id, after.earlier_payers) == ("acct_1", "bp_own", ())
    assert (after.reminded_for, after.card_notice_on) == (FIRST.end, date(2026, 5, 1))


def test_the_old_partner_is_remembered_for_the_credits_in_its_journal() -> None:
    after = move(clients(make_account(credits={CreditKind.SMS: 0})), pays=None)

    assert after.earlier_payers == ("prt_1",)
