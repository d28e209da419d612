"""Choosing and ordering accounts for the overview (docs/rules.md §12)."""

import unicodedata
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache

from chalicelib.domain.accounts.accounts import Account, PaymentState, Relationship, Status, expires_at, renews_at
from chalicelib.domain.calendar import local_date
from chalicelib.domain.copies import replace
from chalicelib.domain.values import dataclass

Moment = date | datetime
"""A local date in the account's time zone, all of it, or an instant."""


class Sort(StrEnum):
    """What a list can be ordered by. ``expires_at`` is the end of the period for accounts that renew."""

    CREATED_AT = "created_at"
    NAME = "name"
    PLAN_SIZE = "plan_size"
    EXPIRES_AT = "expires_at"


@dataclass(frozen=True, slots=True)
class Filters:
    """Which accounts a list shows: those that match every filter. Of several values of one filter, one is enough.

    ``q`` is contained in the name, the client's name or email, or the custom domain; case does not matter. Bounds
    are inclusive.
    """

    status: tuple[Status, ...] = ()
    plan: tuple[str, ...] = ()
    q: str | None = None
    relationship: Relationship | None = None
    country: tuple[str, ...] = ()
    billing_profile_id: str | None = None
    add_on: tuple[str, ...] = ()
    single_bill: bool | None = None
    payment_state: PaymentState | None = None
    created_from: Moment | None = None
    created_to: Moment | None = None
    expires_from: Moment | None = None
    expires_to: Moment | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def choose(self) -> bool:
        """Whether they may leave accounts out."""
        return self != Filters()

    @property
    def searched(self) -> str | None:
        """``q`` as it is looked for."""
        return None if self.q is None else _folded(self.q)

    @property
    def bound_days(self) -> bool:
        """Whether they have bounds for the local day of creation."""
        bounds = (self.created_from, self.created_to)
        return any(bound is not None and not isinstance(bound, datetime) for bound in bounds)

    @property
    def bound_ends(self) -> bool:
        """Whether they have bounds for the ends of periods."""
        return self.expires_from is not None or self.expires_to is not None


def as_partner_sees(account: Account, *, time_zone: str) -> Account:
    """The account as its partner, in ``time_zone``, sees it. Of a referred one that is its name, client, status, plan
    and payment state: the rest is blank, so that no filter and no order tells anything about it (§9). Its day of
    creation is the partner's: by its own, the days at which a filter finds it would tell its time zone.
    """
    if account.relationship is not Relationship.REFERRED:
        return account
    return replace(
        account,
        notification_email="",
        country="",
        data_region="",
        language="",
        time_zone=time_zone,
        custom_domain=None,
        billing_profile_id=None,
        metadata={},
        anchor=None,
        period=None,
        price=None,
        cancellation=None,
        pending_change=None,
        disabled_message=None,
        expired_at=None,
        provisioning=None,
    )


Place = tuple[str | int, str, str]
"""The position of an account in an order: what it is ordered by, then its name and id, which are unique."""


def matches(account: Account, filters: Filters) -> bool:
    """Whether the account matches the filters, except those of metadata and of the end of its period."""
    plain = (
        (not filters.status or account.status in filters.status)
        and (not filters.plan or account.plan.tier in filters.plan)
        and (filters.relationship is None or filters.relationship is account.relationship)
        and (not filters.country or account.country in filters.country)
        and (filters.billing_profile_id is None or filters.billing_profile_id == account.billing_profile_id)
        and (not filters.add_on or any(add_on in account.plan.add_ons for add_on in filters.add_on))
        and (filters.single_bill is None or filters.single_bill is account.single_bill)
        and (filters.payment_state is None or filters.payment_state is account.payment_state)
    )
    if not plain or not _is_found(account, filters.q):
        return False
    first, last = filters.created_from, filters.created_to
    return (first is None and last is None) or _within(account.created_at, first, last, account.time_zone)


def has_metadata(account: Account, metadata: Mapping[str, str]) -> bool:
    """Whether the account's metadata has each of these keys with that very value."""
    return all(account.metadata.get(key) == value for key, value in metadata.items())


def ends_within(ends: datetime | None, filters: Filters, *, time_zone: str) -> bool:
    """Whether an account of this time zone, which ends then, does so within the bounds asked for; one that never ends
    does not."""
    return ends is not None and _within(ends, filters.expires_from, filters.expires_to, time_zone)


def ends_at(account: Account) -> datetime | None:
    """What ``expires_at`` sorts and filters by: when the account ends or ended, or its period if it renews."""
    return renews_at(account) or expires_at(account)


def place(account: Account, sort: Sort) -> Place:
    """The account's position. One that never ends comes after all that do."""
    match sort:
        case Sort.NAME:
            value: str | int = account.name
        case Sort.PLAN_SIZE:
            value = account.plan.contacts or 0
        case Sort.CREATED_AT:
            value = _sortable(account.created_at)
        case Sort.EXPIRES_AT:
            return place_by_end(account, ends_at(account))
    return value, account.name, account.id


def place_by_end(account: Account, ends: datetime | None) -> Place:
    """The position by ``expires_at`` of an account that ends then."""
    return _sortable(ends) if ends else "~", account.name, account.id


def _is_found(account: Account, q: str | None) -> bool:
    if q is None:
        return True
    searched = _folded(q)
    texts = (account.name, account.client.name, account.client.email, account.custom_domain or "")
    return any(searched in _folded(text) for text in texts)


def _folded(text: str) -> str:
    """The text for a search that ignores case and how accents are encoded."""
    return text.lower() if text.isascii() else unicodedata.normalize("NFC", text.casefold())


def _within(moment: datetime, first: Moment | None, last: Moment | None, time_zone: str) -> bool:
    def comparable(bound: Moment) -> Moment:
        return moment if isinstance(bound, datetime) else local_date(moment, time_zone)

    return (first is None or comparable(first) >= first) and (last is None or comparable(last) <= last)


@lru_cache(maxsize=4096)
def _sortable(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
