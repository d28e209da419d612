"""Notices: which event somebody is told of by mail, and who (docs/rules.md §11)."""

from enum import StrEnum

from chalicelib.domain.events import Event


class Kind(StrEnum):
    """What a notice is about."""

    TRIAL_ENDING = "trial_ending"
    TRIAL_EXPIRED = "trial_expired"
    RENEWAL_UPCOMING = "renewal_upcoming"
    PAYMENT_FAILED = "payment_failed"
    PAYMENT_RECOVERED = "payment_recovered"
    ACCOUNT_EXPIRED = "account_expired"
    ACCOUNT_ARCHIVED = "account_archived"
    CARD_EXPIRING = "card_expiring"
    PREPAID_RUNNING_OUT = "prepaid_running_out"
    PREPAID_USED_UP = "prepaid_used_up"
    CREDITS_LOW = "credits_low"
    BILL_PAYMENT_FAILED = "bill_payment_failed"
    BILL_PAYMENT_RECOVERED = "bill_payment_recovered"


_KINDS = {
    "account.trial_ending": Kind.TRIAL_ENDING,
    "account.renewal_upcoming": Kind.RENEWAL_UPCOMING,
    "account.payment_recovered": Kind.PAYMENT_RECOVERED,
    "account.archived": Kind.ACCOUNT_ARCHIVED,
    "billing_profile.card_expiring": Kind.CARD_EXPIRING,
    "prepaid.running_out": Kind.PREPAID_RUNNING_OUT,
    "prepaid.used_up": Kind.PREPAID_USED_UP,
    "credits.low": Kind.CREDITS_LOW,
}


def kind_of(event: Event) -> Kind | None:
    """The notice an event gives cause for, if any.

    A payment that failed is told when the account (or the bill) gets past due: the retries that fail after it
    say nothing new, and the last one is told as the account's end.
    """
    match event.type:
        case "account.expired":
            is_trial = event.after.get("expiry_reason") == "trial"
            return Kind.TRIAL_EXPIRED if is_trial else Kind.ACCOUNT_EXPIRED
        case "account.payment_failed":
            return Kind.PAYMENT_FAILED if event.after.get("payment_state") == "past_due" else None
        case "bill.payment_failed":
            return Kind.BILL_PAYMENT_FAILED if event.data["attempts"] == 1 else None
        case "bill.paid":
            return Kind.BILL_PAYMENT_RECOVERED if event.data["attempts"] > 1 else None
    return _KINDS.get(event.type)
