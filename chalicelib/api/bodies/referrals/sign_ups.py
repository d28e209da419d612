"""Sign-ups of clients over HTTP."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Self

from pydantic import ConfigDict, Field

from chalicelib.api.base import Body, CountryCode, ExpectedDue, Language, Shape, TimeZone
from chalicelib.api.bodies.accounts.requests import ClientBody
from chalicelib.api.bodies.catalog.plans import PlanBody
from chalicelib.api.bodies.clients.logins import SessionShape
from chalicelib.api.bodies.clients.self_service import ClientAccountShape
from chalicelib.api.bodies.partners.partners import PaymentMethod
from chalicelib.api.bodies.referrals.visits import Token, TypedPn
from chalicelib.domain.accounts.accounts import Client
from chalicelib.services.clients.sessions import Session
from chalicelib.services.referrals.sign_ups import SignUpRequest

_EXAMPLE: dict[str, Any] = {
    "program": "agency",
    "account": {
        "name": "acme",
        "client": {"name": "Acme Inc", "email": "owner@acme.example"},
        "country": "US",
        "language": "en",
        "time_zone": "America/Chicago",
        "plan": {"pricing_version": "V1", "product": "EM", "tier": "trial"},
    },
    "password": "correct horse battery",
}


class NewOwnAccount(Body):
    """The account that a client opens for itself."""

    name: Annotated[str, Field(max_length=200, description="3–63 of a–z, 0–9 and hyphen; where the client logs in.")]
    client: ClientBody
    country: CountryCode
    language: Language
    time_zone: TimeZone
    plan: PlanBody


class SignUp(Body):
    """A trial, for which no card is needed, or a plan, whose first period is charged to the card now."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    example: ClassVar[Mapping[str, Any]] = _EXAMPLE

    program: Annotated[str, Field(min_length=1, max_length=64)] | None = Field(
        default=None, description="For sign-ups that no partner brings. The partner's program decides otherwise."
    )
    attribution: Token | None = Field(
        default=None, description="The token of the client's first visit; if it has expired, it counts for nothing."
    )
    pn: TypedPn | None = Field(default=None, description="The name that the client typed, used without a valid token.")
    account: NewOwnAccount
    password: Annotated[str, Field(min_length=1, max_length=1000, description="At least 10 characters.")]
    payment_method: PaymentMethod | None = Field(
        default=None, description="The card processor's id of the card. With a trial it is kept, not charged."
    )
    billing_day: Annotated[int, Field(ge=1, le=31)] | None = None
    expect_due_today: ExpectedDue = None

    def wanted(self) -> SignUpRequest:
        account = self.account
        return SignUpRequest(
            name=account.name,
            client=Client(name=account.client.name, email=account.client.email),
            country=account.country,
            language=account.language,
            time_zone=account.time_zone,
            plan=account.plan.request(),
            password=self.password,
            payment_method=self.payment_method,
            billing_day=self.billing_day,
            expect_due_today=self.expect_due_today,
            program=self.program,
            attribution=self.attribution,
            pn=self.pn,
        )


class SignedUp(Shape):
    """The new account, and a session in it. A repeated answer has no token: log in."""

    account: ClientAccountShape
    session: SessionShape

    @classmethod
    def of(cls, session: Session, *, now: datetime) -> Self:
        return cls(
            account=ClientAccountShape.of(session.account, now=now),
            session=SessionShape.of(session),
        )
