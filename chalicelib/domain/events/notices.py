"""Notices: which events are mailed, to whom, and what the mail says (docs/rules.md §11)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from chalicelib.domain.accounts import lifecycle
from chalicelib.domain.accounts.accounts import Account, ExpiryReason, Relationship, Status, renews_at
from chalicelib.domain.calendar import local_date
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.events.events import Event
from chalicelib.domain.events.messages import Message
from chalicelib.domain.events.webhooks import DisabledReason
from chalicelib.domain.ids import is_account_id
from chalicelib.domain.money import Money
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.schedule import renewals
from chalicelib.domain.setup.branding import PLAIN, Branding
from chalicelib.domain.values import dataclass

NEWS_FOR = timedelta(days=14)
"""Older events are not mailed any more, whatever delayed them."""

Fact = str | int | date | Money
"""A fact in a notice: text, a number, a local date, an amount."""


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
    PERMISSION_ASKED = "permission_asked"
    PERMISSION_GRANTED = "permission_granted"
    PERMISSION_DECLINED = "permission_declined"
    PERMISSION_LAPSED = "permission_lapsed"
    PERMISSION_ENDED = "permission_ended"
    MESSAGE = "message"


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
}
"""These concern one account."""
ABOUT_A_CARD = frozenset({Kind.CARD_EXPIRING, Kind.DISPUTE_OPENED, Kind.DISPUTE_LOST})
"""These go to whoever has the card, or had it when it paid: the partner, or a client who pays for its account. All
other notices go to the partner: they are about its prepaid money, credits, bills, webhooks, permissions and
earnings."""
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
    "billing_profile.card_expiring": Kind.CARD_EXPIRING,
    "prepaid.running_out": Kind.PREPAID_RUNNING_OUT,
    "prepaid.used_up": Kind.PREPAID_USED_UP,
    "credits.low": Kind.CREDITS_LOW,
    "dispute.lost": Kind.DISPUTE_LOST,
    "earnings.paypal_changed": Kind.PAYPAL_CHANGED,
    "earning.held": Kind.EARNING_HELD,
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


def kind_of(event: Event) -> Kind | None:
    """The notice that an event needs, if any.

    A failed payment is announced when the account, or the bill, becomes past due. Failed retries after
    that are not news, and after the last one the account's end is announced.
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
        case "dispute.opened":  # one that is over when it is heard of is announced by how it ended
            return Kind.DISPUTE_OPENED if event.data["status"] == "open" else None
        case "earning.posted":  # a reversal is held with the line that it takes back
            held = event.data["held_because"] and event.data["kind"] != "reversal"
            return Kind.EARNING_HELD if held else None
        case "transfer.completed":
            return Kind.TRANSFER_COMPLETED_IN if event.data["direction"] == "in" else Kind.TRANSFER_COMPLETED_OUT
        case "webhook.disabled":
            return Kind.WEBHOOK_DISABLED if event.after.get("disabled_reason") == DisabledReason.FAILING else None
    return _KINDS.get(event.type)


class Reason(StrEnum):
    """Why somebody gets a mail. It decides what the mail asks for and how it closes."""

    MANAGED = "managed"
    """It is the notification address of a managed account."""
    CLIENT = "client"
    """It is the client of a referred account."""
    PAYER = "payer"
    """It is the client who pays for a managed account."""
    PARTNER = "partner"
    """It is the partner itself."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets the mail: the address, its language (BCP 47), and why it gets the mail."""

    address: str
    language: str
    reason: Reason

    @property
    def logs_in(self) -> bool:
        """Whether it acts by logging in to the account, as a client does, and not by the API."""
        return self.reason in (Reason.CLIENT, Reason.PAYER)


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice before it is put into words."""

    kind: Kind
    recipient: Recipient
    facts: Mapping[str, Fact | None]
    branding: Branding = PLAIN
    log_in: str | None = None
    """Where its reader logs in; None for a reader who does not."""
    answer_at: str | None = None
    """The link to answer by, in a notice that asks something. It is secret."""
    paragraphs: tuple[str, ...] = ()
    """An operator's own words, in any language; a paragraph may have several lines."""


PARTNERS_LANGUAGE = "en"
"""Partners have no language setting yet."""


def recipient(event: Event, *, account: Account | None, partner: Partner) -> Recipient:
    """Who gets the mail about an event that needs one (docs/decisions/notices.md).

    About paying for an account: its client if that pays, else its notification address, which the partner has named for
    all notices of the account. About anything else of the account: the client of a referred account, the notification
    address of a managed one. The client of an account that its partner pays for never gets one of these.
    """
    kind = kind_of(event)
    if kind is Kind.PAYPAL_CHANGED:  # whoever changed it may have changed it to an address of their own
        return Recipient(event.before.get("paypal_email") or partner.email, PARTNERS_LANGUAGE, Reason.PARTNER)
    if kind in TO_BE_ANSWERED and account is not None:
        return _client_of(account)
    if kind in ABOUT_A_CARD and account is not None and is_account_id(event.partner_id):
        return _client_of(account)
    if kind not in ABOUT_THE_ACCOUNT:
        return Recipient(partner.email, PARTNERS_LANGUAGE, Reason.PARTNER)
    assert account is not None
    if account.pays_itself and kind in ABOUT_PAYING_FOR_THE_ACCOUNT:
        return _client_of(account)
    return notice_address(account)


def notice_address(account: Account) -> Recipient:
    """Who gets the notices of an account that are not about paying, and operators' messages about it."""
    if account.relationship is Relationship.REFERRED:
        return _client_of(account)
    return Recipient(account.notification_email, account.language, Reason.MANAGED)


def _client_of(account: Account) -> Recipient:
    reason = Reason.CLIENT if account.relationship is Relationship.REFERRED else Reason.PAYER
    return Recipient(account.client.email, account.language, reason)


def compose(
    event: Event,
    *,
    account: Account | None,
    partner: Partner,
    program: Program,
    branding: Branding,
    log_in: str | None,
    active_paid_accounts: int,
    message: Message | None = None,
    answer_at: str | None = None,
) -> Notice:
    """The notice of an event that needs one. Notices to the partner itself have no account's branding.

    ``log_in`` is where the account's client logs in; only a notice to the client has a link to it.
    ``active_paid_accounts`` are the payer's today: the price of an upcoming renewal depends on them (§5).
    ``message`` is the operator's that the event is about, ``answer_at`` the link of a notice that asks something. A
    client does not read its own name: whoever signs up writes it, and might be a stranger who gave somebody else's
    address.
    """
    kind = kind_of(event)
    assert kind is not None
    to = recipient(event, account=account, partner=partner)
    about: dict[str, Fact | None] = {"partner": partner.name}
    if account is not None:
        about |= {"account": account.name}
    if account is not None and not to.logs_in:
        about |= {"client": account.client.name}
    if kind in ABOUT_THE_ACCOUNT:
        assert account is not None
        about |= _of_account(kind, account, program, active_paid_accounts)
    else:
        about |= _of_event(event)
        if to.logs_in:
            about |= {"profile": None}  # the name of a client's card is the client's
    if kind in TO_BE_ANSWERED and account is not None:
        about["answer_by"] = _last_day_before(event.data["expires_at"], account)
    if message is not None:
        to = replace(to, address=message.to)
        about |= {"subject": message.subject}
    return Notice(
        kind=kind,
        recipient=to,
        facts=about,
        branding=PLAIN if to.reason is Reason.PARTNER else branding,
        log_in=log_in if to.logs_in and answer_at is None else None,
        answer_at=answer_at,
        paragraphs=message.paragraphs if message else (),
    )


def _last_day_before(instant: str, account: Account) -> date:
    return local_date(datetime.fromisoformat(instant) - timedelta(seconds=1), account.time_zone)


def is_news(event: Event, *, account: Account | None, time_zone: str, now: datetime) -> bool:
    """Whether the event is still worth a mail at ``now``.

    What is announced must be in the future: after an outage nobody is reminded of a past renewal, or
    of the end of a trial that was paid for meanwhile. What befell an account before it moved is not told to those who
    have it now (§9); an operator's message has an address of its own.
    """
    if now - event.at > NEWS_FOR:
        return False
    moved_at = account.moved_at if account and kind_of(event) in ABOUT_THE_ACCOUNT - {Kind.MESSAGE} else None
    if moved_at is not None and event.at < moved_at:
        return False
    announced = _ANNOUNCED.get(event.type)
    if announced is None:
        return True
    day = event.data.get("date")
    if day is not None and date.fromisoformat(day) <= local_date(now, time_zone):
        return False
    return announced(event, account)


def _still_renews_on(event: Event, account: Account | None) -> bool:
    """Whether the account renews on the reminder's date: no cancellation takes effect by then."""
    return account is not None and _still_runs_until(event, account) and renews_at(account) is not None


def _still_runs_until(event: Event, account: Account | None) -> bool:
    """Whether the account's period still ends on the reminder's date, and it still renews, or ends, by itself."""
    if account is None or account.period is None or account.status not in (Status.ACTIVE, Status.DISABLED):
        return False
    return account.period.end.isoformat() == event.data.get("date")


_ANNOUNCED: Mapping[str, Callable[[Event, Account | None], bool]] = {
    "account.trial_ending": _still_runs_until,
    "account.renewal_upcoming": _still_renews_on,
    "prepaid.running_out": lambda _event, _account: True,
}
"""Events that announce something for a date, each with the condition that must still hold."""


def _of_account(kind: Kind, account: Account, program: Program, active_paid_accounts: int) -> dict[str, Fact | None]:
    facts: dict[str, Fact | None] = {"plan": account.plan.tier.title()}
    match kind:
        case Kind.TRIAL_ENDING | Kind.TRIAL_EXPIRED:
            facts["date"] = account.period.end if account.period else None
        case Kind.RENEWAL_UPCOMING:
            facts["date"] = account.period.end if account.period else None
            priced = renewals.next_price(account, program=program, active_paid_accounts=active_paid_accounts)
            facts["plan"] = lifecycle.plan_due(account).tier.title()
            facts["price"] = priced.total if priced else None
        case Kind.PAYMENT_FAILED if account.overdue is not None:
            facts["amount"] = account.overdue.total
            facts["retry_on"] = lifecycle.retry_on(account.overdue, account.time_zone, program=program)
        case Kind.PAYMENT_RECOVERED:
            facts["price"] = account.price
            facts["paid_until"] = account.period.end if account.period else None
        case Kind.ACCOUNT_EXPIRED | Kind.ACCOUNT_EXPIRED_UNPAID:
            facts["ended_on"] = local_date(account.expired_at, account.time_zone) if account.expired_at else None
            facts["archived_after_days"] = program.archive_after_days
    return facts


def _of_event(event: Event) -> dict[str, Fact | None]:
    """The facts of a notice that the event alone has."""
    data = event.data
    facts: dict[str, Fact | None] = {}
    if "date" in data:
        facts["date"] = date.fromisoformat(data["date"])
    if "balance" in data and data.get("currency"):
        facts["balance"] = Money(data["balance"], data["currency"])
    card = data.get("card")
    if card is not None:
        facts["card"] = f"{str(card['brand']).title()} •••• {card['last4']}"
    for name in (
        "profile",
        "credit",
        "credits_left",
        "number",
        "invoice_count",
        "url",
        "paypal_email",
        "title",
        "held_because",
    ):
        facts[name] = data.get(name)
    if "transfer_id" in data:  # of an account that another partner may still have
        facts |= {"account": data["account"], "reason": event.after.get("reason")}
    if "name" in data:
        facts["account"] = data["name"]
    if "expires" in data:
        facts["last_day"] = date.fromisoformat(data["expires"])
    if "dispute_id" in data:
        facts["amount"] = Money(data["taken_back"] or data["amount"], data["currency"])
    if "earning_id" in data:
        facts["amount"] = Money(data["amount"], data["currency"])
    if "total" in data:
        facts["amount"] = Money(data["total"], data["currency"])
    return facts
