"""The worker: takes the due steps of the subjects a message names."""

from datetime import datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import SqsFifoPartialProcessor, process_partial_response
from chalice.app import Blueprint, SQSEvent

from chalicelib.api import clock
from chalicelib.api.observability import logger, metrics
from chalicelib.gateways.due_queue import Due
from chalicelib.services import work

blueprint = Blueprint(__name__)


@blueprint.on_sqs_message(queue="due.fifo", batch_size=10)
def work_due(event: SQSEvent) -> Any:
    """Work through a batch; after a failed message, the later ones of the same payer wait with it, nobody else's."""
    now = clock.now()

    def handle(record: dict[str, Any]) -> None:
        _handle(Due.parse(record["body"]), now)

    processor = SqsFifoPartialProcessor(skip_group_on_error=True)
    try:
        return process_partial_response(event=event.to_dict(), record_handler=handle, processor=processor)
    finally:
        if metrics.metric_set:  # an empty one warns
            metrics.flush_metrics()


def _handle(due: Due, now: datetime) -> None:
    logger.append_keys(run=due.run, payer=due.payer)
    taken = work.work(due, now=now)
    for what, number in taken.counts.items():
        metrics.add_metric(name=what, unit=MetricUnit.Count, value=number)
    logger.info("worked", extra={"subjects": len(due.subjects), "taken": taken.counts})
