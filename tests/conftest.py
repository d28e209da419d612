"""What the tests on moto share: one mocked AWS, its tables made from the template, emptied between tests."""

import os
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber

from infra.tables import table_definitions

ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "STAGE": "test",
    "DUE_SHARDS": "1",
    "POWERTOOLS_SERVICE_NAME": "sublet",
    "POWERTOOLS_METRICS_NAMESPACE": "Sublet",
    "POWERTOOLS_TRACE_DISABLED": "1",
    **{table.env_var: table.name for table in table_definitions()},
}


def _one_at_a_time() -> None:
    """Make moto's DynamoDB as atomic as the real one: its transactions tear under threads."""
    lock = threading.RLock()
    original = BotocoreStubber.__call__

    def call(self: BotocoreStubber, *args: Any, **kwargs: Any) -> Any:
        with lock:
            return original(self, *args, **kwargs)

    BotocoreStubber.__call__ = call  # type: ignore[method-assign]


_one_at_a_time()


@pytest.fixture(scope="session")
def _mocked() -> Iterator[None]:
    kept = dict(os.environ)
    os.environ.update(ENVIRONMENT)
    with mock_aws():
        yield
    os.environ.clear()
    os.environ.update(kept)


@pytest.fixture
def aws(_mocked: None) -> Iterator[None]:
    """An empty AWS with the product's tables and its queue."""
    reset_aws()
    return


def reset_aws() -> None:
    """Empty the mocked AWS and make tables and queue anew; also between examples of a property test."""
    from moto.core.base_backend import BackendDict  # noqa: F401 - moto registers its backends on import
    from moto.dynamodb import dynamodb_backends
    from moto.sqs import sqs_backends

    from chalicelib.config import settings
    from chalicelib.models import control

    for backends in (dynamodb_backends, sqs_backends):
        backends.reset()
    client = boto3.client("dynamodb")
    for table in table_definitions():
        client.create_table(**table.create_table_arguments)
    queue = boto3.client("sqs").create_queue(QueueName="due.fifo", Attributes={"FifoQueue": "true"})
    os.environ["DUE_QUEUE_URL"] = queue["QueueUrl"]
    settings.cache_clear()
    control.cursor_secret.cache_clear()
