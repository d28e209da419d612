"""A partner's accounts at a glance: how many have which status, and which of them need somebody (docs/rules.md §12).

All of it comes from one reading of the overview index, which has it within a moment.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from heapq import nsmallest

from chalicelib.domain.accounts.accounts import Account, PaymentState, Relationship, Status
from chalicelib.domain.accounts.overview import Filters, ends_at, ends_within
from chalicelib.domain.accounts.summaries import account_at
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass
from chalicelib.models.accounts import overview as overview_rows
from chalicelib.services.partners import partners
from chalicelib.services.partners.partners import Standing

MOST_NAMED = 5
"""The most accounts that are named for one reason; all are counted."""


@dataclass(frozen=True)
class Named:
    """How many accounts there are for a reason, and those of them that end first."""

    count: int
    first: list[Account]


@dataclass(frozen=True)
class Tally:
    """What a first page says of the accounts.

    ``permissions_asked`` counts open requests for permission to manage; ``saved`` is what the next discount tier would
    save in a month, None if that is not known.
    """

    statuses: Mapping[Status, int]
    past_due: Named
    trials_ending: Named
    permissions_asked: int
    saved: Money | None


def tally(standing: Standing, *, trials_from: date, trials_to: date, now: datetime) -> Tally:
    """The partner's accounts at ``now``; trials count that end between these local days, which are included.

    When a referred account ends its partner doesn't see, so such trials are not among them (§9).
    """
    week = Filters(expires_from=trials_from, expires_to=trials_to)
    statuses: Counter[Status] = Counter()
    past_due, trials, asked, every = [], [], 0, []
    for stored in overview_rows.summaries_of(standing.partner.id):
        account = stored.account
        every.append(account)
        statuses[account.status] += 1
        if account.payment_state is PaymentState.PAST_DUE:
            past_due.append(account_at(stored, now=now))
        if account.last_request is not None and account.last_request.is_open(now):
            asked += 1
        if account.kind is PlanKind.TRIAL and account.status is Status.ACTIVE:
            ending = account_at(stored, now=now)
            if ending.relationship is Relationship.MANAGED and ends_within(
                ends_at(ending), week, time_zone=ending.time_zone
            ):
                trials.append(ending)
    saved = partners.saved_by_next_tier(standing, among=every)
    return Tally(statuses, _named(past_due), _named(trials), asked, saved)


def _named(accounts: list[Account]) -> Named:
    return Named(len(accounts), nsmallest(MOST_NAMED, accounts, key=_end))


def _end(account: Account) -> tuple[float, str]:
    ends = ends_at(account)
    return ends.timestamp() if ends else float("inf"), account.name
