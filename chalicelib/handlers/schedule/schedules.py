"""EventBridge schedules: sweeps and the audit. One that runs out of time goes on at the schedule's next run."""

from typing import TYPE_CHECKING, Any

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib.api import clock
from chalicelib.api.observability import count, logger
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.services.schedule import sweeps

if TYPE_CHECKING:
    from chalicelib.services.audit.payer_audits import Audited

blueprint = Blueprint(__name__)

_SPARE_MILLISECONDS = 10_000
"""Time kept for sending the accounts found."""
_SPARE_FOR_A_PARTNER_MILLISECONDS = 600_000
"""Time kept for auditing one more partner, however big."""


@blueprint.schedule(Rate(1, unit=Rate.MINUTES))
def sweep_renewals(event: CloudWatchEvent) -> dict[str, int]:
    """Renewals, retries, expiries and archiving: accounts whose step fell due since the last minute."""
    return _sweep(event, Sweep.RENEWALS)


@blueprint.schedule(Rate(1, unit=Rate.MINUTES))
def sweep_trials(event: CloudWatchEvent) -> dict[str, int]:
    """Trials that end, and their reminders."""
    return _sweep(event, Sweep.TRIALS)


@blueprint.schedule(Rate(1, unit=Rate.HOURS))
def sweep_prepaid(event: CloudWatchEvent) -> dict[str, int]:
    """The daily check of prepaid balances, for each partner in the morning of its time zone."""
    return _sweep(event, Sweep.PREPAID)


@blueprint.schedule(Rate(1, unit=Rate.MINUTES))
def sweep_deliveries(event: CloudWatchEvent) -> dict[str, int]:
    """Deliveries to webhooks whose next try fell due since the last minute."""
    return _sweep(event, Sweep.DELIVERIES)


@blueprint.schedule(Rate(30, unit=Rate.MINUTES))
def heal(event: CloudWatchEvent) -> dict[str, int]:
    """Everything that is still due, since whenever: it makes up for lost messages."""
    count({"OldestDueSeconds": sweeps.oldest_due(now=clock.now()).total_seconds()})
    return _sweep(event, *Sweep, healing=True)


@blueprint.schedule(Rate(15, unit=Rate.MINUTES))
def audit_books(event: CloudWatchEvent) -> dict[str, int]:
    """Audit every partner's books once a day, from 13:00 UTC on: a part of them at a time, until all are through."""
    from chalicelib.services.schedule import daily_audit  # loads what the sweeps do not need

    context: Any = event.context
    done = daily_audit.go_on(
        now=clock.now(),
        out_of_time=lambda: context.get_remaining_time_in_millis() < _SPARE_FOR_A_PARTNER_MILLISECONDS,
        report=_log_findings,
    )
    if done is None:
        return {"payers": 0, "findings": 0}
    if done.findings or done.finished:  # the alarm stays until an audit that is through has found nothing
        count({"AuditFindings": done.findings})
    if done.finished:
        count({"AuditsFinished": 1})
    logger.info("audited", extra={"payers": done.payers, "findings": done.findings, "finished": done.finished})
    return {"payers": done.payers, "findings": done.findings}


def _log_findings(audited: "Audited") -> None:
    for finding in audited.findings:
        details = {"kind": finding.kind, "subject": finding.subject, "finding": finding.message}
        logger.error("the books are wrong", extra={"payer": audited.payer, **details})
    if audited.unsettled:
        logger.warning(
            "the books kept changing while they were read",
            extra={"payer": audited.payer, "unsettled": len(audited.unsettled)},
        )


def _sweep(event: CloudWatchEvent, *kinds: Sweep, healing: bool = False) -> dict[str, int]:
    """Run sweeps one after the other. The invocation's id is the run's, and is in each line of its log."""
    context: Any = event.context
    now = clock.now()
    run = f"{context.aws_request_id}-{int(now.timestamp())}"  # an invocation that is retried keeps its id
    logger.append_keys(run=run)
    found = sweeps.run_schedule(
        "heal" if healing else kinds[0],
        kinds,
        run=run,
        now=now,
        out_of_time=lambda: context.get_remaining_time_in_millis() < _SPARE_MILLISECONDS,
        healing=healing,
    )
    logger.info("swept", extra={"found": found})
    return {kind.value: number for kind, number in found.items()}
