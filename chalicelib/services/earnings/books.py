"""A partner's earnings ledger while something is posted to it: what was read of it, and what is to be written."""

from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from datetime import date, datetime

from chalicelib.domain.calendar import local_date
from chalicelib.domain.earnings import balances, payout_runs
from chalicelib.domain.earnings import postings as domain
from chalicelib.domain.earnings.account_earnings import AccountEarnings
from chalicelib.domain.earnings.balances import EarningBalance
from chalicelib.domain.earnings.lines import EarningLine, LineKind
from chalicelib.domain.earnings.postings import Posting
from chalicelib.domain.money import Money
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.values import dataclass
from chalicelib.models.earnings import balances as balance_rows
from chalicelib.models.earnings import lines as line_rows
from chalicelib.models.earnings import payout_runs as run_rows
from chalicelib.models.earnings.payout_runs import PartnerAlarm
from chalicelib.models.transactions import MAX_ITEMS, Write, commit
from chalicelib.programs import program as load_program

_ROOM = MAX_ITEMS - 1  # the balance is written with every line
MOST_AT_ONCE = _ROOM
"""How many writes go with the balance into one transaction."""


@dataclass
class Books:
    """What was read of a partner's earnings, and the writes collected since: one transaction takes a hundred.

    ``accounts`` are what was earned with them, ``lines`` whatever lines were read, by their ids.
    """

    partner: Partner
    now: datetime
    actor: str
    balance: EarningBalance
    accounts: dict[str, AccountEarnings] = field(default_factory=dict)
    lines: dict[str, EarningLine] = field(default_factory=dict)
    posted: int = 0
    _stored: EarningBalance | None = None
    _writes: list[Write] = field(default_factory=list)
    _changed: dict[str, AccountEarnings] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return local_date(self.now, self.partner.time_zone)

    def account(self, account_id: str) -> AccountEarnings:
        """What the partner has earned with an account so far, lines that are still to be written included."""
        nothing = AccountEarnings(account_id, self.partner.id, Money.zero(self.balance.currency))
        return self._changed.get(account_id) or self.accounts.get(account_id, nothing)

    def note(self, earnings: AccountEarnings) -> None:
        """Write an account's earnings, if they changed."""
        if earnings != self.account(earnings.account_id):
            self._changed[earnings.account_id] = earnings

    def read_lines(self, line_ids: Iterable[str]) -> None:
        """Read these lines, and then their reversals."""
        found = line_rows.get_many(self.partner.id, line_ids)
        self.lines |= found
        self.lines |= line_rows.get_many(
            self.partner.id, [each for line in found.values() for each in _reversals(line)]
        )

    def reversals(self, line: EarningLine) -> list[EarningLine]:
        """The reversals of a line."""
        return [self.lines[reversal_id] for reversal_id in _reversals(line)]

    def post(self, postings: Sequence[Posting]) -> None:
        """Write these lines, all in one transaction, with the balance and what their account has earned."""
        self._make_room(len(postings) + 1)
        for posting in postings:
            self._post(posting)

    def add(self, write: Write) -> None:
        """Write something else along with it."""
        self._make_room(1)
        self._writes.append(write)

    def flush(self) -> None:
        """Commit what was collected. Raises :class:`WriteConflict` if anything of it has changed since it was read."""
        if not self._writes and not self._changed:
            return
        new = sum(not earnings.version for earnings in self._changed.values())
        self.balance = replace(self.balance, accounts=self.balance.accounts + new)
        accounts = [balance_rows.put_account(earnings) for earnings in self._changed.values()]
        if self.balance != self._stored:
            scheduling = self._schedule_payouts()
            commit([*self._writes, *accounts, *scheduling, balance_rows.put(self.balance)])
            self.balance = self._stored = replace(self.balance, version=self.balance.version + 1)
        else:
            commit([*self._writes, *accounts])
        self.accounts |= {id: replace(each, version=each.version + 1) for id, each in self._changed.items()}
        self._writes, self._changed = [], {}

    def set_missing_alarm(self) -> bool:
        """Set the alarm of the next payout for a partner that has lines but no alarm; whether it is set."""
        if not self.balance.sequence:
            return False
        self.balance = replace(self.balance, scheduled=False)
        writes = self._schedule_payouts()
        for write in writes:
            self.add(write)
        self.flush()
        return bool(writes)

    def _post(self, posting: Posting) -> None:
        before, line = posting.before, posting.after
        if before is None:
            self.balance, line = balances.posted(self.balance, line, today=self.today)
            self.posted += 1
            if line.account_id is not None:
                earnings = self.account(line.account_id)
                self.note(replace(earnings, earned=earnings.earned + line.amount))
        else:
            self.balance = balances.restated(self.balance, before, line, today=self.today)
        put = line_rows.put(line, now=self.now, actor=self.actor, event=_event(before, line))
        self._writes.append(put)
        self.lines[line.id] = line_rows.stored(put)

    def _make_room(self, writes: int) -> None:
        room = _ROOM if self.balance.scheduled else _ROOM - 1  # the alarm of the first payout
        if len(self._writes) + len(self._changed) + writes > room:
            self.flush()

    def _schedule_payouts(self) -> list[Write]:
        """Set the alarm of the first payout with the first line; from then on there is always one."""
        program = load_program(self.partner.program)
        run_on = None if self.balance.scheduled else payout_runs.next_run_on(program, now=self.now)
        if run_on is None:
            return []
        self.balance = replace(self.balance, scheduled=True)
        begins_at = payout_runs.begins_at(program, run_on=run_on)
        return [run_rows.put_partner_alarm(PartnerAlarm(self.partner.id, run_on, begins_at))]


def open_books(partner: Partner, *, now: datetime, actor: str) -> Books:
    """A partner's books, read as they are now."""
    balance = balance_rows.get(partner.id) or balances.empty(partner.id, currency=partner.currency)
    return Books(partner, now, actor, balance, _stored=balance)


def _reversals(line: EarningLine) -> list[str]:
    return [domain.reversal_id(line, number) for number in range(1, line.reversals + 1)]


def _event(before: EarningLine | None, line: EarningLine) -> str:
    """The event of a posting: a reversal says itself what was taken back, and is held with the line it reverses."""
    if before is None:
        return "earning.posted"
    if line.kind is LineKind.REVERSAL or line.held_for == before.held_for:
        return ""
    if line.refused:
        return "earning.refused"
    return "earning.held" if line.held_for else "earning.released"
