"""Accounts as their partners, their clients and operators see them."""

from datetime import date, datetime
from typing import Literal, Self

from pydantic import Field

from chalicelib.api.base import (
    LocalDate,
    Money,
    Shape,
    Timestamp,
)
from chalicelib.api.bodies.catalog.plans import PeriodShape, PlanShape
from chalicelib.domain import money as amounts
from chalicelib.domain.accounts import accounts as domain
from chalicelib.domain.accounts import actions, provisioning
from chalicelib.domain.accounts.accounts import (
    Account,
    ManagementRequestStatus,
    PaymentState,
    ProvisioningStatus,
    Relationship,
    Status,
)
from chalicelib.domain.accounts.actions import Action, Caller
from chalicelib.services.accounts.accounts import login_url

AnyStatus = Literal[Status.ACTIVE, Status.DISABLED, Status.CANCELED, Status.EXPIRED, Status.ARCHIVED]
"""An account that waits for its first charge is not shown."""


class ClientShape(Shape):
    name: str
    email: str


class PendingChangeShape(Shape):
    """The plan the account has from its next renewal on; it can be withdrawn."""

    plan: PlanShape
    effective_on: LocalDate


class OpenRequestShape(Shape):
    """An open request for permission to manage an account."""

    id: str
    status: Literal[ManagementRequestStatus.OPEN]
    expires_at: Timestamp

    @classmethod
    def of(cls, account: Account, *, now: datetime) -> Self | None:
        last = account.last_request
        if last is None or not last.is_open(now):
            return None
        return cls(id=last.id, status=ManagementRequestStatus.OPEN, expires_at=last.expires_at)


class AccountShape(Shape):
    """An account."""

    id: str
    name: str
    status: AnyStatus
    payment_state: PaymentState
    relationship: Relationship
    payer: Literal["partner", "client"]
    client: ClientShape
    notification_email: str | None
    country: str | None
    data_region: str | None
    language: str | None
    time_zone: str | None
    custom_domain: str | None
    login_url: str | None
    plan: PlanShape
    price_per_cycle: Money | None
    billing_profile_id: str | None
    single_bill: bool | None
    current_period: PeriodShape | None
    renews_at: Timestamp | None
    expires_at: Timestamp | None
    pending_change: PendingChangeShape | None
    cancels_on: LocalDate | None = None
    disabled_message: str | None = None
    allowed_actions: list[Action]
    next_action: Action | None
    management_request: OpenRequestShape | None = Field(
        default=None, description="The open request for permission to manage it, if any."
    )
    earned: Money | None = Field(default=None, description="What the partner has earned with the account, if anything.")
    provisioning: ProvisioningStatus | None
    created_at: Timestamp | None
    updated_at: Timestamp | None
    metadata: dict[str, str] | None

    @classmethod
    def of(cls, account: Account, *, now: datetime, by: Caller = Caller.PARTNER) -> Self:
        """The account at ``now`` as its partner, or its client, sees it; its allowed actions depend on the time."""
        shape = cls.whole(account, now=now, by=by)
        if account.relationship is Relationship.REFERRED:
            shape = shape.model_copy(update={"notification_email": None})  # it has no other than its client's
        if account.pays_itself and by is Caller.PARTNER:
            shape = shape.model_copy(update={"billing_profile_id": None})  # the card is the client's own
        if account.relationship is Relationship.REFERRED and by is Caller.PARTNER:
            return shape.model_copy(update=dict.fromkeys(_HIDDEN_OF_REFERRED))
        return shape

    def with_earned(self, earned: amounts.Money | None) -> Self:
        """The same account with what its partner has earned with it."""
        if earned is None:
            return self
        return self.model_copy(update={"earned": Money(amount=earned.amount, currency=earned.currency)})

    @classmethod
    def whole(cls, account: Account, *, now: datetime, by: Caller = Caller.PARTNER) -> Self:
        """All there is of the account, as operators see it."""
        assert account.status is not Status.PENDING  # 404 to everyone
        return cls(
            id=account.id,
            name=account.name,
            status=account.status,
            payment_state=account.payment_state,
            relationship=account.relationship,
            payer=account.paid_by,
            client=ClientShape(name=account.client.name, email=account.client.email),
            notification_email=account.notification_email,
            country=account.country,
            data_region=account.data_region,
            language=account.language,
            time_zone=account.time_zone,
            custom_domain=account.custom_domain,
            login_url=login_url(account),
            plan=PlanShape.of(account.plan),
            price_per_cycle=Money(amount=account.price.amount, currency=account.price.currency)
            if account.price is not None
            else None,
            billing_profile_id=account.billing_profile_id,
            single_bill=account.single_bill,
            current_period=PeriodShape(start=account.period.start, end=account.period.end) if account.period else None,
            renews_at=domain.renews_at(account),
            expires_at=domain.expires_at(account),
            pending_change=_pending_change(account),
            cancels_on=_cancels_on(account),
            disabled_message=account.disabled_message,
            allowed_actions=list(actions.allowed_actions(account, now=now, by=by)),
            next_action=actions.next_action(account, now=now, by=by),
            management_request=OpenRequestShape.of(account, now=now),
            provisioning=provisioning.status_of(account),
            created_at=account.created_at,
            updated_at=domain.updated_at(account),
            metadata=dict(account.metadata),
        )


_HIDDEN_OF_REFERRED = frozenset(AccountShape.model_fields) - {
    "id",
    "name",
    "status",
    "payment_state",
    "relationship",
    "payer",
    "client",
    "plan",
    "allowed_actions",
    "management_request",
    "earned",
}
"""What the partner of a referred account sees as null (docs/rules.md §9)."""


class Credentials(Shape):
    """How the client logs in. The password is shown once and never again."""

    login_url: str
    username: Literal["admin"] = "admin"
    password: str | None


class AccountCreated(AccountShape):
    """A new account, with its credentials."""

    credentials: Credentials


class AccountName(Shape):
    """Whether an account can have the name, and free ones like it if not."""

    name: str
    available: bool
    suggestions: list[str]


def _pending_change(account: Account) -> PendingChangeShape | None:
    if account.pending_change is None or account.period is None:
        return None
    return PendingChangeShape(plan=PlanShape.of(account.pending_change.plan), effective_on=account.period.end)


def _cancels_on(account: Account) -> date | None:
    """The later date on which a running account ends, if one is set."""
    return account.cancellation.effective_on if account.runs and account.cancellation else None
