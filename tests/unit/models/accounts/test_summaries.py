"""Accounts packed for lists come out as they went in, small."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.domain.accounts.accounts import (
    Account,
    Cancellation,
    Client,
    ExpiryReason,
    LastRequest,
    ManagementRequestStatus,
    PendingChange,
    Relationship,
    Status,
)
from chalicelib.domain.accounts.overview import Filters, ends_at, matches
from chalicelib.domain.accounts.summaries import account_at, end_at, summary_at
from chalicelib.domain.calendar import Frequency, Period, first_instant, next_period, period_containing
from chalicelib.models.accounts import summaries
from tests.builders import NOW, make_account, make_past_due, make_plan, make_sandbox, make_trial, usd

LATER = NOW + timedelta(days=3)


def through(account: Account, now: datetime = NOW) -> Any:
    packed = summaries.pack(account)
    stored = summaries.unpack(packed, id=account.id, partner_id=account.partner_id, created_at=account.created_at)
    return summary_at(stored, now=now)


def listed(account: Account) -> Account:
    """The account without what no list shows."""
    hidden = {"terms": None, "charges": 0, "revision": 0, "version": 0, "reminded_for": None, "touched_at": None}
    return replace(account, **hidden)


@pytest.mark.parametrize(
    "account",
    [
        make_account(),
        make_account(updated_at=LATER, single_bill=True),
        make_account(billing_profile_id="bp_01KGA92TC0KTJ6NFKNPR4TMRWE", metadata={"team": "🦊", "شركة": "x"}),
        make_account(payer="cl_somebody", relationship=Relationship.REFERRED, custom_domain="mail.acme.example"),
        make_account(status=Status.DISABLED, set_aside=usd(500), migrated_cycles=2),
        make_account(pending_change=PendingChange(make_plan(tier="starter"), LATER)),
        make_account(cancellation=Cancellation(None, True, date(2026, 5, 1))),
        make_account(status=Status.CANCELED, cancellation=Cancellation(None, False, date(2026, 2, 1))),
        make_account(status=Status.EXPIRED, expired_at=LATER, expiry_reason=ExpiryReason.NON_PAYMENT),
        make_account(period=Period(date(2026, 1, 31), date(2026, 2, 15)), anchor=date(2026, 1, 15)),
        make_account(waits_until=LATER),
        make_account(last_request=LastRequest("mreq_1", ManagementRequestStatus.OPEN, LATER)),
        make_past_due(),
        make_trial(),
        make_sandbox(),
    ],
    ids=lambda account: f"{account.kind} {account.status}",
)
def test_an_account_comes_out_as_it_went_in(account: Account) -> None:
    summary = through(account)

    assert summary.account == listed(account)
    assert summary.whole
    assert summary.certain


def test_of_a_request_for_permission_that_is_over_lists_say_nothing() -> None:
    answered = LastRequest("mreq_1", ManagementRequestStatus.DECLINED, LATER)

    assert through(make_account(last_request=answered)).account.last_request is None


@settings(max_examples=50)
@given(
    anchor=st.dates(date(2024, 1, 1), date(2026, 12, 31)),
    frequency=st.sampled_from(Frequency),
    day=st.integers(0, 800),
    zone=st.sampled_from(["Europe/Dublin", "Pacific/Kiritimati", "America/Chicago"]),
)
def test_the_period_follows_from_the_anchor_whenever_the_account_was_packed(
    anchor: date, frequency: Frequency, day: int, zone: str
) -> None:
    first = period_containing(anchor=anchor, frequency=frequency, day=anchor)
    account = make_account(
        anchor=anchor, period=first, plan=make_plan(billing_frequency=frequency), time_zone=zone, created_at=NOW
    )
    now = first_instant(anchor, zone) + timedelta(days=day, hours=5)
    today = anchor + timedelta(days=day)
    expected = period_containing(anchor=anchor, frequency=frequency, day=today)

    assert summaries.pack(replace(account, period=expected)) == summaries.pack(account)
    assert through(account, now).account.period == expected


@pytest.mark.parametrize(
    ("after", "certain"), [(timedelta(0), False), (timedelta(minutes=59), False), (timedelta(hours=1), True)]
)
def test_in_the_hour_after_a_renewal_day_began_the_row_has_to_be_asked(after: timedelta, certain: bool) -> None:
    account = make_account()
    assert account.anchor is not None
    assert account.period is not None

    summary = through(account, first_instant(account.period.end, account.time_zone) + after)

    assert summary.certain is certain
    assert summary.account.period == next_period(
        anchor=account.anchor, frequency=account.frequency, after=account.period.end
    )


def test_past_due_and_held_up_accounts_stay_in_their_period() -> None:
    for account in (make_past_due(), make_account(waits_until=LATER)):
        assert through(account, NOW + timedelta(days=90)).account.period == account.period


def test_what_is_long_is_left_out_and_said_so() -> None:
    account = make_account(metadata={str(number): "x1y2z3" * 10 * number for number in range(20)})

    summary = through(account)

    assert not summary.whole
    assert summary.account == replace(listed(account), metadata={})
    assert len(summaries.pack(account)) <= summaries.MOST_CHARACTERS


def test_a_usual_account_fits_with_a_little_metadata() -> None:
    account = make_account(
        name="north-harbor-1234",
        client=Client("North Harbor Studio", "owner@northharbor1234.example"),
        billing_profile_id="bp_01KGA92TC0KTJ6NFKNPR4TMRWE",
        time_zone="Australia/Sydney",
        plan=make_plan(limits={"email_sends": 50000, "activities": 5000, "custom_reports": 10}, add_ons=("sms",)),
        updated_at=LATER,
        metadata={"team": "blue"},
    )

    assert through(account).whole
    assert len(summaries.pack(account)) < summaries.MOST_CHARACTERS - 5


def test_a_format_not_known_is_an_error_that_names_the_account() -> None:
    with pytest.raises(ValueError, match="acct_1 is packed in a format not known here"):
        summaries.unpack("CQ" + summaries.pack(make_account())[2:], id="acct_1", partner_id="prt_1", created_at=NOW)


@given(before=st.text(max_size=9), searched=st.text(min_size=1, max_size=4), behind=st.text(max_size=9))
@example(before="Ka", searched='"', behind="lb")
@example(before="Ka", searched="ffi", behind="lb")
@example(before="ſ", searched="s", behind="\u212a")
@example(before="e", searched="\u0301", behind="\\n")
def test_a_search_that_leaves_accounts_out_unread_finds_as_many(before: str, searched: str, behind: str) -> None:
    for name in (f"{before}{searched}{behind}", f"{before}{searched.upper()}{behind}", before):
        account = make_account(client=Client(name, "owner@acme.example"))
        packed = summaries.opened(summaries.pack(account), id=account.id)
        filters = Filters(q=searched)
        assert filters.searched is not None
        needle = summaries.searchable(filters.searched)

        assert needle is None or packed.may_have(needle) or not matches(account, filters)


def test_a_search_leaves_out_what_has_not_the_text() -> None:
    packed = summaries.opened(summaries.pack(make_account(client=Client("Blue Door", "b@door.example"))), id="acct_1")

    assert packed.may_have(b"blue door")
    assert not packed.may_have(b"green hill")
    assert summaries.searchable('say "hi"') is None


def test_of_its_earlier_payers_only_the_account_itself_is_packed() -> None:
    account = make_account(earlier_payers=("prt_ANOTHER", "acct_ITSELF"), id="acct_ITSELF")

    assert through(account).account.earlier_payers == ("acct_ITSELF",)
    assert through(make_account(earlier_payers=("prt_ANOTHER",))).account.earlier_payers == ()


@pytest.mark.parametrize(
    "account",
    [
        make_account(),
        make_account(plan=make_plan(billing_frequency=Frequency.ANNUAL), anchor=date(2024, 2, 29)),
        make_account(anchor=date(2026, 7, 31)),
        make_account(status=Status.DISABLED, period=Period(date(2026, 1, 31), date(2026, 2, 15))),
        make_account(cancellation=Cancellation(None, True, date(2026, 5, 1))),
        make_account(status=Status.CANCELED, cancellation=Cancellation(None, False, date(2026, 2, 1))),
        make_account(status=Status.EXPIRED, expired_at=LATER),
        make_account(waits_until=LATER),
        make_past_due(),
        make_trial(),
        make_sandbox(),
    ],
)
def test_when_an_account_ends_is_known_without_the_account_as_it_is_then(account: Account) -> None:
    stored = summaries.unpack(
        summaries.pack(account), id=account.id, partner_id=account.partner_id, created_at=account.created_at
    )

    for days in range(0, 500, 9):
        now = NOW + timedelta(days=days)
        assert end_at(stored, now=now) == ends_at(account_at(stored, now=now))
