"""Usage against limits: what the product's platform reports, and what partners see of it (docs/rules.md §5).

Where contacts are pooled, a partner's sum is one row, written in the same transaction as the report. So a report costs
the same for 10 accounts as for 10,000, and two reports at once both count.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TypeVar

from chalicelib.domain.accounts import usage as domain
from chalicelib.domain.accounts.accounts import Account, Relationship, Status, written_at
from chalicelib.domain.accounts.usage import ContactPool, Measure, Usage
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.refusals import Invalid, NotFound, Refusal
from chalicelib.domain.values import dataclass
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import usage as usage_rows
from chalicelib.models.changes import StreamedChange, status_changes
from chalicelib.models.transactions import Write, commit
from chalicelib.services.accounts import accounts
from chalicelib.services.partners import partners

_ATTEMPTS = 25
"""The platform reports on many accounts of one partner at a time, and their sum is one row."""

T = TypeVar("T")
_FAULTS_TOLD = 20


class NotPooled(Refusal):
    """The program holds each account's contacts against the account's own tier."""

    code = "contacts_not_pooled"
    title = "Contacts are not pooled in this program"


@dataclass(frozen=True)
class AccountUsage:
    """What an account uses and may use, under the plan it has now; ``pool`` where contacts are pooled."""

    account: Account
    usage: Usage
    pool: ContactPool | None

    @property
    def contacts(self) -> Measure:
        limit = self.account.plan.contacts if self.pool is None else None
        return Measure(self.usage.active_contacts, limit)

    @property
    def limits(self) -> dict[str, Measure]:
        limits = self.account.plan.limits
        return {name: Measure(self.usage.limits.get(name), limits[name]) for name in sorted(limits)}


def usage_of(*, partner_id: str, account_id: str) -> AccountUsage:
    """What a partner's account uses of its limits. Raises :class:`NotFound`."""
    account = accounts.get_managed(partner_id=partner_id, account_id=account_id)
    return _usage(account, _known(account), program=partners.program_of(partner_id=partner_id))


def pool_of(*, partner_id: str, program: Program) -> ContactPool | None:
    """The sum of a partner's contacts, or None where each account has its own limit."""
    return usage_rows.pool_of(partner_id) if program.contacts_pooled else None


def report(
    *, account_id: str, contacts: int, limits: Mapping[str, int], at: datetime | None, now: datetime, actor: str
) -> AccountUsage:
    """Replace an account's usage by the platform's report of what it used ``at`` a moment, now if None.

    A report that is older than the last one, or the same again, changes nothing. Raises :class:`NotFound`,
    and :class:`Invalid` naming what can be reported.
    """

    def attempt() -> AccountUsage:
        account = account_rows.get(account_id)
        if account is None or account.status is Status.PENDING:
            raise NotFound.of("account", account_id)
        program = partners.program_of(partner_id=account.partner_id)
        _refuse_unless_possible(limits, at=at, program=program, now=now)
        before = _known(account)
        after = domain.reported(
            before, account=account, program=program, contacts=contacts, limits=limits, at=at or now, now=now
        )
        pool = _write(before, after, account=account, now=now, actor=actor)
        return _usage(account, after, program=program, pool=pool)

    return _retry(attempt, usage_of=account_id)


def recount(changes: Iterable[StreamedChange]) -> None:
    """Take accounts that ended out of their partner's sum, and put those that came back in again; an account that moved
    is in its new partner's.

    What counts is the account's present status and partner, so a change that is delivered twice or late does no harm.
    """
    actors = {
        change.account_id: change.actor
        for change in status_changes(changes)
        if change.moved or domain.has_ended(change.before) != domain.has_ended(change.after)
    }
    for account_id, actor in actors.items():
        _recount(account_id, actor=actor)


def refuse_unless_pooled(program: Program) -> None:
    """Raise :class:`NotPooled` in a program whose accounts have contact tiers, and prices, of their own."""
    if not program.contacts_pooled:
        raise NotPooled(
            f"In the program {program.name} each account has its own contact tier: change its plan instead."
        )


def agree_on_contacts(
    pool: ContactPool, *, contacts: int | None, now: datetime, actor: str
) -> tuple[ContactPool, list[Write]]:
    """The sum of a partner's contacts under a contract that allows so many, None for any number, and its writes."""
    after = domain.agreed(pool, contacts=contacts, now=now)
    return after, _pool_writes(pool, after, actor=actor)


def _recount(account_id: str, *, actor: str) -> None:
    def attempt() -> None:
        before, account = usage_rows.get(account_id), account_rows.get(account_id)
        if before is not None and account is not None:
            changed_at = written_at(account)
            program = partners.program_of(partner_id=account.partner_id)
            after = domain.recounted(before, account=account, program=program, now=changed_at)
            _write(before, after, account=account, now=changed_at, actor=actor)

    _retry(attempt, usage_of=account_id)


def _write(before: Usage, after: Usage, *, account: Account, now: datetime, actor: str) -> ContactPool | None:
    """Write what changed; the sum of its partner with it, if the account's part of it changed, and that of the partner
    which it came from. The sum that is the partner's now.

    The account must not end, come back or move meanwhile: its part depends on that.
    """
    if after == before:
        return None
    shown = account.relationship is Relationship.MANAGED  # the partner of a referred account does not see its usage
    event = "account.contacts_over" if shown and domain.crossed(before.contacts, after.contacts) else None
    writes: list[Write] = [usage_rows.put(after, actor=actor, event=event)]
    pools: dict[str, ContactPool] = {}
    for partner_id in sorted({each.partner_id for each in (before, after) if each.counted is not None}):
        was = usage_rows.pool_of(partner_id)
        pools[partner_id] = domain.pooled(was, before=before, after=after, now=now)
        writes += _pool_writes(was, pools[partner_id], actor=actor)
    if pools:
        writes.append(account_rows.still(account))
    commit(writes)
    return pools.get(after.partner_id)


def _pool_writes(before: ContactPool, after: ContactPool, *, actor: str) -> list[Write]:
    if after == before:
        return []
    event = "partner.contacts_over" if domain.crossed(before.measure, after.measure) else None
    return [usage_rows.put_pool(after, actor=actor, event=event)]


def _usage(account: Account, usage: Usage, *, program: Program, pool: ContactPool | None = None) -> AccountUsage:
    return AccountUsage(account, usage, pool or pool_of(partner_id=account.partner_id, program=program))


def _known(account: Account) -> Usage:
    return usage_rows.get(account.id) or Usage(account.id, account.partner_id)


def _refuse_unless_possible(limits: Mapping[str, int], *, at: datetime | None, program: Program, now: datetime) -> None:
    known = ", ".join(domain.names(program))
    unknown = domain.unknown(limits, program)[:_FAULTS_TOLD]
    errors = [(name, f"is no limit of this program; known are {known}") for name in unknown]
    if at is not None and at > now:
        errors.append(("at", "must not be in the future; leave it out for now"))
    if errors:
        raise Invalid(errors=errors)


def _retry(attempt: Callable[[], T], *, usage_of: str) -> T:
    busy = f"Others kept changing the usage of {usage_of}. Try again in a moment."
    return transactions.retry(attempt, busy=busy, attempts=_ATTEMPTS)
