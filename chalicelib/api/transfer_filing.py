"""Filing transfers for whoever calls, one or many at once: what the route and the portal's page have in common."""

import json
from typing import Any

from chalicelib.api import parsing, problems
from chalicelib.api.bodies.transfers.transfers import (
    TransferBody,
    TransferResult,
    TransferResultsShape,
    TransferShape,
)
from chalicelib.api.call import Call
from chalicelib.api.parsing import Faults
from chalicelib.api.problems import Problem
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.transfers.transfers import Transfer
from chalicelib.services.transfers import filing, transfers
from chalicelib.services.transfers.requests import Filer


def file_one(call: Call, filer: Filer, body: TransferBody, *, place: str = "") -> TransferShape:
    """File a transfer; ``place`` tells those of one call apart. Raises as :func:`filing.file_transfer`."""
    parts = (place,) if place else ()
    filed = filing.file_transfer(
        filer=filer,
        transfer_id=call.derived_id("xfer", *parts),
        request=body.wanted(),
        base_url=call.base_url,
        now=call.now,
        actor=call.actor,
    )
    return shown(call, filed)


def file_together(call: Call, filer: Filer, given: list[dict[str, Any]]) -> TransferResultsShape:
    """Each by itself. What may pass by itself refuses the whole request: repeated, it finds those that are filed."""
    return TransferResultsShape(results=[_result(call, filer, each, str(place)) for place, each in enumerate(given)])


def shown(call: Call, transfer: Transfer) -> TransferShape:
    """A transfer, with what it still needs."""
    return TransferShape.of(transfer, needs=transfers.needs_of(transfer), now=call.now)


def _result(call: Call, filer: Filer, given: dict[str, Any], place: str) -> TransferResult:
    try:
        body = parsing.from_body(TransferBody, given)
        return TransferResult(status=201, transfer=file_one(call, filer, body, place=place))
    except Faults as faults:
        problem: Problem = problems.invalid(faults.errors)
    except Refusal as refusal:
        if refusal.kind.is_transient:
            raise
        problem = problems.of_error(refusal)
    rendered = problem.render(request_id=call.request_id)
    return TransferResult(status=rendered.status, error=json.loads(rendered.body))
