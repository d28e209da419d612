"""Who may do what to an account: its partner or its client, by who manages it and who pays (docs/rules.md §9)."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from chalicelib.domain.accounts.accounts import Account, ExpiryReason, PendingChange, Relationship, Status
from chalicelib.domain.accounts.actions import (
    Action,
    Caller,
    ClientPays,
    NotManaged,
    TransitionRefused,
    allowed_actions,
    next_action,
    refuse_to_charge_client,
    refuse_unless,
    refuse_unless_managed,
    refuse_unless_partner_pays,
)
from chalicelib.domain.accounts.overview import Filters, as_partner_sees, ends_at, matches
from tests.builders import NOW, make_account, make_past_due, make_plan, make_trial

PARTNER, CLIENT = Caller.PARTNER, Caller.CLIENT
WAITING = PendingChange(make_plan(tier="starter"), NOW)


def own(account: Account) -> Account:
    """The account paid for by its client."""
    return replace(account, payer=account.id)


def referred(account: Account) -> Account:
    return replace(own(account), relationship=Relationship.REFERRED)


def unpaid(account: Account) -> Account:
    return replace(account, status=Status.EXPIRED, expired_at=NOW, expiry_reason=ExpiryReason.NON_PAYMENT)


PAID, LATE, ENDED = make_account(pending_change=WAITING), make_past_due(), unpaid(make_account())

TABLE = [
    (PAID, PARTNER, "change_plan withdraw_change cancel disable login"),
    (PAID, CLIENT, ""),
    (LATE, CLIENT, ""),
    (referred(PAID), PARTNER, "request_management"),
    (referred(PAID), CLIENT, "change_plan withdraw_change cancel"),
    (referred(LATE), PARTNER, "request_management"),
    (referred(LATE), CLIENT, "cancel retry_payment"),
    (referred(ENDED), CLIENT, "change_plan renew"),
    (referred(make_trial()), CLIENT, "change_plan cancel"),
    (own(PAID), PARTNER, "change_plan withdraw_change cancel disable login"),
    (own(PAID), CLIENT, ""),
    (own(LATE), PARTNER, "cancel disable login"),
    (own(LATE), CLIENT, "retry_payment"),
    (own(ENDED), PARTNER, ""),
    (own(make_trial()), PARTNER, "cancel disable login"),
]


@pytest.mark.parametrize(("account", "by", "allowed"), TABLE)
def test_each_does_what_is_for_it_to_decide(account: Account, by: Caller, allowed: str) -> None:
    assert " ".join(allowed_actions(account, now=NOW, by=by)) == allowed


def test_the_partner_of_a_referred_account_has_no_next_action() -> None:
    assert next_action(referred(PAID), now=NOW) is None


def test_a_referred_account_is_not_managed_and_the_refusal_says_what_to_do() -> None:
    with pytest.raises(NotManaged, match="permission"):
        refuse_unless_managed(referred(PAID))
    refuse_unless_managed(own(PAID))


def test_only_the_partner_is_kept_from_charging_a_client() -> None:
    with pytest.raises(ClientPays, match="Take the payment over"):
        refuse_to_charge_client(own(PAID), by=PARTNER)
    refuse_to_charge_client(own(PAID), by=CLIENT)
    refuse_to_charge_client(PAID, by=PARTNER)


def test_prepaid_money_is_of_no_use_to_a_client_who_pays() -> None:
    with pytest.raises(ClientPays, match="prepaid money"):
        refuse_unless_partner_pays(own(PAID), for_what="prepaid money")
    refuse_unless_partner_pays(PAID, for_what="prepaid money")


def test_a_client_is_refused_with_what_the_client_may_do() -> None:
    with pytest.raises(TransitionRefused) as refused:
        refuse_unless(referred(PAID), Action.RENEW, now=NOW)

    assert refused.value.extra["allowed_actions"] == ["change_plan", "withdraw_change", "cancel"]


def test_no_filter_and_no_order_tells_more_of_a_referred_account_than_its_partner_sees() -> None:
    account = make_account(custom_domain="mail.acme.example", metadata={"team": "red"})
    seen = as_partner_sees(referred(account), time_zone="UTC")

    assert not matches(seen, Filters(country=("IE",)))
    assert not matches(seen, Filters(q="mail.acme"))
    assert not matches(seen, Filters(billing_profile_id="bp_1"))
    assert matches(seen, Filters(q="acme inc", plan=("plus",), relationship=Relationship.REFERRED))
    assert ends_at(seen) is None


def test_of_a_managed_account_the_partner_sees_everything() -> None:
    assert as_partner_sees(own(PAID), time_zone="UTC") == own(PAID)


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "Pacific/Honolulu"])
def test_the_day_a_referred_account_was_created_on_is_its_partners(zone: str) -> None:
    account = make_account(time_zone=zone, created_at=datetime(2026, 11, 2, 12, tzinfo=UTC))
    second, third = date(2026, 11, 2), date(2026, 11, 3)

    seen = as_partner_sees(referred(account), time_zone="America/Chicago")

    assert matches(seen, Filters(created_from=second, created_to=second))
    assert not matches(seen, Filters(created_from=third))
    assert matches(account, Filters(created_from=third)) is (zone == "Pacific/Auckland")
