"""A client's account: what it is, and when it renews or ends (docs/rules.md §2, §3)."""

from collections.abc import Mapping
from dataclasses import field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from chalicelib.domain.calendar import Frequency, Period, first_instant, local_date
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.domain.catalog.quotes import Terms
from chalicelib.domain.charging.charges import Charge
from chalicelib.domain.earnings.terms import EarningTerms
from chalicelib.domain.money import Money
from chalicelib.domain.setup.custom_domains import DomainState
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.journal import CreditKind


class Status(StrEnum):
    """Exactly one of these; ``pending`` is an account whose first charge is not settled yet, which no list shows."""

    PENDING = "pending"
    ACTIVE = "active"
    DISABLED = "disabled"
    CANCELED = "canceled"
    EXPIRED = "expired"
    ARCHIVED = "archived"


class PaymentState(StrEnum):
    OK = "ok"
    PAST_DUE = "past_due"


class Relationship(StrEnum):
    MANAGED = "managed"
    REFERRED = "referred"


class ExpiryReason(StrEnum):
    """Why an account expired; decides whether and how it may come back (§3)."""

    TRIAL = "trial"
    CANCELED = "canceled"
    NON_PAYMENT = "non_payment"
    PROVISIONING_FAILED = "provisioning_failed"


class ProvisioningStatus(StrEnum):
    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Provisioning:
    """An account that the platform is still preparing, or could not prepare. A ready account has no such value.

    While it is pending, the platform is asked (again) at ``ask_at``, until it is given up at ``give_up_at``; the
    set-up in ``snapshot_id`` is copied first. Once it has failed for ``reason``, what was paid is refunded from
    ``refund_at`` on; ``refunds_declined`` counts the refunds that the processor declined.
    """

    status: ProvisioningStatus
    give_up_at: datetime
    ask_at: datetime | None = None
    asked: int = 0
    snapshot_id: str | None = None
    reason: str | None = None
    refund_at: datetime | None = None
    refunds_declined: int = 0


@dataclass(frozen=True, slots=True)
class Client:
    """The owner of the account."""

    name: str
    email: str


class ManagementRequestStatus(StrEnum):
    """What became of a partner's request for permission to manage an account (§9)."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class LastRequest:
    """The last request for permission to manage an account, as the account names it (§9).

    An open one lapses at ``expires_at``, before anybody writes so: ask :meth:`is_open`.
    """

    id: str
    status: ManagementRequestStatus
    expires_at: datetime

    def is_open(self, now: datetime) -> bool:
        return self.status is ManagementRequestStatus.OPEN and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A partner's wish to end an account: why, what becomes of the data, and from which local date."""

    reason: str | None
    retain_data: bool
    effective_on: date


@dataclass(frozen=True, slots=True)
class PendingChange:
    """The plan an account has from its next renewal on, and since when that is wished (§5).

    It is ``required`` after a move, if the plan that the account has is only offered in the program it came from: then
    another plan may wait in its place, but one has to (§9).
    """

    plan: Plan
    asked_at: datetime
    required: bool = False


@dataclass(frozen=True, slots=True)
class Overdue:
    """An open invoice: the period that could not be charged, and where its retries stand.

    ``retries`` counts scheduled retries only, the last of them at ``retried_at``; one that somebody asked for leaves
    both as they are. ``retry_soon_at`` is set when the partner has changed the card: it is tried without waiting.
    """

    invoice_id: str
    period: Period
    total: Money
    price: Money
    terms: Terms
    first_declined_at: datetime
    attempts: int = 1
    retries: int = 0
    retry_soon_at: datetime | None = None
    retried_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """One account. ``period`` is the paid (or trial) stretch of time it is in, in local dates.

    ``price`` is what the current period cost per cycle and ``terms`` the discounts frozen with it.
    ``reminded_for`` is the period end its client was last reminded of; ``card_notice_on`` is when a client
    that pays gets the notice that its card expires; ``waits_until`` puts off a renewal that an unpaid Single Bill
    holds up. ``disabled_message`` is what a disabled account's client
    reads at login. ``renewed_by`` names the request that last renewed it. ``updated_at`` is when something
    but its period last changed, ``touched_at`` when billing last renewed it or sent a reminder, and
    changed nothing else; see :func:`updated_at`. ``provisioning`` is there until the product's platform has
    prepared the account. ``fingerprint`` is that of the request that created it. ``revision`` counts the published
    changes, ``version`` every write. ``earlier_payers`` are all others whose ledgers may have invoices of it, or
    movements of its credits. ``earlier_partners`` had it before it ``moved_at`` last to the one it has. ``migrated``
    says that it had its migration discount, which is given once.
    Its partner earns on its ``earning_terms``, if it earns at all; ``first_paid_on`` is the local date of the first
    paid invoice above zero in its life, and an account that ``had_bonus`` brings no other (§10).
    """

    id: str
    partner_id: str
    payer: str
    name: str
    status: Status
    kind: PlanKind
    relationship: Relationship
    client: Client
    notification_email: str
    country: str
    data_region: str
    language: str
    time_zone: str
    plan: Plan
    created_at: datetime
    updated_at: datetime
    currency: str
    payment_state: PaymentState = PaymentState.OK
    custom_domain: str | None = None
    domain_state: DomainState = DomainState.PENDING
    billing_profile_id: str | None = None
    single_bill: bool = False
    metadata: Mapping[str, str] = field(default_factory=dict)
    anchor: date | None = None
    period: Period | None = None
    price: Money | None = None
    terms: Terms | None = None
    migrated_cycles: int = 0
    set_aside: Money | None = None
    credits: Mapping[CreditKind, int] = field(default_factory=dict)
    sms_registered: bool = False
    earlier_payers: tuple[str, ...] = ()
    earning_terms: EarningTerms | None = None
    first_paid_on: date | None = None
    had_bonus: bool = False
    earlier_partners: tuple[str, ...] = ()
    moved_at: datetime | None = None
    migrated: bool = False
    charge: Charge | None = None
    charges: int = 0
    overdue: Overdue | None = None
    cancellation: Cancellation | None = None
    pending_change: PendingChange | None = None
    reminded_for: date | None = None
    card_notice_on: date | None = None
    waits_until: datetime | None = None
    touched_at: datetime | None = None
    disabled_message: str | None = None
    renewed_by: str | None = None
    expired_at: datetime | None = None
    expiry_reason: ExpiryReason | None = None
    archived_at: datetime | None = None
    provisioning: Provisioning | None = None
    last_request: LastRequest | None = None
    fingerprint: str | None = None
    revision: int = 0
    version: int = 0

    @property
    def pays_itself(self) -> bool:
        """Whether its client pays for it: then it is its own payer (§9)."""
        return self.payer == self.id

    @property
    def paid_by(self) -> Literal["partner", "client"]:
        """Who pays for it, in a word (§9)."""
        return "client" if self.pays_itself else "partner"

    @property
    def permission(self) -> str | None:
        """What lets its partner into it: the request that its client confirmed, or the move by which it came.

        None if the partner has managed it from the start. What was opened under another permission is over.
        """
        last = self.last_request
        if last is not None and last.status is ManagementRequestStatus.CONFIRMED:
            return last.id if self.relationship is Relationship.MANAGED else None
        return self.moved_at.isoformat() if self.moved_at else None

    @property
    def frequency(self) -> Frequency:
        """Monthly or annual; only a paid plan has one."""
        if self.plan.billing_frequency is None:
            raise ValueError(f"{self.id} has no paid plan")
        return self.plan.billing_frequency

    @property
    def priced_plan(self) -> Plan:
        """The plan that its program has a price for: the one it has or, after a move, the one that has to wait (§9)."""
        waiting = self.pending_change
        return waiting.plan if waiting is not None and waiting.required else self.plan

    @property
    def prepaid_set_aside(self) -> Money:
        return self.set_aside or Money.zero(self.currency)

    @property
    def runs(self) -> bool:
        """Whether it is active or disabled: it is charged, reminded and ended as time goes by."""
        return self.status in (Status.ACTIVE, Status.DISABLED)

    @property
    def has_ended(self) -> bool:
        """Whether it has ended; it may still be revived."""
        return self.status in (Status.EXPIRED, Status.ARCHIVED)

    @property
    def counts_as_active_paid(self) -> bool:
        """Whether the account counts toward the partner's discount: past due or not (§5)."""
        return self.kind is PlanKind.PAID and self.runs


def renews_at(account: Account) -> datetime | None:
    """The instant the next period is charged, or None when none will be (§4)."""
    renewing = account.status in (Status.ACTIVE, Status.DISABLED) and account.kind is PlanKind.PAID
    if not renewing or account.period is None:
        return None
    if account.cancellation and account.cancellation.effective_on <= account.period.end:
        return None
    return first_instant(account.period.end, account.time_zone)


def expires_at(account: Account) -> datetime | None:
    """The instant the account ends or ended, or None when it renews."""
    if account.expired_at is not None:
        return account.expired_at
    if account.period is None or renews_at(account) is not None:
        return None
    return first_instant(account.period.end, account.time_zone)


def updated_at(account: Account) -> datetime:
    """When the account last changed; for a renewal that is the instant its period began (§4)."""
    if account.anchor is None or account.period is None:
        return account.updated_at
    return max(account.updated_at, first_instant(account.period.start, account.time_zone))


def written_at(account: Account) -> datetime:
    """When the last stored change was made, whatever it changed."""
    return max(account.updated_at, account.touched_at or account.updated_at)


def local_today(account: Account, now: datetime) -> date:
    """The account's local date at ``now``."""
    return local_date(now, account.time_zone)


def login_url(account: Account, *, pattern: str) -> str:
    """Where the client logs in: at its own domain once that is verified, else by the installation's ``pattern``."""
    if account.custom_domain and account.domain_state is DomainState.VERIFIED:
        return f"https://{account.custom_domain}"
    return pattern.replace("{name}", account.name)
