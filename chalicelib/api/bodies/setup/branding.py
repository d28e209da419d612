"""An account's branding over HTTP."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import ConfigDict, Field

from chalicelib.api.base import Body, Email, Legible, Shape, matching
from chalicelib.domain.domain_names import NAME
from chalicelib.domain.setup import branding as domain
from chalicelib.domain.setup.branding import PLAIN, Branding

_EXAMPLE: dict[str, Any] = {
    "product_name": "Bright Mail",
    "logo_url": "https://www.bright.example/logo.svg",
    "color": "#0b6e4f",
    "background_color": "#f4f7f5",
    "reply_to": "help@bright.example",
}
_LOGO = rf"https://{NAME}/[A-Za-z0-9._~!$&'()*+=:@%/?-]+"


Color = Annotated[
    str,
    Field(json_schema_extra={"pattern": f"^{domain.COLOR.pattern}$"}),
    matching(domain.COLOR.pattern, "must be a colour, such as #0b6e4f"),
]
LogoUrl = Annotated[
    str,
    Field(max_length=500, json_schema_extra={"format": "uri"}),
    matching(_LOGO, "must be the https address of an image, such as https://www.acme.example/logo.svg"),
]


class SetBranding(Body):
    """The whole branding: what is left out gets its default again."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    example: ClassVar[Mapping[str, Any]] = _EXAMPLE

    product_name: Annotated[str, Field(min_length=1, max_length=60), Legible] | None = None
    logo_url: LogoUrl | None = None
    color: Color = PLAIN.color
    background_color: Color = PLAIN.background_color
    reply_to: Email | None = None

    def wanted(self) -> Branding:
        return Branding(**self.model_dump())


class BrandingShape(Shape):
    """How pages and mails for an account's client look."""

    product_name: str | None
    logo_url: str | None
    color: str
    background_color: str
    reply_to: str | None

    @classmethod
    def of(cls, branding: Branding) -> Self:
        return cls.model_validate(branding)
