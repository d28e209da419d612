"""Saved views over HTTP."""

from typing import Annotated, Any, Self

from pydantic import Field

from chalicelib.api.base import Body, CommaSeparated, Legible, ListQuery, Shape, Timestamp
from chalicelib.api.bodies.accounts.overview import AccountFilters, Column, Order
from chalicelib.domain.accounts.overview import Sort
from chalicelib.domain.accounts.saved_views import View

Name = Annotated[str, Field(min_length=1, max_length=80, description="Unique, whatever the capitals."), Legible]
Columns = Annotated[CommaSeparated[Column], Field(max_length=100, description="Only these; an empty list means all.")]


class SavedFilters(AccountFilters, Body):
    """The filters of a list of accounts, by the same names."""


class CreateView(Body):
    """Filters, columns and an order, under a name."""

    name: Name
    filters: SavedFilters = Field(default_factory=SavedFilters)
    columns: Columns = Field(default=[])
    sort: Sort = Sort.CREATED_AT
    order: Order = "asc"

    def settings(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude={"name", "filters"}) | {"filters": _given(self.filters)}


class UpdateView(Body):
    """The fields to change; what is left out stays. Filters are replaced as a whole."""

    name: Name | None = None
    filters: SavedFilters | None = None
    columns: Columns | None = None
    sort: Sort | None = None
    order: Order | None = None

    def settings(self) -> dict[str, Any]:
        changed = self.model_dump(mode="json", exclude={"name", "filters"}, exclude_none=True)
        return changed | ({"filters": _given(self.filters)} if self.filters is not None else {})


class ViewShape(Shape):
    """A saved view. It belongs to the partner: all of its keys see it and may change it."""

    id: str
    name: str
    filters: dict[str, Any] = Field(description="As given, by the parameter names of a list.")
    columns: list[str] = Field(description="An empty list means all.")
    sort: Sort
    order: Order
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, view: View) -> Self:
        return cls(id=view.id, name=view.name, created_at=view.created_at, updated_at=view.updated_at, **view.settings)


class ListViews(ListQuery):
    """The partner's saved views."""


def _given(filters: SavedFilters) -> dict[str, Any]:
    return filters.model_dump(mode="json", exclude_defaults=True)
