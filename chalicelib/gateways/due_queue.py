"""The queues that wake workers: FIFO, one message group per payer or, for deliveries, per webhook."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError
from botocore.session import get_session

from chalicelib.config import settings
from chalicelib.domain.accounts.lifecycle import Sweep

_logger = Logger(service="sublet", child=True)

_BATCH = 10
"""SQS takes no more messages at once."""


@dataclass(frozen=True, slots=True)
class Due:
    """Subjects of one payer that fell due, found by a run of a sweep; a webhook is its deliveries' payer.

    The queue only wakes: whether they still are, the worker reads.
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


class SendingFailed(Exception):
    """Some messages were not taken; what they told of is still due, and the next sweep tells it again."""


def send(messages: Sequence[Due], *, first: int) -> None:
    """Send messages of one run; ``first`` counts those this run sent before, which makes each one's deduplication id.

    The id names run and place, not content: content that was sent before must be sendable again.
    """
    for start in range(0, len(messages), _BATCH):
        queue_url = _queue_url(messages[start])
        entries = [
            {
                "Id": str(place),
                "MessageBody": message.body(),
                "MessageGroupId": message.payer,
                "MessageDeduplicationId": f"{message.run}-{first + start + place}",
            }
            for place, message in enumerate(messages[start : start + _BATCH])
        ]
        answer = _sqs().send_message_batch(QueueUrl=queue_url, Entries=entries)
        if answer.get("Failed"):
            raise SendingFailed(f"{len(answer['Failed'])} of {len(entries)} messages were not taken")


def give_back(receipts: Sequence[str]) -> None:
    """Make messages visible again now. One that can't be is delivered again when its time is up: nothing is lost."""
    for receipt in receipts:
        try:
            _sqs().change_message_visibility(
                QueueUrl=settings().due_queue_url, ReceiptHandle=receipt, VisibilityTimeout=0
            )
        except ClientError as error:
            _logger.warning("a message waits for its time", extra={"error": error.response["Error"]["Code"]})


def _queue_url(message: Due) -> str:
    """Deliveries have a queue of their own: receivers that take their time hold up no renewal."""
    return settings().deliveries_queue_url if message.sweep == Sweep.DELIVERIES else settings().due_queue_url


@cache
def _sqs() -> Any:
    return get_session().create_client("sqs")
