"""Why a payout was held or did not arrive, in words, and what its partner can do about it (docs/rules.md §10)."""

from enum import StrEnum


class Advice(StrEnum):
    """What a partner can do: nothing but wait, put something right, or give another PayPal address."""

    WAIT = "wait"
    FIX = "fix"
    USE_ANOTHER_ACCOUNT = "use_another_account"


class Cause(StrEnum):
    """Why a payout is held, is on its way for long, or was given back."""

    BELOW_MINIMUM = "below_minimum"
    OWED = "owed"
    SUSPENDED = "suspended"
    NO_ADDRESS = "no_address"
    NEW_ADDRESS = "new_address"
    SHARED_ADDRESS = "shared_address"
    FAILED_BEFORE = "failed_before"
    UNDER_REVIEW = "under_review"
    UNREGISTERED = "unregistered"
    UNCONFIRMED = "unconfirmed"
    REFUSED_BY_RECEIVER = "refused_by_receiver"
    RECEIVER_LIMIT = "receiver_limit"
    CANNOT_RECEIVE = "cannot_receive"
    VENDOR = "vendor"
    REVERSED = "reversed"
    UNKNOWN_OUTCOME = "unknown_outcome"
    OPERATOR = "operator"
    OTHER = "other"

    @property
    def in_words(self) -> str:
        """The reason, for the partner."""
        return _WORDS[self][0]

    @property
    def advice(self) -> Advice:
        return _WORDS[self][1]

    @property
    def is_for_good(self) -> bool:
        """Whether nothing can ever reach the address: it is not tried again until the partner gives another one."""
        return self is Cause.CANNOT_RECEIVE


_WORDS = {
    Cause.BELOW_MINIMUM: ("It is less than the smallest payout. It is added to the next one.", Advice.WAIT),
    Cause.OWED: ("More was taken back than earned. It is deducted from what you earn next.", Advice.WAIT),
    Cause.SUSPENDED: ("You are suspended: nothing is paid out until you are resumed.", Advice.WAIT),
    Cause.NO_ADDRESS: ("You have set no PayPal address. Set one; it is added to the next payout.", Advice.FIX),
    Cause.NEW_ADDRESS: ("Your PayPal address is too new to be paid. It is added to the next payout.", Advice.WAIT),
    Cause.SHARED_ADDRESS: (
        "Another partner has used your PayPal address. An operator will look at it, or use another one.",
        Advice.USE_ANOTHER_ACCOUNT,
    ),
    Cause.FAILED_BEFORE: (
        "PayPal can't pay your address, as an earlier payout showed. Use another one.",
        Advice.USE_ANOTHER_ACCOUNT,
    ),
    Cause.UNDER_REVIEW: ("PayPal is reviewing the payment.", Advice.WAIT),
    Cause.UNREGISTERED: (
        "No PayPal account has this address. Open one with it, or add the address to yours, within 30 days.",
        Advice.FIX,
    ),
    Cause.UNCONFIRMED: ("The address is not confirmed at PayPal. Confirm it there within 30 days.", Advice.FIX),
    Cause.REFUSED_BY_RECEIVER: (
        "The payment was refused or sent back by the PayPal account's owner. Accept the next one.",
        Advice.FIX,
    ),
    Cause.RECEIVER_LIMIT: (
        "The PayPal account has reached a limit of what it may receive. Have it raised by PayPal.",
        Advice.FIX,
    ),
    Cause.CANNOT_RECEIVE: (
        "PayPal has locked or restricted the account, or it may not receive this payment. Use another one.",
        Advice.USE_ANOTHER_ACCOUNT,
    ),
    Cause.VENDOR: ("We could not pay just now. It is added to the next payout.", Advice.WAIT),
    Cause.REVERSED: ("PayPal has reversed the payment. It is added to the next payout.", Advice.WAIT),
    Cause.UNKNOWN_OUTCOME: ("PayPal has not told us what became of it. An operator will look at it.", Advice.WAIT),
    Cause.OPERATOR: ("An operator has found that it was not paid. It is added to the next payout.", Advice.WAIT),
    Cause.OTHER: ("PayPal could not make the payment. It is added to the next payout.", Advice.WAIT),
}

BATCH_DENIED = "BATCH_DENIED"
"""The code of the items of a batch that the processor denied as a whole: none of them was paid."""

INVALID_RECEIVER = "INVALID_RECEIVER"
"""The code of the items of a batch that was refused because the recipient's address is none."""

GIVEN_UP = "GIVEN_UP"
"""The code of items of which an operator has found that they were not paid."""

_CODES = {
    Cause.UNREGISTERED: ("RECEIVER_UNREGISTERED",),
    Cause.UNCONFIRMED: ("RECEIVER_UNCONFIRMED",),
    Cause.REFUSED_BY_RECEIVER: (
        "RECEIVER_REFUSED",
        "NON_HOLDING_CURRENCY",
        "PENDING_RECIPIENT_NON_HOLDING_CURRENCY_PAYMENT_PREFERENCE",
    ),
    Cause.RECEIVER_LIMIT: ("RECEIVING_LIMIT_EXCEEDED",),
    Cause.UNDER_REVIEW: ("REGULATORY_PENDING", "UNDER_REVIEW"),
    Cause.CANNOT_RECEIVE: (
        INVALID_RECEIVER,
        "CURRENCY_NOT_SUPPORTED_FOR_RECEIVER",
        "GAMER_FAILED_COUNTRY_OF_RESIDENCE_CHECK",
        "INVALID_EMAIL",
        "RECEIVER_ACCOUNT_INVALID",
        "RECEIVER_ACCOUNT_LIMITATION",
        "RECEIVER_ACCOUNT_LOCKED",
        "RECEIVER_ACCOUNT_RESTRICTED",
        "RECEIVER_COUNTRY_NOT_ALLOWED",
        "RECEIVER_STATE_RESTRICTED",
        "RECEIVER_YOUTH_ACCOUNT",
        "REGULATORY_BLOCKED",
    ),
    Cause.OPERATOR: (GIVEN_UP,),
    Cause.VENDOR: (
        BATCH_DENIED,
        "ACCOUNT_RESTRICTED",
        "AUTHORIZATION_ERROR",
        "INSUFFICIENT_FUNDS",
        "INTERNAL_ERROR",
        "SENDER_ACCOUNT_LOCKED",
        "SENDER_ACCOUNT_UNVERIFIED",
        "SENDER_STATE_RESTRICTED",
        "SPENDING_LIMIT_EXCEEDED",
        "TRANSACTION_LIMIT_EXCEEDED",
    ),
}
_CAUSES = {code: cause for cause, codes in _CODES.items() for code in codes}


def cause_of(code: str | None) -> Cause:
    """What the processor's code means to a partner."""
    return _CAUSES.get(code or "", Cause.OTHER)
