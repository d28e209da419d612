"""Visits over HTTP."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import ConfigDict, Field

from chalicelib.api.base import Body, Shape, Timestamp
from chalicelib.services.referrals.attribution import Attribution

_EXAMPLE: dict[str, Any] = {"pn": "bright-agency"}

TypedPn = Annotated[
    str, Field(min_length=1, max_length=200, description="The name of a partner's invite link, as in `?pn=`.")
]
Token = Annotated[str, Field(min_length=1, max_length=2000, description="The signed token of an earlier visit.")]


class RecordVisit(Body):
    """A visit of a page with `?pn=<partner>`, and the token that the page has kept of an earlier one."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    example: ClassVar[Mapping[str, Any]] = _EXAMPLE

    pn: TypedPn
    attribution: Token | None = None


class PartnerName(Shape):
    name: str


class AttributionShape(Shape):
    """To whom a sign-up will be credited: keep the token, first-party, and send it with the sign-up."""

    attribution: str
    partner: PartnerName
    expires_at: Timestamp

    @classmethod
    def of(cls, attribution: Attribution) -> Self:
        return cls(
            attribution=attribution.token,
            partner=PartnerName(name=attribution.invitation.partner.name),
            expires_at=attribution.expires_at,
        )
