"""Dead-letter queues: `python -m infra.redrive list`, and once the cause is repaired `… again QUEUE` or `… discard`.

`list` counts the messages of each queue. `again` sends them again: a message to the queue it came from, a failed call
to its function. Nothing is charged, mailed or posted twice. Two kinds can't be sent again and stay: batches of a stream
(`python -m infra.events rebuild` publishes them) and failed starts of a schedule (the next run does their work).
`discard` deletes the messages of a queue. `--local` means the stack on this machine, `--stack NAME` one
on AWS. Exit code 0: nothing is left. 1: something is. 2: the stack could not be reached.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
from rich.console import Console
from rich.table import Table

from infra.commands import DONE, parser_of, run, stack_of, stack_options
from infra.stacks import stack_outputs

LEFT = 1

QUEUES = {
    "due": ("DueDeadLettersUrl", "DueQueueUrl"),
    "notices": ("NoticesDeadLettersUrl", "NoticesQueueUrl"),
    "deliveries": ("DeliveriesDeadLettersUrl", "DeliveriesQueueUrl"),
    "failures": ("FailuresQueueUrl", None),
}
"""By name: the stack's outputs with the address of the dead letters, and of the queue that they come from."""
_HIDDEN_SECONDS = 300
"""How long a message that was read stays hidden: longer than the command needs for all of them."""


@dataclass
class Redrive:
    """The queues of a deployed stack."""

    outputs: dict[str, str]
    queues: Any
    functions: Any

    def count(self, queue: str) -> int:
        """How many messages a queue of failures has, about."""
        wanted = ["ApproximateNumberOfMessages"]
        url = self.outputs[QUEUES[queue][0]]
        counted = self.queues.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]
        return int(counted[wanted[0]])

    def again(self, queue: str) -> tuple[int, int]:
        """Put each message back to where it failed. Returns how many were, and how many could not be."""
        failed, back_to = QUEUES[queue]
        repeated = left = 0
        for message in self._read(queue):
            if back_to is not None:
                self._send(self.outputs[back_to], message)
            elif not self._call(message):
                left += 1
                continue
            self.queues.delete_message(QueueUrl=self.outputs[failed], ReceiptHandle=message["ReceiptHandle"])
            repeated += 1
        return repeated, left

    def discard(self, queue: str) -> int:
        """Delete all messages. Returns how many."""
        url, discarded = self.outputs[QUEUES[queue][0]], 0
        for message in self._read(queue):
            self.queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            discarded += 1
        return discarded

    def _read(self, queue: str) -> Iterator[dict[str, Any]]:
        while True:
            messages = self.queues.receive_message(
                QueueUrl=self.outputs[QUEUES[queue][0]],
                MaxNumberOfMessages=10,
                VisibilityTimeout=_HIDDEN_SECONDS,
                AttributeNames=["MessageGroupId", "MessageDeduplicationId"],
            ).get("Messages", [])
            if not messages:
                return
            yield from messages

    def _send(self, url: str, message: dict[str, Any]) -> None:
        """Send a message anew. What it names is still due or still to be mailed, or is ignored."""
        known = message.get("Attributes", {})
        order = {name: known[name] for name in ("MessageGroupId", "MessageDeduplicationId") if name in known}
        self.queues.send_message(QueueUrl=url, MessageBody=message["Body"], **order)

    def _call(self, message: dict[str, Any]) -> bool:
        """Repeat a call that was given up; whether the message is one."""
        body = json.loads(message["Body"])
        if "requestPayload" not in body:
            return False
        self.functions.invoke(
            FunctionName=body["requestContext"]["functionArn"],
            InvocationType="Event",
            Payload=json.dumps(body["requestPayload"]).encode(),
        )
        return True


def main(argv: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    return run(arguments, _act)


def _act(arguments: argparse.Namespace) -> int:
    console = Console(highlight=False)
    outputs = stack_outputs(boto3.client("cloudformation"), stack_of(arguments))
    redrive = Redrive(outputs, boto3.client("sqs"), boto3.client("lambda"))
    if arguments.command == "list":
        return _list(redrive, console)
    if arguments.command == "discard":
        console.print(f"{redrive.discard(arguments.queue):,} discarded.")
        return DONE
    repeated, left = redrive.again(arguments.queue)
    console.print(f"{repeated:,} put back.")
    if left:
        console.print(f"{left:,} can't be repeated: see the page of the alarm Failures, then discard them.")
    return LEFT if left else DONE


def _list(redrive: Redrive, console: Console) -> int:
    counts = {queue: redrive.count(queue) for queue in QUEUES}
    table = Table("Queue", "Messages")
    for queue, number in counts.items():
        table.add_row(queue, f"{number:,}")
    console.print(table)
    if not any(counts.values()):
        return DONE
    console.print("\nOnce the cause is repaired: `python -m infra.redrive again QUEUE`.")
    return LEFT


def _parser() -> argparse.ArgumentParser:
    where = stack_options()
    parser = parser_of("infra.redrive", __doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", parents=[where], help="show how many messages each queue has")
    for name, what in (("again", "put messages back to where they failed"), ("discard", "delete the messages")):
        command = commands.add_parser(name, parents=[where], help=what)
        command.add_argument("queue", choices=QUEUES, metavar="QUEUE", help=", ".join(QUEUES))
    return parser


if __name__ == "__main__":
    sys.exit(main())
