"""Prove the books: `python -m infra.audit --local` for the stack on this machine, `--stack NAME` for one on AWS.

Compares every partner's wallet, journal, invoices, accounts, alarms and card charges, and names each difference. Reads
only. Exit code 0: the books are right. 1: they are not. 2: it is not known.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from infra import commands
from infra.commands import NotDone

if TYPE_CHECKING:
    from chalicelib.services.audit import Audited

RIGHT, WRONG, UNPROVEN = 0, 1, 2


def look_at(kind: str) -> str:
    """What to look at next, by the kind of a finding: in the words of the portal's page."""
    from chalicelib.portal.texts import texts_in

    return texts_in("en").plain(f"vendor.audit_look_at.{kind}")


class OnAudited(Protocol):
    """Called with each partner's audit when it is done."""

    def __call__(self, audited: "Audited") -> None: ...


def audit(*, partner: str | None, on_audited: OnAudited) -> list["Audited"]:
    """Audit one partner, or all, of the stack whose settings this process has."""
    from chalicelib.api import clock
    from chalicelib.services import audit as service

    now: datetime = clock.now()
    if partner is not None:
        audits = service.audit_with_clients(partner_id=partner, now=now)
    else:
        audits = (audited for audited, _ in service.audit_all(service.Position(), now=now))
    made = []
    for audited in audits:
        on_audited(audited)
        made.append(audited)
    return made


def main(argv: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    return commands.run(arguments, lambda given: _act(partner=given.partner, as_json=given.json))


def run(*, partner: str | None, as_json: bool) -> int:
    """Audit the stack whose settings this process has, and print what was found; returns the command's exit code."""
    return commands.guarded(lambda: _act(partner=partner, as_json=as_json))


def _act(*, partner: str | None, as_json: bool) -> int:
    with _progress(quiet=as_json) as on_audited:
        made = _audit(partner, on_audited)
    if as_json:
        print(_as_json(made))
    else:
        _show(made, Console(highlight=False))
    return _exit_code(made)


def _audit(partner: str | None, on_audited: OnAudited) -> list["Audited"]:
    from chalicelib.domain.refusals import NotFound
    from chalicelib.gateways.payments import OutcomeUnknown, ProcessorMisconfigured

    try:
        return audit(partner=partner, on_audited=on_audited)
    except NotFound as nobody:
        raise NotDone(nobody.detail) from nobody
    except (OutcomeUnknown, ProcessorMisconfigured) as silent:
        raise NotDone(f"The card processor gives no answer: {silent}") from silent


def _exit_code(made: list["Audited"]) -> int:
    if any(audited.findings for audited in made):
        return WRONG
    return UNPROVEN if any(audited.unsettled for audited in made) else RIGHT


def _parser() -> argparse.ArgumentParser:
    parser = commands.parser_of("infra.audit", __doc__, parents=[commands.stack_options()])
    parser.add_argument("--partner", metavar="ID", help="one partner only")
    parser.add_argument("--json", action="store_true", help="print what was found as JSON only")
    return parser


@contextmanager
def _progress(*, quiet: bool) -> Iterator[OnAudited]:
    """A line on stderr that counts what was compared."""
    columns = (TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as progress:
        task = progress.add_task("Reading the books", total=None)
        partners, so_far = 0, Counter[str]()

        def on_audited(audited: "Audited") -> None:
            nonlocal partners
            partners += 1
            so_far.update(audited.compared)
            progress.update(task, description=f"{partners:,} partners: {_counts(so_far)}")

        yield on_audited


def _counts(compared: Counter[str]) -> str:
    return ", ".join(f"{number:,} {what}" for what, number in compared.items()) or "nothing yet"


def _show(made: list["Audited"], console: Console) -> None:
    compared = sum((audited.compared for audited in made), Counter[str]())
    console.print(f"\n{len(made):,} partners: {_counts(compared)}.\n", soft_wrap=True)
    found = [(audited, finding) for audited in made for finding in audited.findings]
    if found:
        table = Table("Partner", "Wrong", "Subject", "Difference", "Look at", show_lines=True)
        for audited, finding in found:
            table.add_row(
                audited.payer, finding.kind, finding.subject, finding.message, look_at(finding.kind), style=None
            )
        console.print(table, markup=False)
        console.print(f"\n[bold red]{len(found):,} differences.[/]")
    for audited in made:
        if audited.unsettled:
            console.print(
                f"{audited.payer}: the books kept changing while they were read. Run it again in a quiet moment.",
                style="yellow",
            )
    if _exit_code(made) == RIGHT:
        console.print("[bold green]The books are right.[/]")


def _as_json(made: list["Audited"]) -> str:
    partners: list[dict[str, Any]] = [
        {
            "partner_id": audited.payer,
            "compared": dict(audited.compared),
            "findings": [{**asdict(finding), "look_at": look_at(finding.kind)} for finding in audited.findings],
            "unsettled": [asdict(finding) for finding in audited.unsettled],
        }
        for audited in made
    ]
    findings = sum(len(audited.findings) for audited in made)
    return json.dumps({"right": _exit_code(made) == RIGHT, "findings": findings, "partners": partners})


if __name__ == "__main__":
    sys.exit(main())
