"""Campaign templates over HTTP."""

from typing import Annotated, ClassVar, Self

from pydantic import Field

from chalicelib.api.base import Body, Legible, ListQuery, Shape, Timestamp
from chalicelib.domain.setup.templates import MOST_HTML_BYTES, Template

Name = Annotated[
    str, Field(min_length=1, max_length=100, description="Unique in the account, whatever the capitals."), Legible
]


class CreateTemplate(Body):
    """A new campaign template."""

    multiline: ClassVar[frozenset[str]] = frozenset({"html"})

    name: Name
    subject: Annotated[str, Field(max_length=200), Legible] = ""
    html: Annotated[str, Field(min_length=1, max_length=MOST_HTML_BYTES, description="At most 100,000 bytes of UTF-8.")]


class ImportTemplate(Body):
    """A link to another account's template; without a name it keeps its own."""

    link: Annotated[str, Field(min_length=1, max_length=500)]
    name: Name | None = None


class TemplateSummary(Shape):
    """A template without its content."""

    id: str
    account_id: str
    name: str
    subject: str
    created_at: Timestamp

    @classmethod
    def of(cls, template: Template) -> Self:
        return cls(
            id=template.id,
            account_id=template.owner,
            name=template.name,
            subject=template.subject,
            created_at=template.created_at,
        )


class TemplateShape(TemplateSummary):
    """A campaign template. It never changes."""

    html: str

    @classmethod
    def of(cls, template: Template) -> Self:
        return cls(**TemplateSummary.of(template).model_dump(), html=template.html)


class ShareLinkShape(Shape):
    """A link for accounts of the same partner. It is shown once: null in a repeated answer."""

    url: str | None
    expires_at: Timestamp


class ListTemplates(ListQuery):
    """The account's templates."""
