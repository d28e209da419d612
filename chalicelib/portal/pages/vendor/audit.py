"""The daily audit: whether the books are right, what was compared, and what differs."""

from chalicelib.domain.audit.runs import AuditRun, KeptFinding
from chalicelib.portal.declared import Pages, View
from chalicelib.portal.visits import Visit
from chalicelib.services.schedule import daily_audit

pages = Pages()

_COMPARED = ("accounts", "invoices", "entries", "card charges", "earnings", "payouts")
"""What is counted and shown, as the audit calls it."""


@pages.get("vendor/audit", scope="operator")
def show_audit(visit: Visit) -> View:
    """The latest audit, and those of the last month."""
    runs = daily_audit.list_runs()
    return _shown(visit, runs[0] if runs else None, runs)


@pages.get("vendor/audit/{run_id}", scope="operator")
def show_run(visit: Visit, run_id: str) -> View:
    """One audit with what it found, sheet by sheet."""
    return _shown(visit, daily_audit.get_run(run_id=run_id), [])


def _shown(visit: Visit, run: AuditRun | None, runs: list[AuditRun]) -> View:
    asked = visit.asked("sheet")
    number = int(asked) if asked.isdecimal() and len(asked) < 5 else 0
    values = {
        "run": run,
        "runs": runs,
        "begins": daily_audit.BEGINS,
        "counts": [(name.replace(" ", "_"), run.compared[name]) for name in _COMPARED if name in run.compared]
        if run
        else [],
        "findings": daily_audit.list_findings(run_id=run.id, sheet=number) if run else (),
        "sheet": number,
        "address_of": _address_of,
        "payer_address": lambda payer: f"vendor/{'partners' if payer.startswith('prt_') else 'accounts'}/{payer}",
    }
    return View("vendor/audit.html", values)


def _address_of(found: KeptFinding) -> str:
    """The page of what differs, if it has one."""
    kind = found.subject.partition("_")[0]
    if kind == "inv":
        whose = "partners" if found.payer.startswith("prt_") else "accounts"
        return f"vendor/{whose}/{found.payer}/invoices/{found.subject}"
    below = {"prt": "partners", "acct": "accounts", "pay": "payouts"}.get(kind)
    return f"vendor/{below}/{found.subject}" if below else ""
