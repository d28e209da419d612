"""What notices are about, and which event needs which (docs/rules.md §11)."""

from enum import StrEnum

from chalicelib.domain.accounts.accounts import ExpiryReason
from chalicelib.domain.earnings.payout_causes import Cause
from chalicelib.domain.earnings.payouts import PayoutStatus
from chalicelib.domain.events.events import Event
from chalicelib.domain.events.webhooks import DisabledReason


class Kind(StrEnum):
    """What a notice is about."""

    TRIAL_ENDING = "trial_ending"
    TRIAL_EXPIRED = "trial_expired"
    RENEWAL_UPCOMING = "renewal_upcoming"
    PAYMENT_FAILED = "payment_failed"
    PAYMENT_RECOVERED = "payment_recovered"
    ACCOUNT_EXPIRED = "account_expired"
    ACCOUNT_EXPIRED_UNPAID = "account_expired_unpaid"
    ACCOUNT_ARCHIVED = "account_archived"
    CARD_EXPIRING = "card_expiring"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_LOST = "dispute_lost"
    PREPAID_RUNNING_OUT = "prepaid_running_out"
    PREPAID_USED_UP = "prepaid_used_up"
    PREPAID_RUNNING_OUT_ON_BILL = "prepaid_running_out_on_bill"
    PREPAID_USED_UP_ON_BILL = "prepaid_used_up_on_bill"
    CREDITS_LOW = "credits_low"
    BILL_PAYMENT_FAILED = "bill_payment_failed"
    BILL_PAYMENT_RECOVERED = "bill_payment_recovered"
    CONTRACT_PAYMENT_FAILED = "contract_payment_failed"
    CONTRACT_PAYMENT_RECOVERED = "contract_payment_recovered"
    CONTRACT_UNPAID = "contract_unpaid"
    TRANSFER_CONFIRMED = "transfer_confirmed"
    TRANSFER_DECLINED = "transfer_declined"
    TRANSFER_COMPLETED_IN = "transfer_completed_in"
    TRANSFER_COMPLETED_OUT = "transfer_completed_out"
    TRANSFER_REJECTED = "transfer_rejected"
    TRANSFER_LAPSED = "transfer_lapsed"
    ACCOUNT_MOVED_AWAY = "account_moved_away"
    WEBHOOK_DISABLED = "webhook_disabled"
    PAYPAL_CHANGED = "paypal_changed"
    EARNING_HELD = "earning_held"
    PAYOUT_SENT = "payout_sent"
    PAYOUT_PAID = "payout_paid"
    PAYOUT_CARRIED_OVER = "payout_carried_over"
    PAYOUT_HELD = "payout_held"
    PAYOUT_UNCLAIMED = "payout_unclaimed"
    PAYOUT_RETURNED = "payout_returned"
    PAYOUT_FAILED = "payout_failed"
    PAYOUT_REVERSED = "payout_reversed"
    PERMISSION_ASKED = "permission_asked"
    PERMISSION_GRANTED = "permission_granted"
    PERMISSION_DECLINED = "permission_declined"
    PERMISSION_LAPSED = "permission_lapsed"
    PERMISSION_ENDED = "permission_ended"
    MESSAGE = "message"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a notice
    OWN_PASSWORD_CHANGED = "own_password_changed"  # noqa: S105
    APP_SET_UP = "app_set_up"
    APP_TURNED_OFF = "app_turned_off"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed"
    RECOVERY_CODE_USED = "recovery_code_used"
    ROLE_CHANGED = "role_changed"
    REMOVED_FROM_TEAM = "removed_from_team"


ABOUT_PAYING_FOR_THE_ACCOUNT = frozenset(
    {
        Kind.RENEWAL_UPCOMING,
        Kind.PAYMENT_FAILED,
        Kind.PAYMENT_RECOVERED,
        Kind.ACCOUNT_EXPIRED_UNPAID,
    }
)
"""These go to whoever pays for the account."""
ABOUT_THE_ACCOUNT = ABOUT_PAYING_FOR_THE_ACCOUNT | {
    Kind.TRIAL_ENDING,
    Kind.TRIAL_EXPIRED,
    Kind.ACCOUNT_EXPIRED,
    Kind.ACCOUNT_ARCHIVED,
    Kind.MESSAGE,
    Kind.PASSWORD_CHANGED,
}
"""These concern one account."""
ABOUT_A_CARD = frozenset({Kind.CARD_EXPIRING, Kind.DISPUTE_OPENED, Kind.DISPUTE_LOST})
"""These go to whoever has the card, or had it when it paid: the partner, or a client who pays for its account. All
other notices go to the partner: they are about its prepaid money, credits, bills, contract, webhooks, permissions and
earnings."""
ABOUT_A_PAYOUT = frozenset(
    {
        Kind.PAYOUT_SENT,
        Kind.PAYOUT_PAID,
        Kind.PAYOUT_CARRIED_OVER,
        Kind.PAYOUT_HELD,
        Kind.PAYOUT_UNCLAIMED,
        Kind.PAYOUT_RETURNED,
        Kind.PAYOUT_FAILED,
        Kind.PAYOUT_REVERSED,
    }
)
"""These concern what a partner is paid."""
ABOUT_A_SIGN_IN = frozenset(
    {
        Kind.OWN_PASSWORD_CHANGED,
        Kind.APP_SET_UP,
        Kind.APP_TURNED_OFF,
        Kind.RECOVERY_CODES_RENEWED,
        Kind.RECOVERY_CODE_USED,
    }
)
"""These concern how a person signs in to the portal: one event in each of its teams, one notice for all of them."""
ABOUT_A_PERSON = ABOUT_A_SIGN_IN | {Kind.ROLE_CHANGED, Kind.REMOVED_FROM_TEAM}
"""These go to one person who signs in to the portal, of a partner's team or of the vendor's."""
TO_BE_ANSWERED = frozenset({Kind.PERMISSION_ASKED})
"""These ask the client of an account something, and have a link to answer by."""

_KINDS = {
    "account.trial_ending": Kind.TRIAL_ENDING,
    "account.renewal_upcoming": Kind.RENEWAL_UPCOMING,
    "account.payment_recovered": Kind.PAYMENT_RECOVERED,
    "account.archived": Kind.ACCOUNT_ARCHIVED,
    "account.permission_granted": Kind.PERMISSION_GRANTED,
    "account.permission_ended": Kind.PERMISSION_ENDED,
    "management_request.created": Kind.PERMISSION_ASKED,
    "management_request.declined": Kind.PERMISSION_DECLINED,
    "management_request.lapsed": Kind.PERMISSION_LAPSED,
    "account.message_sent": Kind.MESSAGE,
    "account.moved_away": Kind.ACCOUNT_MOVED_AWAY,
    "account.password_changed": Kind.PASSWORD_CHANGED,
    "billing_profile.card_expiring": Kind.CARD_EXPIRING,
    "prepaid.running_out": Kind.PREPAID_RUNNING_OUT,
    "prepaid.used_up": Kind.PREPAID_USED_UP,
    "contract.payment_recovered": Kind.CONTRACT_PAYMENT_RECOVERED,
    "credits.low": Kind.CREDITS_LOW,
    "dispute.lost": Kind.DISPUTE_LOST,
    "earnings.paypal_changed": Kind.PAYPAL_CHANGED,
    "member.app_set_up": Kind.APP_SET_UP,
    "member.app_turned_off": Kind.APP_TURNED_OFF,
    "member.password_changed": Kind.OWN_PASSWORD_CHANGED,
    "member.recovery_code_used": Kind.RECOVERY_CODE_USED,
    "member.recovery_codes_renewed": Kind.RECOVERY_CODES_RENEWED,
    "member.removed": Kind.REMOVED_FROM_TEAM,
    "member.role_changed": Kind.ROLE_CHANGED,
    "earning.held": Kind.EARNING_HELD,
    "payout.sent": Kind.PAYOUT_SENT,
    "payout.unclaimed": Kind.PAYOUT_UNCLAIMED,
    "payout.returned": Kind.PAYOUT_RETURNED,
    "payout.failed": Kind.PAYOUT_FAILED,
    "payout.reversed": Kind.PAYOUT_REVERSED,
    "transfer.confirmed": Kind.TRANSFER_CONFIRMED,
    "transfer.declined": Kind.TRANSFER_DECLINED,
    "transfer.rejected": Kind.TRANSFER_REJECTED,
    "transfer.lapsed": Kind.TRANSFER_LAPSED,
}


_ENDS = {
    ExpiryReason.TRIAL: Kind.TRIAL_EXPIRED,
    ExpiryReason.CANCELED: Kind.ACCOUNT_EXPIRED,
    ExpiryReason.NON_PAYMENT: Kind.ACCOUNT_EXPIRED_UNPAID,
}


_CARRIED_OVER = frozenset({Cause.BELOW_MINIMUM, Cause.OWED, Cause.NO_ADDRESS, Cause.NEW_ADDRESS})
"""Causes that nobody has to look at: what is not paid out is added to the next payout."""


def kind_of(event: Event) -> Kind | None:
    """The notice that an event needs, if any.

    A failed payment is announced when the account, the bill or the contract becomes past due. Failed retries after
    that are not news, and after the last one the account's end is announced, or that the contract stays unpaid.
    """
    match event.type:
        case "prepaid.running_out" if event.data.get("single_bill"):
            return Kind.PREPAID_RUNNING_OUT_ON_BILL
        case "prepaid.used_up" if event.data.get("single_bill"):
            return Kind.PREPAID_USED_UP_ON_BILL
        case "account.expired":
            return _ENDS[ExpiryReason(event.after["expiry_reason"])]
        case "account.payment_failed":
            return Kind.PAYMENT_FAILED if event.after.get("payment_state") == "past_due" else None
        case "bill.payment_failed":
            return Kind.BILL_PAYMENT_FAILED if event.data["attempts"] == 1 else None
        case "bill.paid":
            return Kind.BILL_PAYMENT_RECOVERED if event.data["attempts"] > 1 else None
        case "contract.payment_failed" if event.after.get("payment_state") == "past_due":
            return Kind.CONTRACT_PAYMENT_FAILED
        case "contract.payment_failed":
            return Kind.CONTRACT_UNPAID if event.after.get("retry_on", "") is None else None
        case "dispute.opened":  # one that is over when it is heard of is announced by how it ended
            return Kind.DISPUTE_OPENED if event.data["status"] == "open" else None
        case "earning.posted":  # a reversal is held with the line that it takes back
            held = event.data["held_because"] and event.data["kind"] != "reversal"
            return Kind.EARNING_HELD if held else None
        case "payout.held":
            return Kind.PAYOUT_CARRIED_OVER if event.data["cause"] in _CARRIED_OVER else Kind.PAYOUT_HELD
        case "payout.paid":  # one that was only sent before is no news
            return Kind.PAYOUT_PAID if event.before.get("status") != PayoutStatus.SENT else None
        case "transfer.completed":
            return Kind.TRANSFER_COMPLETED_IN if event.data["direction"] == "in" else Kind.TRANSFER_COMPLETED_OUT
        case "webhook.disabled":
            return Kind.WEBHOOK_DISABLED if event.after.get("disabled_reason") == DisabledReason.FAILING else None
    return _KINDS.get(event.type)
