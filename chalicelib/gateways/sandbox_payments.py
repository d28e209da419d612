"""A card processor that charges no real card: never in production.

It is idempotent per key like the real one, with a table of its own: the first answer to a key stays
its answer, and a paid key that comes back with another amount is refused.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import JSONAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.aws import Table
from chalicelib.config import TableName, settings
from chalicelib.domain.charging.card_charges import CardCharge
from chalicelib.domain.disputes import DisputeStatus, Reported
from chalicelib.domain.money import Money
from chalicelib.domain.partners.billing_profiles import BillingProfile, Card
from chalicelib.domain.values import dataclass
from chalicelib.gateways import due_queue
from chalicelib.gateways.payments import (
    CardSetup,
    Charged,
    Declined,
    OutcomeUnknown,
    PaymentMethodRefused,
    Purpose,
    Refunded,
    Registered,
)

PROCESSOR = "sandbox"
_TRIES = 20
DISPUTED_FOR = timedelta(days=7)
"""How long after it was opened a dispute is decided."""


@dataclass(frozen=True, slots=True)
class _TestCard:
    card: Card
    decline_code: str | None = None
    first_key_is_paid: bool = False
    first_answer_is_lost: bool = False
    dispute: DisputeStatus | None = None
    """What becomes of the dispute that each charge leads to."""


_CARDS = {
    "pm_card_visa": _TestCard(Card("visa", "4242", 12, 2034)),
    "pm_card_chargeDeclined": _TestCard(Card("visa", "0002", 12, 2034), decline_code="generic_decline"),
    "pm_card_insufficientFunds": _TestCard(Card("visa", "9995", 12, 2034), decline_code="insufficient_funds"),
    "pm_card_expired": _TestCard(Card("visa", "0069", 1, 2024), decline_code="expired_card"),
    "pm_card_declinedOnRenewal": _TestCard(
        Card("mastercard", "0341", 12, 2034), decline_code="generic_decline", first_key_is_paid=True
    ),
    "pm_card_createDispute": _TestCard(Card("visa", "0259", 12, 2034), dispute=DisputeStatus.WON),
    "pm_card_createDisputeLost": _TestCard(Card("visa", "0267", 12, 2034), dispute=DisputeStatus.LOST),
    "pm_card_timeout": _TestCard(Card("visa", "6975", 12, 2034), first_answer_is_lost=True),
}


class PayerIndex(GlobalSecondaryIndex[Any]):
    """The charges of a payer's cards."""

    class Meta:
        index_name = "by_payer"
        projection = AllProjection()

    payer = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class MemoryRow(Table):
    """What the sandbox remembers: one row per key, and the first key of a profile that pays only once.

    A key's row holds its refunds, each with its own key and amount, and its dispute, once that was looked up;
    ``version`` changes with them.
    """

    class Meta:
        table_name = TableName("sandbox_table")

    id = UnicodeAttribute(hash_key=True)
    amount = UnicodeAttribute(null=True)
    reference = UnicodeAttribute(null=True)
    decline_code = UnicodeAttribute(null=True)
    key = UnicodeAttribute(null=True)
    payer = UnicodeAttribute(null=True)
    payment_method = UnicodeAttribute(null=True)
    refunds = JSONAttribute(null=True)
    dispute = JSONAttribute(null=True)
    version = UnicodeAttribute(null=True)

    by_payer = PayerIndex()


class SandboxPayments:
    """See :class:`chalicelib.gateways.payments.PaymentGateway`."""

    def begin_setup(self, *, key: str) -> CardSetup:
        return CardSetup(client_secret=f"{key}_secret_sandbox")  # for nothing: its cards need no setup

    def register(
        self,
        *,
        payment_method: str,
        profile_id: str,
        name: str,
        email: str | None = None,
        customer: str | None = None,
        set_up_here: bool = False,
    ) -> Registered:
        del profile_id, name, email, set_up_here  # the sandbox knows neither customers nor setups
        test_card = _CARDS.get(payment_method)
        if test_card is None:
            raise PaymentMethodRefused(
                f"{payment_method!r} is no card of the sandbox; there are: {', '.join(sorted(_CARDS))}"
            )
        return Registered(card=test_card.card, payment_method=payment_method, customer=customer)

    def charge(
        self, *, key: str, amount: Money, profile: BillingProfile, purpose: Purpose | None = None
    ) -> Charged | Declined:
        del purpose
        if settings().production:
            raise RuntimeError("the sandbox processor never charges in production")
        test_card = _CARDS[profile.payment_method]
        row, seen_before = _remembered(key, amount, profile, _decline_code(test_card, profile, key))
        if test_card.dispute is not None and not seen_before:
            due_queue.report_dispute(_DISPUTE + key, run=f"sandbox-{key}")
        if test_card.first_answer_is_lost and not seen_before:
            raise OutcomeUnknown(f"no answer for {key}")
        return _answer(row)

    def find(self, *, key: str, customer: str | None = None) -> Charged | Declined | None:
        del customer
        row = _row_of(key)
        return None if row is None else _answer(row)

    def refund(self, *, key: str, reference: str, amount: Money, purpose: Purpose | None = None) -> Refunded | Declined:
        del purpose
        for _ in range(_TRIES):
            row = _row_of(reference.removeprefix(_REFERENCE))
            if row is None or row.decline_code or row.reference != reference:
                return Declined("no_such_charge")
            paid, currency = row.amount.split(" ")
            refunded: dict[str, int] = row.refunds or {}
            if (known := refunded.get(key)) is not None:
                if (known, currency) != (amount.amount, amount.currency):
                    raise ValueError(f"{key} refunded {known} {currency}, and now asks for {amount}")
                return Refunded(_refund_reference(key))
            if row.dispute is not None and row.dispute["status"] != DisputeStatus.WON:
                return Declined("charge_disputed")
            if amount.currency != currency or sum(refunded.values()) + amount.amount > int(paid):
                return Declined("more_than_was_charged")
            if _remember(row, refunds=refunded | {key: amount.amount}):
                return Refunded(_refund_reference(key))
        raise OutcomeUnknown(f"too many refunds of {reference} at once")

    def find_refund(self, *, reference: str) -> Refunded | Declined:
        return Refunded(reference)  # no refund fails later

    def find_dispute(self, *, reference: str, now: datetime) -> Reported | None:
        """A dispute begins when it is looked up first, and is decided by the look that comes a week later."""
        key = reference.removeprefix(_DISPUTE)
        for _ in range(_TRIES):
            row = _row_of(key)
            dispute = _disputed(row, now) if row else None
            if row is None or dispute is None:
                return None
            if row.dispute == dispute or _remember(row, dispute=dispute):
                opened_at = datetime.fromisoformat(dispute["opened_at"])
                return Reported(
                    processor=PROCESSOR,
                    reference=reference,
                    payment=row.reference,
                    payer=row.payer,
                    charge_id=key.rpartition("-")[0],
                    amount=Money(dispute["amount"], row.amount.split(" ")[1]),
                    reason="fraudulent",
                    status=DisputeStatus(dispute["status"]),
                    opened_at=opened_at,
                    evidence_due=opened_at + DISPUTED_FOR,
                )
        raise OutcomeUnknown(f"{reference} changes all the time")

    def list_charges(
        self, *, payer: str, customers: Sequence[str] = (), since: datetime | None = None
    ) -> Iterator[CardCharge]:
        """See :class:`chalicelib.gateways.payments.ListsCharges`."""
        del customers, since  # it knows no customers and keeps everything
        for row in MemoryRow.by_payer.query(payer):
            if not row.decline_code:
                amount, currency = row.amount.split(" ")
                refunded = Money(sum((row.refunds or {}).values()), currency)
                lost = row.dispute["amount"] if row.dispute and row.dispute["status"] == DisputeStatus.LOST else 0
                key, paid = row.id.removeprefix(_KEY), Money(int(amount), currency)
                yield CardCharge(key, row.reference, paid, refunded, Money(lost, currency))


_REFERENCE = "pi_"
"""A reference is this prefix and the key, so that a refund finds its charge."""


_DISPUTE = "du_"
"""So is a dispute's."""

_KEY = "key#"


def _key_id(key: str) -> str:
    return _KEY + key


def _row_of(key: str) -> MemoryRow | None:
    try:
        return MemoryRow.get(_key_id(key), consistent_read=True)
    except MemoryRow.DoesNotExist:
        return None


def _refund_reference(key: str) -> str:
    return "re_" + hashlib.sha256(key.encode()).hexdigest()[:24]


def _disputed(row: MemoryRow, now: datetime) -> dict[str, Any] | None:
    """The dispute of a charge as it is now, if its card leads to one and there is something left to dispute."""
    becomes = _CARDS[row.payment_method].dispute if row.payment_method else None
    if becomes is None or row.decline_code:
        return None
    if row.dispute is None:
        left = int(row.amount.split(" ")[0]) - sum((row.refunds or {}).values())
        return {"amount": left, "opened_at": now.isoformat(), "status": DisputeStatus.OPEN.value} if left else None
    over = now >= datetime.fromisoformat(row.dispute["opened_at"]) + DISPUTED_FOR
    return row.dispute | {"status": becomes.value} if over else dict(row.dispute)


def _remember(row: MemoryRow, **changes: dict[str, Any]) -> bool:
    """Store these if the row is unchanged since it was read; whether it was."""
    before = row.version
    row.version = str(int(before or 0) + 1)
    for name, value in changes.items():
        setattr(row, name, value)
    unchanged = MemoryRow.version == before if before else MemoryRow.version.does_not_exist()
    try:
        row.save(condition=unchanged)
    except PutError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        return False
    return True


def _answer(row: MemoryRow) -> Charged | Declined:
    if row.decline_code:
        return Declined(row.decline_code)
    return Charged(PROCESSOR, row.reference, _CARDS[row.payment_method].card.name if row.payment_method else None)


def _decline_code(test_card: _TestCard, profile: BillingProfile, key: str) -> str | None:
    if test_card.first_key_is_paid:
        first = _first_key(profile.id, key)
        return None if first == key else test_card.decline_code
    return test_card.decline_code


def _first_key(profile_id: str, key: str) -> str:
    """The key of the profile's first charge."""
    row_id = f"profile#{profile_id}"
    try:
        MemoryRow(row_id, key=key).save(condition=MemoryRow.id.does_not_exist())
    except PutError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        first: str = MemoryRow.get(row_id, consistent_read=True).key
        return first
    return key


def _remembered(key: str, amount: Money, profile: BillingProfile, decline_code: str | None) -> tuple[MemoryRow, bool]:
    """The stored answer for ``key``, made now if there is none, and whether there was one."""
    reference = _REFERENCE + key
    requested = f"{amount.amount} {amount.currency}"
    row = MemoryRow(
        _key_id(key),
        amount=requested,
        reference=reference,
        decline_code=decline_code,
        payer=profile.partner_id,
        payment_method=profile.payment_method,
    )
    try:
        row.save(condition=MemoryRow.id.does_not_exist())
    except PutError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        row = MemoryRow.get(_key_id(key), consistent_read=True)
        if row.amount != requested and row.decline_code is None:
            raise ValueError(f"{key} was sent with {row.amount}, now with {requested}") from error
        return row, True
    return row, False
