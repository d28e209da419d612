"""What accounts use of their limits, as the product's platform reports it (docs/rules.md §5).

Going over a limit is reported, and nothing is blocked. Where contacts are pooled, those of all running accounts are one
sum, compared with the contract; an account's own contact tier then does not count.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime

from chalicelib.domain.accounts.accounts import Account, Status
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.values import dataclass

CONTACTS = "active_contacts"
"""The name of the one value that every report has."""


@dataclass(frozen=True, slots=True)
class Measure:
    """What is used of a limit; None where nothing was reported, or no limit is known."""

    used: int | None
    limit: int | None

    @property
    def over(self) -> bool:
        return self.used is not None and self.limit is not None and self.used > self.limit


@dataclass(frozen=True, slots=True)
class Usage:
    """The newest report on an account; ``reported_at`` is the moment it is about, None before the first.

    ``tier`` is the contact tier it was compared with, None where contacts are pooled; ``counted`` is the account's part
    of its partner's sum, None where they are not. ``revision`` counts the published changes, ``version`` every write.
    """

    account_id: str
    partner_id: str
    reported_at: datetime | None = None
    updated_at: datetime | None = None
    active_contacts: int | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    tier: int | None = None
    counted: int | None = None
    revision: int = 0
    version: int = 0

    @property
    def contacts(self) -> Measure:
        return Measure(self.active_contacts, self.tier)


@dataclass(frozen=True, slots=True)
class ContactPool:
    """The active contacts of all accounts of a partner that run, and what its contract allows, None if not known."""

    partner_id: str
    contacts: int = 0
    contract: int | None = None
    updated_at: datetime | None = None
    revision: int = 0
    version: int = 0

    @property
    def measure(self) -> Measure:
        return Measure(self.contacts, self.contract)


def names(program: Program) -> list[str]:
    """What can be reported: active contacts, and every limit of any plan of the program.

    Not only the account's own limits: its plan may change between measuring and reporting.
    """
    return sorted({CONTACTS, *(name for offer in program.plans for name in offer.limits)})


def unknown(reported: Iterable[str], program: Program) -> list[str]:
    """The names in a report that are no limits of the program."""
    return [name for name in reported if name not in names(program)]


def reported(
    before: Usage,
    *,
    account: Account,
    program: Program,
    contacts: int,
    limits: Mapping[str, int],
    at: datetime,
    now: datetime,
) -> Usage:
    """The account's usage after a report of the moment ``at``; one older than the last changes nothing."""
    if before.reported_at is not None and at < before.reported_at:
        return before
    tier = None if program.contacts_pooled else account.plan.contacts
    after = replace(before, reported_at=at, active_contacts=contacts, limits=dict(limits), tier=tier)
    after = _counted(after, account, program=program)
    return before if after == before else replace(after, updated_at=now)


def recounted(before: Usage, *, account: Account, program: Program, now: datetime) -> Usage:
    """The usage after the account ended, was revived, or moved to a partner of ``program``."""
    if before.counted is None and before.partner_id == account.partner_id:
        return before
    after = _counted(before, account, program=program)
    return before if after == before else replace(after, updated_at=now)


def _counted(usage: Usage, account: Account, *, program: Program) -> Usage:
    """The usage with the account's part of its partner's sum, None where contacts are not pooled."""
    part = _part_of_the_pool(usage, account) if program.contacts_pooled else None
    return replace(usage, partner_id=account.partner_id, counted=part)


def pooled(pool: ContactPool, *, before: Usage, after: Usage, now: datetime) -> ContactPool:
    """A partner's sum after one account's part of it changed, or the account came or went."""
    change = _part_in(pool, after) - _part_in(pool, before)
    return replace(pool, contacts=pool.contacts + change, updated_at=now) if change else pool


def agreed(pool: ContactPool, *, contacts: int | None, now: datetime) -> ContactPool:
    """The pool under another contract."""
    return pool if contacts == pool.contract else replace(pool, contract=contacts, updated_at=now)


def crossed(before: Measure, after: Measure) -> bool:
    """Whether the limit was exceeded just now: reported once, until usage has been within the limit again."""
    return after.over and not before.over


def has_ended(status: str) -> bool:
    """Whether an account in that status counts for nothing. A canceled one can be used to the end of its period."""
    return status in (Status.EXPIRED, Status.ARCHIVED)


def _part_in(pool: ContactPool, usage: Usage) -> int:
    return (usage.counted or 0) if usage.partner_id == pool.partner_id else 0


def _part_of_the_pool(usage: Usage, account: Account) -> int:
    return 0 if has_ended(account.status) else usage.active_contacts or 0
