"""A card processor that charges nobody: for every stage but production.

It keeps its promise per key as the real one does, in a table of its own: the first answer to a key
is the answer to that key for good, and a key that comes back with another amount is refused.
"""

import hashlib
from dataclasses import dataclass

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PutError
from pynamodb.models import Model

from chalicelib.config import TableName, settings
from chalicelib.domain.money import Money
from chalicelib.domain.profiles import BillingProfile, Card
from chalicelib.gateways.payments import Charged, Declined, OutcomeUnknown, PaymentMethodRefused

PROCESSOR = "sandbox"


@dataclass(frozen=True, slots=True)
class _TestCard:
    card: Card
    decline_code: str | None = None
    first_key_is_paid: bool = False
    first_answer_is_lost: bool = False


_CARDS = {
    "pm_card_visa": _TestCard(Card("visa", "4242", 12, 2034)),
    "pm_card_chargeDeclined": _TestCard(Card("visa", "0002", 12, 2034), decline_code="generic_decline"),
    "pm_card_insufficientFunds": _TestCard(Card("visa", "9995", 12, 2034), decline_code="insufficient_funds"),
    "pm_card_expired": _TestCard(Card("visa", "0069", 1, 2024), decline_code="expired_card"),
    "pm_card_declinedOnRenewal": _TestCard(
        Card("mastercard", "0341", 12, 2034), decline_code="generic_decline", first_key_is_paid=True
    ),
    "pm_card_timeout": _TestCard(Card("visa", "6975", 12, 2034), first_answer_is_lost=True),
}


class MemoryRow(Model):
    """What the sandbox remembers: one row a key, and the first key of a profile that pays only once."""

    class Meta:
        table_name = TableName("sandbox_table")

    id = UnicodeAttribute(hash_key=True)
    amount = UnicodeAttribute(null=True)
    reference = UnicodeAttribute(null=True)
    decline_code = UnicodeAttribute(null=True)
    key = UnicodeAttribute(null=True)


class SandboxPayments:
    """See :class:`chalicelib.gateways.payments.PaymentGateway`."""

    def describe_card(self, payment_method: str) -> Card:
        test_card = _CARDS.get(payment_method)
        if test_card is None:
            raise PaymentMethodRefused(
                f"There is no sandbox card {payment_method!r}. There are: {', '.join(sorted(_CARDS))}."
            )
        return test_card.card

    def charge(self, *, key: str, amount: Money, profile: BillingProfile) -> Charged | Declined:
        if settings().production:
            raise RuntimeError("the sandbox processor never charges in production")
        test_card = _CARDS[profile.payment_method]
        row, seen_before = _remembered(key, amount, _decline_code(test_card, profile, key))
        if test_card.first_answer_is_lost and not seen_before:
            raise OutcomeUnknown(f"no answer for {key}")
        return _answer(row)

    def find(self, *, key: str) -> Charged | Declined | None:
        try:
            return _answer(MemoryRow.get(_key_id(key), consistent_read=True))
        except MemoryRow.DoesNotExist:
            return None


def _key_id(key: str) -> str:
    return f"key#{key}"


def _answer(row: MemoryRow) -> Charged | Declined:
    if row.decline_code:
        return Declined(row.decline_code)
    return Charged(PROCESSOR, row.reference)


def _decline_code(test_card: _TestCard, profile: BillingProfile, key: str) -> str | None:
    if test_card.first_key_is_paid:
        first = _first_key(profile.id, key)
        return None if first == key else test_card.decline_code
    return test_card.decline_code


def _first_key(profile_id: str, key: str) -> str:
    """The first key this profile was ever charged under."""
    row_id = f"profile#{profile_id}"
    try:
        MemoryRow(row_id, key=key).save(condition=MemoryRow.id.does_not_exist())
    except PutError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        first: str = MemoryRow.get(row_id, consistent_read=True).key
        return first
    return key


def _remembered(key: str, amount: Money, decline_code: str | None) -> tuple[MemoryRow, bool]:
    """The answer for ``key``: the one given before, or this one, now given for good."""
    reference = "pi_" + hashlib.sha256(key.encode()).hexdigest()[:24]
    asked_for = f"{amount.amount} {amount.currency}"
    row = MemoryRow(_key_id(key), amount=asked_for, reference=reference, decline_code=decline_code)
    try:
        row.save(condition=MemoryRow.id.does_not_exist())
    except PutError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        row = MemoryRow.get(_key_id(key), consistent_read=True)
        if row.amount != asked_for:
            raise ValueError(f"{key} was asked for {row.amount}, now for {asked_for}") from error
        return row, True
    return row, False
