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

LOOK_AT = {
    "unreadable": "the row the error names; the table can be restored to before it was written",
    "wallet_missing": "the partner's row in the wallets table",
    "wallet_balance": "the wallet against the journal's last entries: GET /v1/credits/prepaid/transactions",
    "wallet_negative": "the journal's last entries, and what the wallet holds and has set aside",
    "wallet_held": "accounts, purchases and bills with a charge in progress; the worker's log for `charge`",
    "wallet_set_aside": "journal entries that set aside, take back or apply money",
    "active_count": "accounts that were created, ended or came back since the last clean audit: their events",
    "journal_sequence": "the ledger rows around the number; the events of that moment",
    "journal_balance": "this entry and the one before it",
    "account_set_aside": "the account's entries in the journal, and its own set_aside",
    "account_credits": "the journal entries of these credits that name the account",
    "name": "the name's row in the names table",
    "payer": "the account's events: who took its payment over, or where it moved",
    "invoice_number": "the ledger rows around the number; the events of that moment",
    "invoice_lines": "the invoice, and the quote of its plan at that date",
    "invoice_payment": "the invoice's attempts and its journal entry",
    "invoice_journal": "the invoice's row in the ledger: it is its own journal entry",
    "invoice_refunds": "the refunds of the invoice in the journal",
    "credit_notes": "the invoice and the refunds of it in the journal, by their numbers",
    "purchase_refunds": "the refunds of the purchase in the journal",
    "bill_refunds": "the refunds of the invoices on the bill in the journal",
    "disputes": "the dispute, what it is about, and the entry in the journal that names it",
    "invoice_of_nobody": "whether the account was moved away, or its row is lost",
    "period_twice": "both invoices; refund one",
    "period_overlap": "this invoice and the one before it; refund what is charged twice",
    "period_gap": "the account's events between the two invoices: was it running?",
    "period_current": "the account's last invoice and its events",
    "open_invoice": "the account's overdue invoice and its events",
    "contract_years": "GET /v1/operator/partners/{id}/contract, and the partner's invoices of its years, by number",
    "contract_unpaid": "GET /v1/operator/partners/{id}/contract, and the invoice that is open",
    "bill_total": "the invoices on the bill, by number",
    "bill_payment": "the bill's attempts and its journal entry",
    "card_not_charged": "the payment in the processor's dashboard, by the reference in the books",
    "card_charged_twice": "both payments in the processor's dashboard; refund one",
    "card_amount": "the payment in the processor's dashboard; refund or ask for the difference",
    "card_reference": "both payments in the processor's dashboard",
    "card_refunds": "the payment and its refunds in the processor's dashboard",
    "card_disputes": "the payment and its disputes in the processor's dashboard; resend its last report from there",
    "card_without_record": "the payment in the processor's dashboard; refund it, or find what it paid for",
    "earning_missing": "the worker's log for this invoice; `python -m infra.events rebuild` sets its alarm again",
    "earning_of_nothing": "the line and the invoice that it names; an operator can adjust the partner's earnings",
    "earning_amount": "the line's base and percentage, and those on its invoice",
    "earning_reversals": "the invoice's refunds and disputes; `python -m infra.events rebuild` sets its alarm again",
    "earning_account": "the lines of the account: GET /v1/earnings?account_id=",
    "earning_sequence": "the lines around the number",
    "earning_balance": "this line and the one before it, or the partner's balance row in the earnings table",
    "earning_totals": "the partner's balance row in the earnings table",
    "payout_lines": "the lines that name the payout, and the payout's row in the earnings table",
    "payout_returned": "the payout's items, and the lines that reverse its own line",
    "payout_not_sent": "the batch in PayPal's dashboard, by the payout's id",
    "payout_amount": "the batch in PayPal's dashboard, by the payout's id; adjust the partner's earnings",
    "payout_outcome": "the item in PayPal's dashboard; if it was paid and given back, adjust the partner's earnings",
    "alarm_missing": "what wrote the row last; an account's alarm is set anew by `python -m infra.rewrite`",
    "alarm_wrong": "whether the program file's days were changed; `python -m infra.rewrite` sets alarms anew",
    "alarm_needless": "nothing is lost: the worker finds nothing to do; see what wrote the account last",
    "alarm_unheard": "`python -m infra.parked list`, and `subject parked` in the worker's log",
    "alarm_late": "the queues, their dead letters, and the worker's log for this id",
}
"""What to look at next, by the kind of the finding."""


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
                audited.payer, finding.kind, finding.subject, finding.message, LOOK_AT[finding.kind], style=None
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
            "findings": [{**asdict(finding), "look_at": LOOK_AT[finding.kind]} for finding in audited.findings],
            "unsettled": [asdict(finding) for finding in audited.unsettled],
        }
        for audited in made
    ]
    findings = sum(len(audited.findings) for audited in made)
    return json.dumps({"right": _exit_code(made) == RIGHT, "findings": findings, "partners": partners})


if __name__ == "__main__":
    sys.exit(main())
