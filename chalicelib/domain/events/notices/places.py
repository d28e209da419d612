"""Where in the portal a notice leads: to the page where its reader sees it, or puts it right (docs/rules.md §11)."""

from collections.abc import Mapping
from enum import StrEnum

from chalicelib.domain.earnings.payout_causes import Advice, Cause
from chalicelib.domain.events.events import Event
from chalicelib.domain.events.notices.kinds import ABOUT_A_PAYOUT, ABOUT_A_SIGN_IN, Kind
from chalicelib.domain.events.notices.recipients import Reason
from chalicelib.domain.values import dataclass


class Errand(StrEnum):
    """What the reader does there; a language has words for each."""

    CHOOSE_PLAN = "choose_plan"
    RENEW = "renew"
    PAY = "pay"
    ENTER_CARD = "enter_card"
    BUY_PREPAID = "buy_prepaid"
    BUY_CREDITS = "buy_credits"
    SET_PAYPAL = "set_paypal"
    SEE_ACCOUNT = "see_account"
    SEE_INVOICE = "see_invoice"
    SEE_BILL = "see_bill"
    SEE_MOVE = "see_move"
    SEE_REQUESTS = "see_requests"
    SEE_WEBHOOK = "see_webhook"
    SEE_EARNINGS = "see_earnings"
    SEE_PAYOUT = "see_payout"
    SET_PASSWORD = "set_password"  # noqa: S105 - the name of an errand
    SEE_TEAM = "see_team"


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the portal by its path behind `portal/`, and what the reader does there."""

    errand: Errand
    path: str


def place_of(event: Event, kind: Kind, *, reason: Reason) -> Place | None:
    """The page that a notice leads to. None for clients, who don't sign in to the portal, and where no page helps.

    A notice that the PayPal address has changed also goes to the old address, whose owner may have no sign-in here. A
    notice about a sign-in leads to where its person sets another password, which ends all other sessions.
    """
    if reason not in (Reason.PARTNER, Reason.MANAGED, Reason.PERSON):
        return None
    if kind in ABOUT_A_PAYOUT:
        return _of_payout(event)
    if kind in (Kind.DISPUTE_OPENED, Kind.DISPUTE_LOST):
        return _of_dispute(event)
    if kind is Kind.CREDITS_LOW:
        return Place(Errand.BUY_CREDITS, f"credits/{event.data['credit'].replace('_', '-')}")
    known = _PLACES.get(kind)
    return Place(known.errand, known.path.format(**{**event.data, "account_id": event.account_id})) if known else None


def _of_payout(event: Event) -> Place:
    cause = Cause(event.data["cause"]) if event.data["cause"] else None
    if cause is not None and (cause is Cause.NO_ADDRESS or cause.advice is Advice.USE_ANOTHER_ACCOUNT):
        return Place(Errand.SET_PAYPAL, "earnings")
    return Place(Errand.SEE_PAYOUT, f"earnings/payouts/{event.data['payout_id']}")


def _of_dispute(event: Event) -> Place:
    """To the invoice or the bill that was paid; a purchase of credits has neither."""
    if invoice_id := event.data.get("invoice_id"):
        return Place(Errand.SEE_INVOICE, f"billing/invoices/{invoice_id}")
    if bill_id := event.data.get("bill_id"):
        return Place(Errand.SEE_BILL, f"billing/bills/{bill_id}")
    return Place(Errand.BUY_PREPAID, "credits")


_PLACES: Mapping[Kind, Place] = {
    Kind.TRIAL_ENDING: Place(Errand.CHOOSE_PLAN, "accounts/{account_id}/plan"),
    Kind.TRIAL_EXPIRED: Place(Errand.CHOOSE_PLAN, "accounts/{account_id}/plan"),
    Kind.RENEWAL_UPCOMING: Place(Errand.SEE_ACCOUNT, "accounts/{account_id}"),
    Kind.PAYMENT_FAILED: Place(Errand.PAY, "billing"),
    Kind.PAYMENT_RECOVERED: Place(Errand.SEE_ACCOUNT, "accounts/{account_id}"),
    Kind.ACCOUNT_EXPIRED: Place(Errand.RENEW, "accounts/{account_id}/renew"),
    Kind.ACCOUNT_EXPIRED_UNPAID: Place(Errand.RENEW, "accounts/{account_id}/renew"),
    Kind.ACCOUNT_ARCHIVED: Place(Errand.SEE_ACCOUNT, "accounts/{account_id}"),
    Kind.CARD_EXPIRING: Place(Errand.ENTER_CARD, "billing/cards/{billing_profile_id}/replace"),
    Kind.PREPAID_RUNNING_OUT: Place(Errand.BUY_PREPAID, "credits"),
    Kind.PREPAID_USED_UP: Place(Errand.BUY_PREPAID, "credits"),
    Kind.PREPAID_RUNNING_OUT_ON_BILL: Place(Errand.BUY_PREPAID, "credits"),
    Kind.PREPAID_USED_UP_ON_BILL: Place(Errand.BUY_PREPAID, "credits"),
    Kind.BILL_PAYMENT_FAILED: Place(Errand.PAY, "billing"),
    Kind.BILL_PAYMENT_RECOVERED: Place(Errand.SEE_BILL, "billing/bills/{bill_id}"),
    Kind.CONTRACT_PAYMENT_FAILED: Place(Errand.PAY, "billing"),
    Kind.CONTRACT_PAYMENT_RECOVERED: Place(Errand.SEE_INVOICE, "billing/invoices/{invoice_id}"),
    Kind.CONTRACT_UNPAID: Place(Errand.PAY, "billing"),
    Kind.TRANSFER_CONFIRMED: Place(Errand.SEE_MOVE, "transfers/{transfer_id}"),
    Kind.TRANSFER_DECLINED: Place(Errand.SEE_MOVE, "transfers/{transfer_id}"),
    Kind.TRANSFER_COMPLETED_IN: Place(Errand.SEE_ACCOUNT, "accounts/{account_id}"),
    Kind.TRANSFER_COMPLETED_OUT: Place(Errand.SEE_MOVE, "transfers/{transfer_id}"),
    Kind.TRANSFER_REJECTED: Place(Errand.SEE_MOVE, "transfers/{transfer_id}"),
    Kind.TRANSFER_LAPSED: Place(Errand.SEE_MOVE, "transfers/{transfer_id}"),
    Kind.WEBHOOK_DISABLED: Place(Errand.SEE_WEBHOOK, "webhooks/{webhook_id}"),
    Kind.EARNING_HELD: Place(Errand.SEE_EARNINGS, "earnings"),
    Kind.PERMISSION_GRANTED: Place(Errand.SEE_ACCOUNT, "accounts/{account_id}"),
    Kind.PERMISSION_DECLINED: Place(Errand.SEE_REQUESTS, "transfers/permissions"),
    Kind.PERMISSION_LAPSED: Place(Errand.SEE_REQUESTS, "transfers/permissions"),
    Kind.PERMISSION_ENDED: Place(Errand.SEE_ACCOUNT, "accounts/{account_id}"),
    Kind.MESSAGE: Place(Errand.SEE_ACCOUNT, "accounts/{account_id}"),
    Kind.PASSWORD_CHANGED: Place(Errand.SEE_ACCOUNT, "accounts/{account_id}"),
    **dict.fromkeys(ABOUT_A_SIGN_IN, Place(Errand.SET_PASSWORD, "password")),
    Kind.ROLE_CHANGED: Place(Errand.SEE_TEAM, "team"),
}
