"""The account overview over HTTP: which accounts, in which order, with which fields."""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from chalicelib import programs
from chalicelib.api.base import CommaSeparated, CountryCode, Id, ListQuery, Metadata, Moment, Shape, not_before
from chalicelib.api.bodies.accounts.accounts import AccountShape, AnyStatus
from chalicelib.api.validation_errors import described, not_among
from chalicelib.domain.accounts.accounts import PaymentState, Relationship
from chalicelib.domain.accounts.overview import Filters, Sort
from chalicelib.domain.refusals import Invalid
from chalicelib.services.accounts.overview import Question

COLUMNS = tuple(AccountShape.model_fields)


def _one_of(known: Callable[[], Iterable[str]]) -> AfterValidator:
    def check(text: str) -> str:
        if text not in known():
            raise ValueError(not_among(known(), given=text))
        return text

    return AfterValidator(check)


class AccountColumns(Shape):
    """The fields of an account that `columns` asked for."""

    model_config = ConfigDict(extra="allow")


Text = Annotated[str, Field(max_length=64)]
Tier = Annotated[Text, _one_of(programs.tiers)]
AddOn = Annotated[Text, _one_of(programs.add_ons)]
Column = Annotated[Text, _one_of(lambda: COLUMNS)]
Order = Literal["asc", "desc"]
_DAYS = "Included; a date is a day in the account's time zone, for a referred account in the partner's."


class AccountFilters(BaseModel):
    """The filters of a list of accounts; all of them must match."""

    status: CommaSeparated[AnyStatus] = Field(default=[], max_length=20)
    plan: CommaSeparated[Tier] = Field(default=[], max_length=20, description="A tier; `trial`, `sandbox`.")
    q: str | None = Field(
        default=None,
        max_length=200,
        description="Contained in name, client's name or email, or custom domain, in any capitals.",
    )
    relationship: Relationship | None = None
    country: CommaSeparated[CountryCode] = Field(default=[], max_length=20)
    billing_profile_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    add_on: CommaSeparated[AddOn] = Field(default=[], max_length=20)
    single_bill: bool | None = None
    payment_state: PaymentState | None = None
    created_from: Moment | None = Field(default=None, description=_DAYS)
    created_to: Annotated[Moment | None, not_before("created_from")] = Field(default=None, description=_DAYS)
    expires_from: Moment | None = Field(
        default=None, description=f"By the end of the period for accounts that renew. {_DAYS}"
    )
    expires_to: Annotated[Moment | None, not_before("expires_from")] = Field(default=None, description=_DAYS)
    metadata: Metadata = Field(default={}, description="`metadata.<key>=<value>`: has the key with exactly this value.")

    def filters(self) -> Filters:
        return Filters(
            status=tuple(self.status),
            plan=tuple(self.plan),
            q=self.q or None,
            relationship=self.relationship,
            country=tuple(self.country),
            billing_profile_id=self.billing_profile_id,
            add_on=tuple(self.add_on),
            single_bill=self.single_bill,
            payment_state=self.payment_state,
            created_from=self.created_from,
            created_to=self.created_to,
            expires_from=self.expires_from,
            expires_to=self.expires_to,
            metadata=dict(self.metadata),
        )


class ListAnyAccounts(ListQuery):
    """The accounts of one partner, by creation."""

    partner_id: Annotated[str, Field(min_length=1, max_length=64, description="Only those of this partner.")]


class ListAccounts(AccountFilters, ListQuery):
    """Which accounts, in which order, with which fields."""

    sort: Sort = Sort.CREATED_AT
    order: Order = "asc"
    columns: CommaSeparated[Column] = Field(
        default=[], max_length=100, description="Only these fields of each account, in this order."
    )
    view: Id | None = Field(default=None, description="A saved view; other parameters given here take precedence.")

    def with_view(self, settings: Mapping[str, Any]) -> Self:
        """This query on top of a saved view's settings. Raises :class:`Invalid` for values no longer offered."""
        saved = {**settings, **settings["filters"]}
        del saved["filters"]
        given = self.model_dump(include=self.model_fields_set)
        metadata = {**saved.get("metadata", {}), **self.metadata}
        try:
            return type(self).model_validate({**saved, **given, "metadata": metadata})
        except ValidationError as error:
            raise Invalid(
                errors=[
                    (fault.field, fault.message) for fault in described(error, model=type(self), given=saved | given)
                ]
            ) from error

    def question(self) -> Question:
        return Question(filters=self.filters(), sort=self.sort, descending=self.order == "desc")
