"""Where notices lead: to which page of the portal, and for whom to none (docs/rules.md §11)."""

from typing import Any

import pytest

from chalicelib.domain.earnings.payout_causes import Cause
from chalicelib.domain.events.notices.kinds import TO_BE_ANSWERED, Kind
from chalicelib.domain.events.notices.places import Errand, Place, place_of
from chalicelib.domain.events.notices.recipients import Reason
from chalicelib.portal import site
from tests.notices import PARTNER_PAYS, REFERRED, compose, make_event

ABOUT = {
    "account_id": "acct_1",  # some events say it twice
    "billing_profile_id": "bp_1",
    "bill_id": "bill_1",
    "invoice_id": "inv_1",
    "transfer_id": "xfer_1",
    "webhook_id": "wh_1",
    "payout_id": "pay_1",
    "credit": "inbox_preview",
    "cause": None,
}
LEADS_NOWHERE = {
    Kind.PAYPAL_CHANGED,  # it goes to the old address, whose owner may be nobody here
    Kind.ACCOUNT_MOVED_AWAY,  # there is nothing left to see
    Kind.REMOVED_FROM_TEAM,  # its reader may be in no team any more
} | TO_BE_ANSWERED


def place(kind: Kind, reason: Reason = Reason.PARTNER, **says: Any) -> Place | None:
    return place_of(make_event("some.event", account_id="acct_1", data=ABOUT | says), kind, reason=reason)


@pytest.mark.parametrize("kind", sorted(set(Kind) - LEADS_NOWHERE))
def test_every_other_notice_leads_to_a_page_of_the_portal(kind: Kind) -> None:
    to = place(kind)

    assert to is not None
    found = site.find("GET", to.path)
    assert found is not None
    assert found.page is not None, to.path


@pytest.mark.parametrize("kind", sorted(LEADS_NOWHERE))
def test_some_lead_nowhere(kind: Kind) -> None:
    assert place(kind) is None


@pytest.mark.parametrize("reason", [Reason.CLIENT, Reason.PAYER])
@pytest.mark.parametrize("kind", Kind)
def test_clients_are_led_to_no_page_of_the_portal(kind: Kind, reason: Reason) -> None:
    assert place(kind, reason) is None


@pytest.mark.parametrize(
    ("kind", "says", "to"),
    [
        (Kind.PAYMENT_FAILED, {}, Place(Errand.PAY, "billing")),
        (Kind.CARD_EXPIRING, {}, Place(Errand.ENTER_CARD, "billing/cards/bp_1/replace")),
        (Kind.CREDITS_LOW, {}, Place(Errand.BUY_CREDITS, "credits/inbox-preview")),
        (Kind.CREDITS_LOW, {"credit": "sms"}, Place(Errand.BUY_CREDITS, "credits/sms")),
        (Kind.DISPUTE_OPENED, {}, Place(Errand.SEE_INVOICE, "billing/invoices/inv_1")),
        (Kind.DISPUTE_LOST, {"invoice_id": None}, Place(Errand.SEE_BILL, "billing/bills/bill_1")),
        (Kind.DISPUTE_LOST, {"invoice_id": None, "bill_id": None}, Place(Errand.BUY_PREPAID, "credits")),
        (Kind.PAYOUT_HELD, {"cause": Cause.UNDER_REVIEW}, Place(Errand.SEE_PAYOUT, "earnings/payouts/pay_1")),
        (Kind.PAYOUT_CARRIED_OVER, {"cause": Cause.NO_ADDRESS}, Place(Errand.SET_PAYPAL, "earnings")),
        (Kind.PAYOUT_FAILED, {"cause": Cause.CANNOT_RECEIVE}, Place(Errand.SET_PAYPAL, "earnings")),
        (Kind.PAYOUT_UNCLAIMED, {"cause": Cause.UNREGISTERED}, Place(Errand.SEE_PAYOUT, "earnings/payouts/pay_1")),
    ],
)
def test_it_leads_to_where_it_is_put_right(kind: Kind, says: dict[str, Any], to: Place) -> None:
    assert place(kind, **says) == to


@pytest.mark.parametrize(
    ("account", "portal", "page"),
    [
        (PARTNER_PAYS, "https://api.example/portal", "https://api.example/portal/billing"),
        (PARTNER_PAYS, None, None),
        (REFERRED, "https://api.example/portal", None),
    ],
)
def test_the_link_needs_a_reader_who_signs_in_and_a_known_portal(account: Any, portal: str, page: str | None) -> None:
    failed = make_event("account.payment_failed", after={"payment_state": "past_due"})

    assert compose(failed, account, portal=portal).page == page
