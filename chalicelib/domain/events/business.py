"""What of the events is counted for the vendor's business dashboard."""

from collections import Counter
from collections.abc import Iterable, Mapping

from chalicelib.domain.events.events import Event

COUNTED: Mapping[str, str] = {
    "account.created": "AccountsCreated",
    "account.renewed": "AccountsRenewed",
    "account.canceled": "AccountsCanceled",
    "account.expired": "AccountsExpired",
    "account.moved": "AccountsMoved",
    "account.payment_failed": "PaymentsFailed",
    "account.payment_recovered": "PaymentsRecovered",
    "account.permission_granted": "PermissionsGranted",
    "account.trial_ending": "TrialsEnding",
    "bill.payment_failed": "BillsFailed",
    "dispute.opened": "DisputesOpened",
    "earning.held": "EarningsHeld",
    "earning.posted": "EarningsPosted",
    "invoice.paid": "InvoicesPaid",
    "invoice.refunded": "InvoicesRefunded",
    "prepaid.purchased": "PrepaidPurchased",
    "prepaid.used_up": "PrepaidUsedUp",
    "top_up.declined": "TopUpsDeclined",
    "webhook.disabled": "WebhooksDisabled",
}
"""The metrics by the type of event they count."""
AMOUNT_PAID = "AmountPaid"
"""The metric of what invoices and Single Bills were paid with, in minor units of a currency."""
_PAID = frozenset({"invoice.paid", "bill.paid"})


def counts(events: Iterable[Event]) -> dict[str, int]:
    """How often each metric is to be counted up."""
    return dict(Counter(COUNTED[event.type] for event in events if event.type in COUNTED))


def amounts_paid(events: Iterable[Event]) -> dict[str, int]:
    """What was paid, in minor units, by currency. Invoices on a Single Bill are paid with it, and not counted twice."""
    paid: Counter[str] = Counter()
    for event in events:
        if event.type in _PAID:
            paid[event.data["currency"]] += event.data["total"]
    return dict(paid)
