"""Permission to manage: who may ask, answer, withdraw and end, and when (docs/rules.md §9)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.accounts.accounts import (
    Account,
    ExpiryReason,
    LastRequest,
    ManagementRequestStatus,
    Provisioning,
    ProvisioningStatus,
    Relationship,
    Status,
)
from chalicelib.domain.accounts.actions import (
    Action,
    Caller,
    ChargeInProgress,
    NotManaged,
    TransitionRefused,
    allowed_actions,
    refuse_unless_managed,
)
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.setup.custom_domains import DomainState
from chalicelib.domain.transfers import management_requests as domain
from chalicelib.domain.transfers.management_requests import Decision, ManagementRequest, PaidByItsPartner, RequestOver
from tests.builders import NOW, make_account, make_charge, make_past_due, make_trial

SECOND = timedelta(seconds=1)
DAYS = 30
EXPIRES_AT = datetime(2026, 3, 2, tzinfo=UTC)
"""Thirty dates after 31 January, in Dublin."""
CONFIRM, DECLINE = Decision.CONFIRM, Decision.DECLINE
OPEN, CONFIRMED, DECLINED, WITHDRAWN, LAPSED = (
    ManagementRequestStatus(each) for each in ("open", "confirmed", "declined", "withdrawn", "lapsed")
)
PARTNER = Partner(
    id="prt_1",
    name="Bright Agency",
    program="solutions",
    email="books@bright.example",
    country="US",
    time_zone="America/Chicago",
    currency="USD",
    created_at=NOW,
    updated_at=NOW,
)
MANAGED = make_account()


def own(account: Account) -> Account:
    return replace(account, payer=account.id, billing_profile_id=None)


def referred(account: Account) -> Account:
    own_email = account.client.email
    return replace(own(account), relationship=Relationship.REFERRED, notification_email=own_email)


def asked(account: Account | None = None, *, now: datetime = NOW, id: str = "mreq_1") -> domain.Changed:
    account = account or referred(make_account())
    return domain.requested(account, request_id=id, base_url="https://api.example", days=DAYS, now=now)


def answered(changed: domain.Changed, decision: Decision, now: datetime = NOW) -> domain.Changed:
    return domain.answered(*changed, decision=decision, partner=PARTNER, now=now)


def ended(account: Account, **fields: Any) -> Account:
    return replace(account, status=Status.EXPIRED, expired_at=NOW, expiry_reason=ExpiryReason.NON_PAYMENT, **fields)


def archived(account: Account, at: datetime) -> Account:
    return replace(ended(account), status=Status.ARCHIVED, archived_at=at)


YEAR_AGO = datetime(2025, 1, 31, 15, tzinfo=UTC)
FAILED = Provisioning(ProvisioningStatus.FAILED, give_up_at=NOW)

MAY_BE_ASKED = {
    "active": make_account(),
    "trial": make_trial(),
    "past due": make_past_due(),
    "disabled": make_account(status=Status.DISABLED),
    "canceled": make_account(status=Status.CANCELED),
    "expired": ended(make_account()),
    "archived for a day less than a year": archived(make_account(), YEAR_AGO + timedelta(days=1)),
}


class TestAsking:
    @pytest.mark.parametrize("account", MAY_BE_ASKED.values(), ids=MAY_BE_ASKED)
    def test_the_client_of_a_referred_account_whatever_its_status(self, account: Account) -> None:
        account = referred(account)

        assert allowed_actions(account, now=NOW) == (Action.REQUEST_MANAGEMENT,)
        after, request = asked(account)
        assert after == replace(account, last_request=LastRequest("mreq_1", OPEN, EXPIRES_AT))
        assert (request.status, request.partner_id, request.expires_at) == (OPEN, "prt_1", EXPIRES_AT)
        assert allowed_actions(after, now=NOW) == ()

    @pytest.mark.parametrize(
        ("account", "why"),
        [
            pytest.param(MANAGED, "manage it already", id="managed, paid for by the partner"),
            pytest.param(own(MANAGED), "manage it already", id="managed, paid for by its client"),
            pytest.param(asked()[0], "mreq_1 is open until 2026-03-02", id="open already"),
            pytest.param(referred(archived(MANAGED, YEAR_AGO)), "a year ago", id="archived for a year"),
            pytest.param(referred(ended(MANAGED, provisioning=FAILED)), "could not be prepared", id="never prepared"),
        ],
    )
    def test_nobody_else(self, account: Account, why: str) -> None:
        with pytest.raises(TransitionRefused, match=why) as refused:
            asked(account)

        assert refused.value.extra["action"] == "request_management"
        assert Action.REQUEST_MANAGEMENT not in allowed_actions(account, now=NOW)

    def test_no_client_asks_itself(self) -> None:
        assert Action.REQUEST_MANAGEMENT not in allowed_actions(referred(MANAGED), now=NOW, by=Caller.CLIENT)

    def test_not_while_a_charge_is_in_progress(self) -> None:
        account = referred(make_account(charge=make_charge()))

        assert allowed_actions(account, now=NOW) == ()
        with pytest.raises(ChargeInProgress):
            asked(account)

    @pytest.mark.parametrize("decision", [DECLINE, None])
    def test_again_after_a_refusal_or_a_withdrawal(self, decision: Decision | None) -> None:
        changed = asked()
        after, _ = answered(changed, decision) if decision else domain.withdrawn(*changed, now=NOW)

        assert asked(after, id="mreq_2")[1].status is OPEN

    def test_again_once_it_has_lapsed_though_nobody_wrote_so(self) -> None:
        account, _ = asked()

        with pytest.raises(TransitionRefused):
            asked(account, now=EXPIRES_AT - SECOND, id="mreq_2")
        assert asked(account, now=EXPIRES_AT, id="mreq_2")[0].last_request == LastRequest(
            "mreq_2", OPEN, EXPIRES_AT + timedelta(days=DAYS) - timedelta(hours=1)
        )  # summer time has begun

    def test_other_requests_about_it_are_refused_with_what_to_do(self) -> None:
        with pytest.raises(NotManaged, match="POST /v1/accounts/acct_1/management-request"):
            refuse_unless_managed(referred(MANAGED))


class TestLapsing:
    @pytest.mark.parametrize(
        ("now", "status"), [(EXPIRES_AT - SECOND, OPEN), (EXPIRES_AT, LAPSED), (EXPIRES_AT + SECOND, LAPSED)]
    )
    def test_thirty_local_dates_later_to_the_second(self, now: datetime, status: ManagementRequestStatus) -> None:
        account, request = asked()

        assert request.status_at(now) is status
        assert account.last_request is not None
        assert account.last_request.is_open(now) is (status is OPEN)

    @pytest.mark.parametrize(
        ("zone", "expires_at"),
        [
            ("Pacific/Kiritimati", datetime(2026, 3, 2, 10, tzinfo=UTC)),  # 1 February there already
            ("America/Chicago", datetime(2026, 3, 2, 6, tzinfo=UTC)),
            ("Europe/Dublin", EXPIRES_AT),
        ],
    )
    def test_the_dates_are_those_of_the_account(self, zone: str, expires_at: datetime) -> None:
        assert asked(replace(referred(MANAGED), time_zone=zone))[1].expires_at == expires_at

    def test_in_a_leap_year_29_february_is_a_date_like_any_other(self) -> None:
        assert asked(now=datetime(2028, 1, 31, tzinfo=UTC))[1].expires_at == datetime(2028, 3, 1, tzinfo=UTC)

    def test_the_account_names_what_became_of_it(self) -> None:
        account, request = domain.lapsed(*asked(), now=EXPIRES_AT)

        assert request.status is LAPSED
        assert account == replace(referred(MANAGED), last_request=LastRequest("mreq_1", LAPSED, EXPIRES_AT))

    def test_a_later_request_stays_the_last(self) -> None:
        account, first = asked()
        later, _ = asked(account, now=EXPIRES_AT, id="mreq_2")

        assert domain.lapsed(later, first, now=EXPIRES_AT) == (
            later,
            replace(first, status=LAPSED, updated_at=EXPIRES_AT),
        )

    def test_it_waits_for_a_charge_in_progress(self) -> None:
        account, request = asked()

        with pytest.raises(ChargeInProgress):
            domain.lapsed(replace(account, charge=make_charge()), request, now=EXPIRES_AT)


class TestAnswering:
    def test_confirmed_it_is_managed_and_its_client_goes_on_paying_the_same(self) -> None:
        account, request = answered(asked(), CONFIRM)

        assert request.status is CONFIRMED
        assert account == replace(
            referred(MANAGED),
            relationship=Relationship.MANAGED,
            notification_email="books@bright.example",
            last_request=LastRequest("mreq_1", CONFIRMED, EXPIRES_AT),
        )
        assert (account.pays_itself, account.permission) == (True, "mreq_1")

    def test_declined_nothing_changes(self) -> None:
        account, request = answered(asked(), DECLINE)

        assert request.status is DECLINED
        assert account == replace(referred(MANAGED), last_request=LastRequest("mreq_1", DECLINED, EXPIRES_AT))
        assert account.permission is None

    @pytest.mark.parametrize("decision", Decision)
    def test_the_same_answer_again_changes_nothing_even_late(self, decision: Decision) -> None:
        changed = answered(asked(), decision)

        assert answered(changed, decision, EXPIRES_AT + SECOND) == changed

    @pytest.mark.parametrize(("first", "second"), [(CONFIRM, DECLINE), (DECLINE, CONFIRM)])
    def test_it_takes_one_answer(self, first: Decision, second: Decision) -> None:
        with pytest.raises(RequestOver, match=r"mreq_1 is (confirmed|declined)"):
            answered(answered(asked(), first), second)

    @pytest.mark.parametrize("decision", Decision)
    def test_until_it_lapses_to_the_second(self, decision: Decision) -> None:
        assert answered(asked(), decision, EXPIRES_AT - SECOND)[1].status is not OPEN
        with pytest.raises(RequestOver, match="lapsed"):
            answered(asked(), decision, EXPIRES_AT)

    @pytest.mark.parametrize("decision", Decision)
    def test_not_once_it_was_withdrawn(self, decision: Decision) -> None:
        with pytest.raises(RequestOver, match="withdrawn"):
            answered(domain.withdrawn(*asked(), now=NOW), decision)

    @pytest.mark.parametrize(
        "account",
        [
            replace(asked()[0], partner_id="prt_2"),
            replace(asked()[0], last_request=None),
            replace(asked()[0], last_request=LastRequest("mreq_2", OPEN, EXPIRES_AT)),
        ],
        ids=["of another partner", "moved away and back", "asked again"],
    )
    def test_not_for_an_account_that_has_changed_hands(self, account: Account) -> None:
        with pytest.raises(RequestOver):
            answered((account, asked()[1]), CONFIRM)

    @pytest.mark.parametrize("decision", Decision)
    def test_not_while_a_charge_is_in_progress(self, decision: Decision) -> None:
        account, request = asked()

        with pytest.raises(ChargeInProgress):
            answered((replace(account, charge=make_charge()), request), decision)

    @pytest.mark.parametrize("account", MAY_BE_ASKED.values(), ids=MAY_BE_ASKED)
    def test_whatever_became_of_the_account_meanwhile(self, account: Account) -> None:
        _, request = asked()
        last = LastRequest(request.id, OPEN, request.expires_at)

        after, _ = answered((replace(referred(account), last_request=last), request), CONFIRM)

        assert (after.relationship, after.status) == (Relationship.MANAGED, account.status)


class TestWithdrawing:
    def test_the_open_request(self) -> None:
        account, request = domain.withdrawn(*asked(), now=NOW)

        assert (request.status, account.relationship) == (WITHDRAWN, Relationship.REFERRED)
        assert account.last_request == LastRequest("mreq_1", WITHDRAWN, EXPIRES_AT)

    @pytest.mark.parametrize("decision", Decision)
    def test_not_once_it_was_answered(self, decision: Decision) -> None:
        with pytest.raises(RequestOver):
            domain.withdrawn(*answered(asked(), decision), now=NOW)

    def test_not_once_it_has_lapsed(self) -> None:
        assert domain.withdrawn(*asked(), now=EXPIRES_AT - SECOND)[1].status is WITHDRAWN
        with pytest.raises(RequestOver, match="lapsed"):
            domain.withdrawn(*asked(), now=EXPIRES_AT)


def granted(**fields: Any) -> Account:
    return replace(answered(asked(), CONFIRM)[0], **fields)


class TestEnding:
    def test_it_is_referred_again_and_its_notices_go_to_its_client(self) -> None:
        account = domain.permission_ended(granted(notification_email="ops@bright.example"), now=NOW)

        assert account == replace(
            referred(MANAGED), last_request=LastRequest("mreq_1", CONFIRMED, EXPIRES_AT), updated_at=NOW
        )
        assert account.permission is None
        assert allowed_actions(account, now=NOW) == (Action.REQUEST_MANAGEMENT,)

    def test_what_only_a_manager_can_undo_ends_with_it(self) -> None:
        before = granted(
            status=Status.DISABLED,
            disabled_message="Call us.",
            custom_domain="mail.acme.example",
            domain_state=DomainState.VERIFIED,
            metadata={"team": "red"},
        )

        after = domain.permission_ended(before, now=NOW)

        assert (after.status, after.disabled_message) == (Status.ACTIVE, None)
        assert (after.custom_domain, after.domain_state) == (None, DomainState.PENDING)
        assert after.metadata == {"team": "red"}

    @pytest.mark.parametrize("status", [Status.CANCELED, Status.EXPIRED, Status.ARCHIVED])
    def test_any_other_status_stays(self, status: Status) -> None:
        assert domain.permission_ended(granted(status=status), now=NOW).status is status

    def test_also_of_an_account_that_was_managed_from_the_beginning(self) -> None:
        assert domain.permission_ended(own(MANAGED), now=NOW).relationship is Relationship.REFERRED

    def test_not_of_one_that_the_partner_pays_for(self) -> None:
        with pytest.raises(PaidByItsPartner):
            domain.permission_ended(MANAGED, now=NOW)

    def test_where_there_is_none_nothing_changes(self) -> None:
        assert domain.permission_ended(referred(MANAGED), now=NOW) == referred(MANAGED)

    def test_not_while_a_charge_is_in_progress(self) -> None:
        with pytest.raises(ChargeInProgress):
            domain.permission_ended(granted(charge=make_charge()), now=NOW)

    def test_a_permission_that_is_given_again_is_another_one(self) -> None:
        account = domain.permission_ended(granted(), now=NOW)

        again, _ = answered(asked(account, id="mreq_2"), CONFIRM)

        assert again.permission == "mreq_2"


def test_a_request_belongs_to_the_partner_and_account_that_it_names() -> None:
    request: ManagementRequest = asked()[1]

    assert (request.account_id, request.partner_id, request.base_url) == ("acct_1", "prt_1", "https://api.example")
