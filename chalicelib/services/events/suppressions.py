"""Bounces and complaints: addresses that get no more mail (docs/rules.md §11)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain.events.suppressions import Reason, Suppression
from chalicelib.models.events import suppressions

_WITHDRAWN = "not-spam"
"""A complaint that withdraws an earlier one."""


def suppress(report: Mapping[str, Any], *, now: datetime) -> list[Suppression]:
    """Suppress the addresses in an SES report of a bounce or complaint; returns those that were new.

    A temporary bounce (a full mailbox) suppresses nothing.
    """
    tags = report["mail"].get("tags", {})
    found = [
        Suppression(
            address=address.casefold(),
            reason=reason,
            detail=detail,
            at=now,
            partner_id=_tag(tags, "partner"),
            account_id=_tag(tags, "account"),
        )
        for address, reason, detail in _refusing(report)
    ]
    return [suppression for suppression in found if suppressions.add(suppression, actor="mail")]


def _refusing(report: Mapping[str, Any]) -> list[tuple[str, Reason, str]]:
    if "bounce" in report:
        bounce = report["bounce"]
        if bounce["bounceType"] != "Permanent":
            return []
        return [
            (bounced["emailAddress"], Reason.BOUNCE, bounce.get("bounceSubType", "General"))
            for bounced in bounce["bouncedRecipients"]
        ]
    complaint = report["complaint"]
    kind = complaint.get("complaintFeedbackType") or "abuse"
    if kind == _WITHDRAWN:
        return []
    return [(by["emailAddress"], Reason.COMPLAINT, kind) for by in complaint["complainedRecipients"]]


def _tag(tags: Mapping[str, Any], name: str) -> str | None:
    values = tags.get(name)
    return str(values[0]) if values else None
