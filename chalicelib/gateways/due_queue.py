"""The queues that wake workers: FIFO, one message group per payer or, for deliveries, per webhook."""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from chalicelib import aws
from chalicelib.config import settings
from chalicelib.domain.accounts.lifecycle import Sweep
from chalicelib.domain.values import dataclass
from chalicelib.gateways.chunks import chunks

_logger = Logger(service="sublet", child=True)

BATCH = 10
_BYTES = 250_000
"""SQS takes 10 messages and 256 KB at once."""
_PAUSES = (0.1, 0.4)
"""Seconds before what the queue refused is sent again."""


@dataclass(frozen=True, slots=True)
class Due:
    """Subjects of one payer that fell due, found by a run of a sweep; for deliveries the payer is the webhook.

    The message only wakes the worker, which reads whether they are still due.
    """

    payer: str
    subjects: tuple[str, ...]
    sweep: str
    run: str

    def body(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, body: str) -> "Due":
        data = json.loads(body)
        return cls(**data | {"subjects": tuple(data["subjects"])})


DISPUTE = "dispute:"
"""Begins the subject of a message about a dispute, named as the card processor names it: whose it is, is looked up."""
_DISPUTES = "disputes"


def report_dispute(reference: str, *, run: str) -> None:
    """Wake the worker for a dispute that the card processor reported."""
    send([Due(_DISPUTES, (DISPUTE + reference,), "card_reports", run)], first=0)


PAYOUT_REPORT = "payout_report:"
"""Begins the subject of a message about a payout that there is news of, whether or not its next step is due."""
_PAYOUT_REPORTS = "payout_reports"


def report_payouts(payouts: Iterable[tuple[str, str]], *, run: str) -> None:
    """Wake the worker for payouts, by their partners and ids, of which there is news."""
    send([Due(partner_id, (PAYOUT_REPORT + id,), _PAYOUT_REPORTS, run) for partner_id, id in payouts], first=0)


class SendingFailed(Exception):
    """The queue refused some messages; their subjects are still due, and the next sweep sends them again."""


def send(messages: Sequence[Due], *, first: int) -> None:
    """Send messages of one run; ``first`` is how many this run sent before.

    The deduplication id is made of run and position, not content: the same content must be sendable again. Raises
    :class:`SendingFailed` when the queue refuses some of them for the third time.
    """
    entries = [
        {
            "Id": str(place % BATCH),
            "MessageBody": message.body(),
            "MessageGroupId": message.payer,
            "MessageDeduplicationId": f"{message.run}-{first + place}",
        }
        for place, message in enumerate(messages)
    ]
    for chunk in chunks(entries, most=BATCH, most_bytes=_BYTES, size=lambda entry: len(entry["MessageBody"].encode())):
        _send_batch(_queue_url(messages[0]), chunk)


def _send_batch(queue_url: str, entries: list[dict[str, str]]) -> None:
    """Send one batch, and again what is refused of it. Their order does not matter: each only wakes the worker."""
    for pause in (*_PAUSES, None):
        answer = _sqs().send_message_batch(QueueUrl=queue_url, Entries=entries)
        refused = {failed["Id"] for failed in answer.get("Failed", ())}
        if not refused:
            return
        if pause is None:
            raise SendingFailed(f"{len(refused)} of {len(entries)} messages were refused")
        time.sleep(pause)
        entries = [entry for entry in entries if entry["Id"] in refused]


def give_back(receipts: Sequence[str]) -> None:
    """Make messages visible again now. Where that fails, the message comes again after its visibility timeout."""
    for receipt in receipts:
        try:
            _sqs().change_message_visibility(
                QueueUrl=settings().due_queue_url, ReceiptHandle=receipt, VisibilityTimeout=0
            )
        except ClientError as error:
            _logger.warning("a message was not given back", extra={"error": error.response["Error"]["Code"]})


def _queue_url(message: Due) -> str:
    """Deliveries have a queue of their own, so that slow receivers delay no renewal."""
    return settings().deliveries_queue_url if message.sweep == Sweep.DELIVERIES else settings().due_queue_url


def _sqs() -> Any:
    return aws.client("sqs")
