"""Permission to manage over HTTP: as partners ask for it, and as clients answer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field

from chalicelib.api.base import Body, Id, ListQuery, Shape, Timestamp
from chalicelib.api.bodies.accounts.accounts import OpenRequestShape
from chalicelib.domain.accounts.accounts import Account, ManagementRequestStatus, Relationship
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.transfers.management_requests import Decision, ManagementRequest
from chalicelib.services.transfers.consent_links import Asked

_AN_ANSWER: dict[str, Any] = {"decision": "confirm"}


class ManagementRequestShape(Shape):
    """A request for permission to manage an account."""

    id: str
    account_id: str
    status: ManagementRequestStatus
    requested_at: Timestamp
    expires_at: Timestamp = Field(description="When an unanswered request lapses.")

    @classmethod
    def of(cls, request: ManagementRequest, *, now: datetime) -> Self:
        return cls(
            id=request.id,
            account_id=request.account_id,
            status=request.status_at(now),
            requested_at=request.requested_at,
            expires_at=request.expires_at,
        )


class ListManagementRequests(ListQuery):
    """A partner's requests for permission to manage accounts, newest first."""

    account_id: Id | None = None
    status: ManagementRequestStatus | None = None


class AnswerManagementRequest(Body):
    """The client's answer to its partner's request."""

    model_config = ConfigDict(json_schema_extra={"examples": [_AN_ANSWER]})
    example: ClassVar[Mapping[str, Any]] = _AN_ANSWER

    decision: Decision


class NamedShape(Shape):
    """Somebody, or something, by name."""

    name: str


class AskedShape(Shape):
    """What the link in a client's mail is about. Whoever confirms gives the partner full access to the account."""

    account: NamedShape
    partner: NamedShape
    status: ManagementRequestStatus
    expires_at: Timestamp

    @classmethod
    def of(cls, asked: Asked, *, now: datetime) -> Self:
        return cls(
            account=NamedShape(name=asked.account.name),
            partner=NamedShape(name=asked.partner.name),
            status=asked.request.status_at(now),
            expires_at=asked.request.expires_at,
        )


class ManagementShape(Shape):
    """Who manages the client's account, or asks to."""

    relationship: Relationship
    payer: Literal["partner", "client"]
    partner: NamedShape | None = Field(description="The partner that manages the account or asks to.")
    management_request: OpenRequestShape | None = Field(description="The partner's open request, to be answered.")

    @classmethod
    def of(cls, account: Account, partner: Partner, *, now: datetime) -> Self:
        asked = OpenRequestShape.of(account, now=now)
        concerned = asked is not None or account.relationship is Relationship.MANAGED
        return cls(
            relationship=account.relationship,
            payer="client" if account.pays_itself else "partner",
            partner=NamedShape(name=partner.name) if concerned else None,
            management_request=asked,
        )
