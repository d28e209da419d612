"""Dead letters are put back to where they failed, once; what can't be repeated stays."""

import json
from typing import Any

import boto3
import pytest

from infra.redrive import Redrive

pytestmark = pytest.mark.usefixtures("aws")


class Functions:
    """Remembers the calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: bytes) -> None:  # noqa: N803
        assert InvocationType == "Event"
        self.calls.append((FunctionName, json.loads(Payload)))


@pytest.fixture
def redrive() -> Redrive:
    sqs = boto3.client("sqs")
    fifo = {"FifoQueue": "true"}
    outputs = {
        "DueDeadLettersUrl": sqs.create_queue(QueueName="due-dead.fifo", Attributes=fifo)["QueueUrl"],
        "DueQueueUrl": sqs.create_queue(QueueName="due-again.fifo", Attributes=fifo)["QueueUrl"],
        "NoticesDeadLettersUrl": sqs.create_queue(QueueName="notices-dead")["QueueUrl"],
        "NoticesQueueUrl": sqs.create_queue(QueueName="notices-again")["QueueUrl"],
        "FailuresQueueUrl": sqs.create_queue(QueueName="failures")["QueueUrl"],
    }
    return Redrive(outputs, sqs, Functions())


def send(redrive: Redrive, output: str, bodies: list[str], **order: str) -> None:
    for place, body in enumerate(bodies):
        more = {**order, "MessageDeduplicationId": f"d{place}"} if order else {}
        redrive.queues.send_message(QueueUrl=redrive.outputs[output], MessageBody=body, **more)


def bodies(redrive: Redrive, output: str) -> list[str]:
    found = redrive.queues.receive_message(QueueUrl=redrive.outputs[output], MaxNumberOfMessages=10)
    return sorted(message["Body"] for message in found.get("Messages", []))


def test_messages_go_back_into_their_queue_in_the_group_of_their_payer(redrive: Redrive) -> None:
    send(redrive, "DueDeadLettersUrl", ["a", "b"], MessageGroupId="prt_1")

    assert redrive.again("due") == (2, 0)

    assert bodies(redrive, "DueQueueUrl") == ["a", "b"]
    assert redrive.again("due") == (0, 0)


def test_more_messages_than_one_request_reads_go_back(redrive: Redrive) -> None:
    send(redrive, "NoticesDeadLettersUrl", [str(number) for number in range(23)])
    assert redrive.count("notices") == 23

    assert redrive.again("notices") == (23, 0)

    assert redrive.count("notices") == 0


def test_a_call_that_was_given_up_is_repeated_and_a_batch_of_a_stream_stays(redrive: Redrive) -> None:
    call = {"requestContext": {"functionArn": "arn:suppress"}, "requestPayload": {"detail": {"bounce": 1}}}
    batch = {"requestContext": {"functionArn": "arn:publish"}, "DDBStreamBatchInfo": {"shardId": "s"}}
    send(redrive, "FailuresQueueUrl", [json.dumps(call), json.dumps(batch)])

    assert redrive.again("failures") == (1, 1)

    assert redrive.functions.calls == [("arn:suppress", {"detail": {"bounce": 1}})]


def test_what_nobody_needs_is_discarded(redrive: Redrive) -> None:
    send(redrive, "NoticesDeadLettersUrl", ["a", "b"])

    assert redrive.discard("notices") == 2

    assert (redrive.count("notices"), bodies(redrive, "NoticesQueueUrl")) == (0, [])
