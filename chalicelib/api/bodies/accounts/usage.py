"""Usage against limits over HTTP."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import ConfigDict, Field

from chalicelib.api.base import Body, Shape, Timestamp
from chalicelib.domain.accounts.usage import Measure
from chalicelib.domain.wallet.journal import CreditKind
from chalicelib.services.accounts.usage import AccountUsage

Count = Annotated[int, Field(ge=0, le=999_999_999_999)]
_A_REPORT: dict[str, Any] = {"active_contacts": 840, "email_sends": 6200}


class ReportUsage(Body):
    """What an account uses, replacing the last report; beside `active_contacts`, any limits by name."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [_A_REPORT]})
    example: ClassVar[Mapping[str, Any]] = _A_REPORT
    __pydantic_extra__: dict[str, Count] = Field(init=False)

    active_contacts: Count
    at: Timestamp | None = Field(default=None, description="The time of the numbers; now, if left out.")

    @property
    def limits(self) -> dict[str, int]:
        return dict(self.__pydantic_extra__)


class ContactsShape(Shape):
    """Active contacts against their limit."""

    used: int | None = Field(description="Null before the first report.")
    limit: int | None = Field(description="Null where there is none, or none is known.")
    over: bool

    @classmethod
    def of(cls, measure: Measure) -> Self:
        return cls(used=measure.used, limit=measure.limit, over=measure.over)


class LimitUsageShape(ContactsShape):
    """A limit of the account's plan, and what is used of it."""

    name: str


class AccountCredits(Shape):
    """Credits that are allocated to the account and not used yet."""

    kind: CreditKind
    left: int


class UsageShape(Shape):
    """What an account uses of its limits. Going over a limit is an event; nothing is blocked."""

    account_id: str
    reported_at: Timestamp | None = Field(description="The time of the numbers; null before the first report.")
    contacts: ContactsShape = Field(description="Without a limit where contacts are pooled.")
    limits: list[LimitUsageShape]
    pooled: ContactsShape | None = Field(
        description="The contacts of all the partner's accounts against its contract, where the program pools them."
    )
    credits: list[AccountCredits] = Field(description="Of each kind it ever had.")

    @classmethod
    def of(cls, found: AccountUsage) -> Self:
        return cls(
            account_id=found.account.id,
            reported_at=found.usage.reported_at,
            contacts=ContactsShape.of(found.contacts),
            limits=[
                LimitUsageShape(name=name, used=measure.used, limit=measure.limit, over=measure.over)
                for name, measure in found.limits.items()
            ],
            credits=[AccountCredits(kind=kind, left=left) for kind, left in sorted(found.account.credits.items())],
            pooled=ContactsShape.of(found.pool.measure) if found.pool else None,
        )
