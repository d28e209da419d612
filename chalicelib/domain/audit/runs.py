"""Daily audits as they are kept: what was compared and what was found (docs/decisions/audit.md)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta

from chalicelib.domain.audit.findings import Finding
from chalicelib.domain.values import dataclass

MOST_RUNS = 30
"""Finished runs that are kept: those of a month."""
KEPT_FOR = timedelta(days=90)
"""Findings of a run are kept so long; the run itself, until later ones take its place."""
MOST_FINDINGS = 10_000
"""Findings of a run that are kept. More of them have one cause; all are counted and logged."""
ON_A_SHEET = 50
"""Findings are kept and shown in sheets of so many."""
_LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """A difference in a payer's books. One that is not ``settled`` kept changing while the books were read."""

    payer: str
    kind: str
    subject: str
    message: str
    settled: bool = True

    @classmethod
    def of(cls, payer: str, finding: Finding, *, settled: bool) -> "KeptFinding":
        """A finding with its payer; a message as long as a whole row is cut."""
        return cls(payer, finding.kind, finding.subject, finding.message[:_LONGEST_MESSAGE], settled)


@dataclass(frozen=True, slots=True)
class AuditRun:
    """A daily audit of all payers' books, as far as it is.

    ``at`` is when it last went on. ``compared`` counts what there was, by what it is. ``findings`` counts differences
    that were the same in two readings, ``unsettled`` those that kept changing, ``kept`` those of both that can be read.
    """

    began: datetime
    at: datetime
    payers: int = 0
    findings: int = 0
    unsettled: int = 0
    kept: int = 0
    compared: Mapping[str, int] = field(default_factory=dict)
    finished: bool = False

    @property
    def id(self) -> str:
        """Its name, by when it began."""
        return f"{self.began:%Y%m%dT%H%M%S}"

    @property
    def is_right(self) -> bool:
        """Whether nothing differs in what it has read."""
        return not self.findings and not self.unsettled

    @property
    def sheets(self) -> int:
        """How many sheets of findings there are."""
        return -(-self.kept // ON_A_SHEET)

    def with_payer(self, compared: Mapping[str, int], findings: int, unsettled: int, *, at: datetime) -> "AuditRun":
        """The run with one more payer's books."""
        return replace(
            self,
            at=at,
            payers=self.payers + 1,
            findings=self.findings + findings,
            unsettled=self.unsettled + unsettled,
            kept=min(self.kept + findings + unsettled, MOST_FINDINGS),
            compared=dict(Counter(self.compared) + Counter(compared)),
        )


def sheets_with(
    new: Sequence[KeptFinding], *, kept: int, last_sheet: Sequence[KeptFinding]
) -> list[tuple[int, list[KeptFinding]]]:
    """The sheets to write, by number from 0, when ``new`` come to the ``kept`` findings of a run.

    ``last_sheet`` is the one that is to be gone on with. It may hold more than ``kept`` says, from a run that was cut
    off before it could note that: those come again.
    """
    room = new[: MOST_FINDINGS - kept]
    first, begun = divmod(kept, ON_A_SHEET)
    waiting = [*last_sheet[:begun], *room]
    return [
        (first + number, list(waiting[start : start + ON_A_SHEET]))
        for number, start in enumerate(range(0, len(waiting) if room else 0, ON_A_SHEET))
    ]


def with_finished(runs: Sequence[AuditRun], run: AuditRun) -> tuple[AuditRun, ...]:
    """The finished runs with one more, the latest first; the same run again takes its own place."""
    return (run, *(each for each in runs if each.id != run.id))[:MOST_RUNS]
