"""An account's own domain over HTTP."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import ConfigDict, Field

from chalicelib.api.base import Body, Shape
from chalicelib.api.base import Domain as DomainName
from chalicelib.domain.setup.custom_domains import DomainState
from chalicelib.services.setup.custom_domains import Domain

_EXAMPLE: dict[str, Any] = {"domain": "mail.acme.example"}


class SetDomain(Body):
    """The client's domain, in any script."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    example: ClassVar[Mapping[str, Any]] = _EXAMPLE

    domain: DomainName


class DomainShape(Shape):
    """An account's domain, in ASCII. Once it is verified, the account's `login_url` uses it."""

    domain: str | None
    state: DomainState | None
    target: str = Field(description="Where the domain's CNAME record has to point.")
    found: list[str] | None = Field(
        default=None, description="Where its CNAME pointed, step by step; only in the answer to a verification."
    )

    @classmethod
    def of(cls, domain: Domain) -> Self:
        return cls(
            domain=domain.name,
            state=domain.state,
            target=domain.target,
            found=None if domain.found is None else list(domain.found),
        )
