"""Transfers over HTTP."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import ConfigDict, Field

from chalicelib.api.base import Body, Email, Id, Legible, ListQuery, Money, Query, Shape, Timestamp
from chalicelib.api.bodies.accounts.accounts import AnyStatus
from chalicelib.api.bodies.catalog.plans import PlanBody, PlanShape
from chalicelib.domain.accounts.accounts import Relationship
from chalicelib.domain.transfers import transfers as domain
from chalicelib.domain.transfers.management_requests import Decision
from chalicelib.domain.transfers.transfers import Direction, Transfer, TransferStatus
from chalicelib.services.transfers.moves import Planned
from chalicelib.services.transfers.owners import Asked
from chalicelib.services.transfers.requests import TransferRequest

MOST_AT_ONCE = 100
_IN: dict[str, Any] = {
    "direction": "in",
    "account": "acme",
    "owner_email": "owner@acme.example",
    "relationship": "managed",
    "billing_profile_id": "bp_01ARZ3NDEKTSV4RRFFQ69G5FAV",
}


class TransferBody(Body):
    """An account that is to move. Into your hands: `account`, `owner_email`, `relationship` and who pays for it. Out of
    them: `account_id`, `client_email` and, where your program has no prices, a `plan` of the one that takes it over.
    """

    direction: Annotated[Direction, Field(strict=False)] | None = None
    account: (
        Annotated[str, Field(min_length=1, max_length=200, description="The name its client logs in at.")] | None
    ) = None
    owner_email: Email | None = None
    relationship: Annotated[Relationship, Field(strict=False)] | None = None
    billing_profile_id: Id | None = None
    single_bill: bool = False
    account_id: Id | None = None
    client_email: Email | None = None
    plan: PlanBody | None = None

    def wanted(self) -> TransferRequest:
        return TransferRequest(
            direction=self.direction,
            account=self.account,
            owner_email=self.owner_email,
            relationship=self.relationship,
            billing_profile_id=self.billing_profile_id,
            single_bill=self.single_bill,
            account_id=self.account_id,
            client_email=self.client_email,
            plan=self.plan.request() if self.plan else None,
        )


class FileTransfers(TransferBody):
    """One transfer, or up to 100 of them as `transfers`, each with the fields of one."""

    model_config = ConfigDict(json_schema_extra={"examples": [_IN]})
    example: ClassVar[Mapping[str, Any]] = _IN

    transfers: (
        Annotated[
            list[dict[str, Any]],
            Field(
                min_length=1,
                max_length=MOST_AT_ONCE,
                description="Each is filed or refused by itself, and has a result of its own.",
            ),
        ]
        | None
    ) = None


class GivePlan(Body):
    """The plan that the account is to have from its next renewal on, in the program it moves into."""

    plan: PlanBody


class PreviewMove(Query):
    """Whether only to show what would change."""

    preview: bool = Field(default=False, description="`true`: answers with what would change, and changes nothing.")


class ListTransfers(ListQuery):
    """A partner's transfers, newest first."""

    status: TransferStatus | None = None
    direction: Direction | None = None


class RejectTransfer(Body):
    """Why an account does not move; the partner reads it."""

    multiline: ClassVar[frozenset[str]] = frozenset({"reason"})

    reason: Annotated[str, Field(min_length=1, max_length=1000), Legible]


class AnswerTransfer(Body):
    """The owner's one answer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"decision": "confirm"}]})
    example: ClassVar[Mapping[str, Any]] = {"decision": "confirm"}

    decision: Annotated[Decision, Field(strict=False)]


class TransferShape(Shape):
    """A request to move an account. What it says does not depend on whether there is such an account, until the owner
    has agreed.
    """

    id: str
    direction: Direction
    status: TransferStatus
    account: str | None = Field(description="The account's name.")
    account_id: str | None = Field(description="Of an account that moves in: null until its owner has agreed.")
    owner_email: str | None
    client_email: str | None
    relationship: Relationship | None
    billing_profile_id: str | None
    single_bill: bool
    plan: PlanShape | None
    needs: list[Literal["plan"]] = Field(description="What it still needs of you before an operator can approve it.")
    reason: str | None = Field(description="Why it was rejected.")
    expires_at: Timestamp = Field(description="When it lapses unless it is answered.")
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, transfer: Transfer, *, needs: list[str], now: datetime) -> Self:
        return cls(**_shown(transfer, needs, now))


class AnyTransferShape(TransferShape):
    """A transfer as operators see it."""

    partner_id: str
    from_partner_id: str | None = Field(description="Whose the account was when its owner agreed.")

    @classmethod
    def of(cls, transfer: Transfer, *, needs: list[str], now: datetime) -> Self:
        shown = _shown(transfer, needs, now)
        return cls(**shown, partner_id=transfer.partner_id, from_partner_id=transfer.from_partner_id)


def _shown(transfer: Transfer, needs: list[str], now: datetime) -> dict[str, Any]:
    moves_in = transfer.direction is Direction.IN
    return {
        "id": transfer.id,
        "direction": transfer.direction,
        "status": domain.status_at(transfer, now),
        "account": transfer.account_name,
        "account_id": transfer.account_id,
        "owner_email": transfer.email if moves_in else None,
        "client_email": None if moves_in else transfer.email,
        "relationship": transfer.relationship,
        "billing_profile_id": transfer.billing_profile_id,
        "single_bill": transfer.single_bill,
        "plan": PlanShape.of(transfer.plan) if transfer.plan else None,
        "needs": needs,
        "reason": transfer.reason,
        "expires_at": transfer.expires_at,
        "created_at": transfer.created_at,
        "updated_at": transfer.updated_at,
    }


class TransferResult(Shape):
    """What became of one of several: the transfer, or the problem that a request of its own would have got."""

    status: int
    transfer: TransferShape | None = None
    error: dict[str, Any] | None = None


class TransferResultsShape(Shape):
    """A result for each transfer, in the order they were sent."""

    results: list[TransferResult]


class HolderShape(Shape):
    """A partner, or the house."""

    id: str
    name: str
    program: str


class NextPeriodShape(Shape):
    """The account's next period."""

    at: Timestamp
    plan: PlanShape
    price: Money | None = Field(description="In all, at today's discounts; null where the plan has no price.")


class MoveShape(Shape):
    """What a move would come to now. Until the next period everything paid for stays as it is."""

    account_id: str
    account: str
    status: AnyStatus = Field(description="Afterwards.")
    moves_from: HolderShape
    moves_to: HolderShape
    relationship: Relationship
    payer: Literal["partner", "client"]
    price_per_cycle: Money | None = Field(description="What the running period costs.")
    next_period: NextPeriodShape | None
    ends: list[str] = Field(description="What ends with the move.")

    @classmethod
    def of(cls, planned: Planned) -> Self:
        before, after = planned.account, planned.after
        return cls(
            account_id=before.id,
            account=before.name,
            status=cast(AnyStatus, after.status),
            moves_from=HolderShape.model_validate(planned.from_partner),
            moves_to=HolderShape.model_validate(planned.to.partner),
            relationship=after.relationship,
            payer=after.paid_by,
            price_per_cycle=Money.model_validate(before.price) if before.price else None,
            next_period=_next_period(planned),
            ends=list(planned.ends),
        )


def _next_period(planned: Planned) -> NextPeriodShape | None:
    if planned.renews_at is None:
        return None
    price = planned.next_price
    return NextPeriodShape(
        at=planned.renews_at,
        plan=PlanShape.of(planned.next_plan),
        price=Money(amount=price.amount, currency=price.currency) if price else None,
    )


class MoveAskedShape(Shape):
    """What the owner of an account is asked: who wants to take it over, and on which terms."""

    account: str
    partner: str = Field(description="Who asks.")
    relationship: Relationship
    payer: Literal["partner", "client"] = Field(description="Who pays from then on.")
    status: TransferStatus
    expires_at: Timestamp
    next_period: NextPeriodShape | None = Field(
        description="For a client who is to pay; null if there is none, or its plan still has to be chosen."
    )
    hindrance: str | None = Field(description="Why the account cannot be moved at the moment; it may pass.")

    @classmethod
    def of(cls, asked: Asked) -> Self:
        transfer, planned = asked.transfer, asked.planned
        assert transfer.relationship is not None
        return cls(
            account=asked.account.name,
            partner=asked.partner.name,
            relationship=transfer.relationship,
            payer="client" if transfer.client_will_pay else "partner",
            status=asked.status,
            expires_at=transfer.expires_at,
            next_period=_next_period(planned) if planned and transfer.client_will_pay else None,
            hindrance=asked.hindrance.detail if asked.hindrance else None,
        )


class AnsweredShape(Shape):
    """What became of the request."""

    status: TransferStatus
