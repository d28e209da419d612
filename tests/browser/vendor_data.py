"""Makes on the deployed stack what the vendor's pages show on rare days, which no request makes at once.

`python -m tests.browser.vendor_data PARTNER ACCOUNT`, with the settings in the environment: a held line, an open
dispute, a parked account, a payout run that waits, audits of which one found something; and an operator who has to set
up an app first. It prints the token of that operator's session.
"""

import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from chalicelib.domain.audit import Finding, Kind
from chalicelib.domain.audit.runs import AuditRun, KeptFinding, sheets_with
from chalicelib.domain.disputes import Dispute, DisputeStatus
from chalicelib.domain.earnings.lines import Hold
from chalicelib.domain.earnings.payout_runs import new_run
from chalicelib.domain.people.roles import VENDOR, Role
from chalicelib.models import alarms, audit_runs
from chalicelib.models.billing import disputes
from chalicelib.models.earnings import lines, payout_runs
from chalicelib.models.people import sessions as session_rows
from chalicelib.models.transactions import commit
from chalicelib.programs import program
from chalicelib.services.people import sessions
from tests.builders import usd
from tests.people import make_person
from tests.statements import make_line

ACTOR = "test"
INVOICE = "inv_01KGA92TC0KTJ6NFKNPR4TMRWE"


def hold_a_line(partner_id: str, account_id: str, *, now: datetime) -> None:
    """A commission whose client looks like the partner itself."""
    held = make_line(
        id="earn_01KGA92TC0KTJ6NFKNPR4TMRWE",
        partner_id=partner_id,
        account_id=account_id,
        account_name="own-shop",
        at=now,
        balance_after=usd(1_176),
        held_for=(Hold.OWN_CLIENT,),
        revision=1,
        sequence=1,
        version=0,
    )
    commit([lines.put(held, now=now, actor=ACTOR)])


def open_a_dispute(partner_id: str, account_id: str, *, now: datetime) -> None:
    """A cardholder's dispute, whose evidence is due."""
    opened = Dispute(
        id="disp_01KGA92TC0KTJ6NFKNPR4TMRWE",
        payer=partner_id,
        charge_id=INVOICE,
        processor="sandbox",
        reference="du_sandbox_4711",
        status=DisputeStatus.OPEN,
        amount=usd(14_900),
        reason="product_not_received",
        opened_at=now - timedelta(days=1),
        account_id=account_id,
        evidence_due=now + timedelta(days=9),
        revision=1,
    )
    commit([disputes.put(opened, now=now, actor=ACTOR, events=())])


def let_a_run_wait(*, now: datetime) -> None:
    """A run of payouts that an operator is to confirm."""
    waiting = new_run(program("solutions"), run_on=date(now.year, 1, 15), by_hand=False, now=now)
    commit(payout_runs.put(replace(waiting, needs_confirmation=True, look_at=None), actor=ACTOR))


def audit_twice(partner_id: str, account_id: str, *, now: datetime) -> None:
    """An audit that found nothing and, the day after, one that did."""
    compared = {"accounts": 1_204, "invoices": 18_733, "entries": 9_310, "card charges": 12_008, "earnings": 2_411}
    began = now.replace(hour=13, minute=2, second=0, microsecond=0) - timedelta(days=2)
    right = AuditRun(began=began, at=began, payers=83, compared=compared, finished=True)
    found = [
        (INVOICE, Kind.INVOICE_LINES, "Its lines come to 149.00 USD, its total is 159.00 USD."),
        (
            account_id,
            Kind.ALARM_WRONG,
            "Its alarm is set for 2026-12-01 06:00 UTC, its next step falls due a day earlier.",
        ),
        (partner_id, Kind.ACTIVE_COUNT, "The wallet counts 12 active paid accounts, there are 11."),
    ]
    kept = [KeptFinding.of(partner_id, Finding(kind, subject, text), settled=True) for subject, kind, text in found]
    kept.append(
        replace(kept[-1], kind=Kind.WALLET_HELD, message="The wallet holds 20.00 USD, charges 0.00 USD.", settled=False)
    )
    wrong = replace(right, began=began + timedelta(days=1), at=began + timedelta(days=1))
    for number, sheet in sheets_with(kept, kept=0, last_sheet=()):
        audit_runs.put_sheet(wrong.id, number, sheet, until=now + timedelta(days=90))
    audit_runs.put_finished([wrong.with_payer({}, len(found), 1, at=wrong.began), right])


def begin_without_app(*, now: datetime) -> str:
    """A session of an operator as production begins it."""
    person = make_person("new-operator@operators.example", team=VENDOR, role=Role.OPERATOR, name="Nadia")
    begun = sessions.begin(person_id=person.id, team_id=VENDOR, now=now)
    commit([session_rows.put_changed(replace(begun.session, app_needed=True))])
    return begun.token


def main(partner_id: str, account_id: str) -> None:
    """The command."""
    now = datetime.now(UTC)
    hold_a_line(partner_id, account_id, now=now)
    open_a_dispute(partner_id, account_id, now=now)
    let_a_run_wait(now=now)
    audit_twice(partner_id, account_id, now=now)
    alarms.park(account_id, because="LookupError")
    print(begin_without_app(now=now))


if __name__ == "__main__":
    main(*sys.argv[1:])
