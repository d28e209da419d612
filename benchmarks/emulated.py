"""Empty tables of the product on an emulator of this process's own, for benchmarks without functions and HTTP."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import boto3

from infra.local.emulator import CREDENTIALS, Emulator, free_port
from infra.tables import table_definitions

Item = dict[str, Any]

BATCH = 25
"""The most items of one batch of writes."""


@contextmanager
def tables(home: Path, *, endpoint: str | None = None) -> Iterator[None]:
    """The tables and the queue of due accounts, and this process configured to use them.

    They are on an emulator, unless ``endpoint`` is another DynamoDB's, which then has the tables. Only once a process:
    clients keep the address they were made with.
    """
    emulator = Emulator(port=free_port(), home=home, keep=False)
    emulator.start()
    try:
        definitions = table_definitions()
        os.environ.update(CREDENTIALS, AWS_ENDPOINT_URL=f"http://127.0.0.1:{emulator.port}", STAGE="local")
        if endpoint is not None:
            os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = endpoint
        os.environ.update({definition.env_var: definition.name for definition in definitions})
        for definition in definitions:
            arguments = definition.create_table_arguments
            client().create_table(**{name: of for name, of in arguments.items() if name != "StreamSpecification"})
        queue = boto3.client("sqs").create_queue(QueueName="due.fifo", Attributes={"FifoQueue": "true"})
        os.environ["DUE_QUEUE_URL"] = queue["QueueUrl"]
        yield
    finally:
        emulator.stop()


@cache
def client() -> Any:
    """A client of DynamoDB for the benchmark's own requests."""
    return boto3.client("dynamodb")


def item(table: str, **key: str) -> Item:
    """An item that exists, as it is on the wire."""
    found: Item = client().get_item(TableName=table, Key={name: {"S": of} for name, of in key.items()})["Item"]
    return found


def write(table: str, items: Sequence[Item]) -> None:
    """Write up to :data:`BATCH` items past the product."""
    client().batch_write_item(RequestItems={table: [{"PutRequest": {"Item": each}} for each in items]})
