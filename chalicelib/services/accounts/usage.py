"""Usage against limits: what the product's platform reports, and what partners see of it (docs/rules.md §5).

Where contacts are pooled, a partner's sum is one row, changed in the transaction of the report that changes it; so it
costs the same for 10 accounts as for 10,000, and two reports at once both count.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib.config import settings
from chalicelib.domain.accounts import usage as domain
from chalicelib.domain.accounts.accounts import Account, Status, written_at
from chalicelib.domain.accounts.usage import ContactPool, Measure, Usage
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.refusals import Invalid, NotFound, Refusal
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import usage as usage_rows
from chalicelib.models.transactions import Busy, Write, WriteConflict, commit
from chalicelib.services.accounts import accounts
from chalicelib.services.partners import partners

_TRIES = 25
"""The platform reports on many accounts of one partner at a time, and their sum is one row."""

_FAULTS_TOLD = 20


class NotPooled(Refusal):
    """The program holds each account's contacts against the account's own tier."""

    code = "contacts_not_pooled"
    title = "Contacts are not pooled in this program"


@dataclass(frozen=True)
class Standing:
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


def usage_of(*, partner_id: str, account_id: str) -> Standing:
    """What a partner's account uses of its limits. Raises :class:`NotFound`."""
    account = accounts.get_account(partner_id=partner_id, account_id=account_id)
    return _standing(account, _known(account), program=partners.program_of(partner_id=partner_id))


def pool_of(*, partner_id: str, program: Program) -> ContactPool | None:
    """The sum of a partner's contacts, or None where each account has its own limit."""
    return usage_rows.pool_of(partner_id) if program.contacts_pooled else None


def report(
    *, account_id: str, contacts: int, limits: Mapping[str, int], at: datetime | None, now: datetime, actor: str
) -> Standing:
    """Take the platform's report of what an account used ``at`` a moment, now if None, in place of the one before.

    One older than what is known, or the same again, changes nothing. Raises :class:`NotFound`, and :class:`Invalid`
    naming what can be reported.
    """
    for _ in range(_TRIES):
        account = account_rows.get(account_id)
        if account is None or account.status is Status.PENDING:
            raise NotFound.of("account", account_id)
        program = partners.program_of(partner_id=account.partner_id)
        _refuse_unless_possible(limits, at=at, program=program, now=now)
        before = _known(account)
        after = domain.reported(
            before, account=account, program=program, contacts=contacts, limits=limits, at=at or now, now=now
        )
        try:
            pool = _write(before, after, account=account, now=now, actor=actor)
        except WriteConflict:
            continue
        return _standing(account, after, program=program, pool=pool)
    raise _busy(account_id)


def recount(changes: Iterable[tuple[str, Any, Any]]) -> None:
    """Take accounts that ended out of their partner's sum, and put those that came back in again.

    ``changes`` are (table, old image, new image), as the stream gives them. What counts is how the account is by now,
    so a change that is told twice, or late, does no harm.
    """
    ours = [(old, new) for table, old, new in changes if table == settings().accounts_table]
    actors = {new["id"]["S"]: new["actor"]["S"] for old, new in ours if _ended_or_came_back(old, new)}
    for account_id, actor in actors.items():
        _recount(account_id, actor=actor)


def agree(*, partner_id: str, contacts: int | None, now: datetime, actor: str) -> ContactPool:
    """Note how many contacts a partner's contract allows over all its accounts; None: it does not say.

    Raises :class:`NotFound`, :class:`NotPooled`.
    """
    program = partners.program_of(partner_id=partner_id)
    if not program.contacts_pooled:
        raise NotPooled(
            f"In the program {program.name} each account has its own contact tier: change its plan instead."
        )
    for _ in range(_TRIES):
        before = usage_rows.pool_of(partner_id)
        after = domain.agreed(before, contacts=contacts, now=now)
        if after == before:
            return before
        try:
            commit(_pool_writes(before, after, actor=actor))
        except WriteConflict:
            continue
        return after
    raise _busy(partner_id)


def _recount(account_id: str, *, actor: str) -> None:
    for _ in range(_TRIES):
        before, account = usage_rows.get(account_id), account_rows.get(account_id)
        if before is None or account is None:
            return
        changed_at = written_at(account)
        after = domain.recounted(before, account=account, now=changed_at)
        try:
            _write(before, after, account=account, now=changed_at, actor=actor)
        except WriteConflict:
            continue
        return
    raise _busy(account_id)


def _write(before: Usage, after: Usage, *, account: Account, now: datetime, actor: str) -> ContactPool | None:
    """Write what changed; the partner's sum with it, if the account's part of it changed.

    The account must not end or come back meanwhile: its part depends on that.
    """
    if after == before:
        return None
    event = "account.contacts_over" if domain.crossed(before.contacts, after.contacts) else None
    writes: list[Write] = [usage_rows.put(after, actor=actor, event=event)]
    pool = None
    if after.counted is not None:
        writes.append(account_rows.still(account))
        was = usage_rows.pool_of(after.partner_id)
        pool = domain.pooled(was, before=before, after=after, now=now)
        writes += _pool_writes(was, pool, actor=actor)
    commit(writes)
    return pool


def _pool_writes(before: ContactPool, after: ContactPool, *, actor: str) -> list[Write]:
    if after == before:
        return []
    event = "partner.contacts_over" if domain.crossed(before.measure, after.measure) else None
    return [usage_rows.put_pool(after, actor=actor, event=event)]


def _standing(account: Account, usage: Usage, *, program: Program, pool: ContactPool | None = None) -> Standing:
    return Standing(account, usage, pool or pool_of(partner_id=account.partner_id, program=program))


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


def _ended_or_came_back(old: Any, new: Any) -> bool:
    if old is None or new is None or "status" not in old or "status" not in new:
        return False
    return domain.has_ended(old["status"]["S"]) != domain.has_ended(new["status"]["S"])


def _busy(what: str) -> Busy:
    return Busy(f"Others kept changing the usage of {what}. Try again in a moment.", retry_after=1)
