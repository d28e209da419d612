"""Snapshots over HTTP."""

from typing import Annotated, Self

from pydantic import Field

from chalicelib.api.base import Body, Id, Legible, ListQuery, Shape, Timestamp
from chalicelib.api.bodies.catalog.plans import PlanShape
from chalicelib.api.bodies.setup.branding import BrandingShape
from chalicelib.domain.accounts.snapshots import Snapshot


class CreateSnapshot(Body):
    """An account, and the name to save its set-up under."""

    account_id: Id
    name: Annotated[str, Field(min_length=1, max_length=80, description="Unique, whatever the capitals."), Legible]


class SnapshotShape(Shape):
    """A named copy of an account's set-up; `account_id` is where it came from."""

    id: str
    name: str
    account_id: str
    plan: PlanShape
    branding: BrandingShape
    templates: list[str] = Field(description="Their names.")
    created_at: Timestamp

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        return cls(
            id=snapshot.id,
            name=snapshot.name,
            account_id=snapshot.account_id,
            plan=PlanShape.of(snapshot.plan),
            branding=BrandingShape.of(snapshot.branding),
            templates=sorted(snapshot.templates.values()),
            created_at=snapshot.created_at,
        )


class ListSnapshots(ListQuery):
    """The partner's snapshots."""
