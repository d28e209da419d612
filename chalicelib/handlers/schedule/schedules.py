"""EventBridge schedules: sweeps and the audit. One that runs out of time goes on in a new invocation."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from chalice.app import Blueprint, CloudWatchEvent, Cron, Rate

from chalicelib.api import clock
from chalicelib.api.observability import count, logger
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.services import audit
from chalicelib.services.schedule import continuation, sweeps
from chalicelib.services.schedule.sweeps import Position

blueprint = Blueprint(__name__)

_SPARE_MILLISECONDS = 10_000
"""Time kept for sending the accounts found and starting the next invocation."""
_SPARE_FOR_A_PARTNER_MILLISECONDS = 600_000
"""Time kept for auditing one more partner, however big."""
_CARDS_ASKED_BACK = timedelta(days=3)
"""How far back a daily audit asks the card processor."""


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
    if not _handed_over(event.to_dict()):
        count({"OldestDueSeconds": sweeps.oldest_due(now=clock.now()).total_seconds()})
    return _sweep(event, *Sweep, healing=True)


@blueprint.schedule(Cron(0, 13, "*", "*", "?", "*"))
def audit_books(event: CloudWatchEvent) -> dict[str, int]:
    """Audit every partner's books once a day, when it is night neither in America nor in Europe."""
    context: Any = event.context
    now = clock.now()
    written = event.to_dict().get("audit")
    begin = audit.Position(**written) if written else audit.Position()
    partners = findings = 0
    rest: audit.Position | None = None
    for audited, rest in audit.audit_all(begin, now=now, cards_since=now - _CARDS_ASKED_BACK):
        _log_findings(audited)
        partners += 1
        findings += len(audited.findings)
        if rest is not None and context.get_remaining_time_in_millis() < _SPARE_FOR_A_PARTNER_MILLISECONDS:
            continuation.go_on_in_a_new_invocation(
                context.invoked_function_arn, {**event.to_dict(), "audit": asdict(rest)}
            )
            break
    count({"AuditFindings": findings})
    logger.info("audited", extra={"partners": partners, "findings": findings, "goes_on": rest is not None})
    return {"partners": partners, "findings": findings}


def _log_findings(audited: audit.Audited) -> None:
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
    positions = _handed_over(event.to_dict()) or [
        sweeps.first_position(sweep=kind, run=f"{run}-{kind}", now=now, healing=healing) for kind in kinds
    ]
    found: dict[str, int] = {}
    while positions:
        position, *waiting = positions
        rest, found[position.sweep] = sweeps.send_due(
            position, out_of_time=lambda: context.get_remaining_time_in_millis() < _SPARE_MILLISECONDS
        )
        if rest is not None:
            _hand_over([rest, *waiting], event)
            logger.info("sweep goes on in a new invocation", extra={"found": found})
            return found
        positions = waiting
    logger.info("swept", extra={"found": found})
    return found


def _hand_over(positions: list[Position], event: CloudWatchEvent) -> None:
    """Invoke this function again with the same event, which Chalice reads whole, and where to go on."""
    context: Any = event.context
    rest = {**event.to_dict(), "positions": [_written(position) for position in positions]}
    continuation.go_on_in_a_new_invocation(context.invoked_function_arn, rest)


def _handed_over(event: dict[str, Any]) -> list[Position]:
    return [_read(written) for written in event.get("positions", [])]


def _written(position: Position) -> dict[str, Any]:
    return {
        "sweep": position.sweep,
        "run": position.run,
        "now": position.now.isoformat(),
        "since": position.since.isoformat() if position.since else None,
        "shard": position.shard,
        "start": json.dumps(position.start),
        "sent": position.sent,
    }


def _read(written: dict[str, Any]) -> Position:
    return Position(
        sweep=Sweep(written["sweep"]),
        run=written["run"],
        now=datetime.fromisoformat(written["now"]),
        since=datetime.fromisoformat(written["since"]) if written["since"] else None,
        shard=written["shard"],
        start=json.loads(written["start"]),
        sent=written["sent"],
    )
