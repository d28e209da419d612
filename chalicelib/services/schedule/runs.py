"""A run of the worker: what its steps have in common, and what it did."""

from collections.abc import Callable, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from functools import cached_property

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.ids import is_account_id
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.values import dataclass
from chalicelib.programs import program as load_program
from chalicelib.services.accounts.transitions import Transition, write_transitions
from chalicelib.services.charging.cards import never
from chalicelib.services.partners import partners


@dataclass(frozen=True)
class Run:
    """What all steps of one run of the worker have in common."""

    payer: str
    now: datetime
    actor: str
    out_of_time: Callable[[], bool] = never
    partner: Partner | None = None
    """The partner that pays, once it has been read."""

    @property
    def partner_pays(self) -> bool:
        """Whether the payer is a partner, and not an account that pays for itself (§9)."""
        return not is_account_id(self.payer)

    @cached_property
    def program(self) -> Program:
        """The payer's program, read when the first step needs it."""
        return load_program(self.partner.program) if self.partner else partners.program_of_payer(self.payer)

    def write(self, transitions: Sequence[Transition]) -> dict[str, Account]:
        """Write transitions in one transaction; the accounts as stored, without those somebody else changed."""
        return write_transitions(transitions, program=self.program, now=self.now, actor=self.actor)

    def write_one_by_one(self, transitions: Sequence[Transition]) -> dict[str, Account]:
        """The same for transitions that each change one row: by itself that costs half of what it does in a
        transaction (docs/decisions/units.md).
        """
        return {id: account for each in transitions for id, account in self.write([each]).items()}


@dataclass
class StepsTaken:
    """What a run did, for the log: steps by kind, charges by outcome; not ``finished`` if its time was up.

    ``lateness`` is how long ago the first of the accounts' alarms rang. The payer's wallet ``tops_up`` automatically
    unless the run has seen that it does not.
    """

    counts: dict[str, int] = field(default_factory=dict)
    finished: bool = True
    tops_up: bool = True
    lateness: timedelta = timedelta(0)

    def add(self, what: str, number: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + number

    def include(self, other: "StepsTaken") -> None:
        for what, number in other.counts.items():
            self.add(what, number)
        self.finished = self.finished and other.finished
        self.tops_up = self.tops_up and other.tops_up
        self.lateness = max(self.lateness, other.lateness)
