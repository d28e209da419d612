"""The worker: takes the due steps of the subjects a message names."""

from typing import Any

from chalice.app import Blueprint, SQSEvent

from chalicelib.api import batches, clock
from chalicelib.api.observability import count, logger
from chalicelib.services.schedule import worker

blueprint = Blueprint(__name__)

_SPARE_MILLISECONDS = 60_000
"""Time kept for the charges in progress, however slow, and for storing their results."""


@blueprint.on_sqs_message(queue="due.fifo", batch_size=5)
def work_due(event: SQSEvent) -> Any:
    """Work through a batch; after a failed message, the later ones of the same payer wait with it, nobody else's.

    When time is short, nothing more is begun; the rest goes back to the queue for the next invocation.
    """
    context: Any = event.context
    now = clock.now()
    left: list[dict[str, Any]] = []

    def out_of_time() -> bool:
        return bool(context.get_remaining_time_in_millis() < _SPARE_MILLISECONDS)

    def handle(record: dict[str, Any]) -> None:
        due = worker.parse_message(record["body"])
        logger.append_keys(run=due.run, payer=due.payer)
        taken = worker.take_due_steps(due, now=now, out_of_time=out_of_time)
        count({**taken.counts, **({"LatenessSeconds": taken.lateness.total_seconds()} if taken.lateness else {})})
        logger.info("worked", extra={"subjects": len(due.subjects), "taken": taken.counts, "finished": taken.finished})
        if not taken.finished:
            left.append(record)

    try:
        failed = batches.each_of(event.to_dict(), handle, in_order=True)
    finally:
        worker.give_back([record["receiptHandle"] for record in left])
    return batches.answer(failed + [record["messageId"] for record in left])
