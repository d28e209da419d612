"""What the tests on moto share: one mocked AWS, its tables made from the template, emptied between tests."""

import copy
import functools
import gc
import os
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import moto.core.responses
import moto.dynamodb.models
import pytest
from moto import mock_aws
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.serialize import ResponseSerializer

from infra.tables import table_definitions

pytest.register_assert_rewrite("tests.books", "tests.faults")

TABLES = table_definitions()
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "STAGE": "test",
    "DUE_SHARDS": "1",
    "EVENT_BUS": "sublet-events",
    "MAIL_CONFIGURATION_SET": "sublet-mail",
    "MASTER_KEY_PARAMETER": "/sublet/master-key",
    "DOCUMENTS_BUCKET": "sublet-documents",
    "RENDER_INVOICE_FUNCTION": "render_invoice",
    "SEND_PASSWORD_RESET_FUNCTION": "send_password_reset",
    "POWERTOOLS_SERVICE_NAME": "sublet",
    "POWERTOOLS_METRICS_NAMESPACE": "Sublet",
    "POWERTOOLS_TRACE_DISABLED": "1",
    **{table.env_var: table.name for table in TABLES},
}
# Emulated tables are many small objects that live long: looking for cycles among them less often saves time.
gc.set_threshold(100_000, 50, 100)


def _one_at_a_time() -> None:
    """Make moto's DynamoDB as atomic as the real one: its transactions tear under threads."""
    lock = threading.RLock()
    original = BotocoreStubber.__call__

    def call(self: BotocoreStubber, *args: Any, **kwargs: Any) -> Any:
        with lock:
            return original(self, *args, **kwargs)

    BotocoreStubber.__call__ = call  # type: ignore[method-assign]


def table_copied(table: Any) -> Any:
    """A table of moto's as it is now. Its items are shared: a put replaces them, none is changed in place."""
    copied = copy.copy(table)
    copied.items = type(table.items)(table.items.default_factory)
    for key, found in table.items.items():
        copied.items[key] = found.copy() if isinstance(found, dict) and table.has_range_key else found
    if table.stream_shard is not None:
        copied.stream_shard = copy.copy(table.stream_shard)
        copied.stream_shard.table = copied
        copied.stream_shard.items = list(table.stream_shard.items)
    return copied


def _cheap_transactions() -> None:
    """Spare moto the deep copy of whole tables it makes before each transaction; ours put, delete and check only."""

    def deepcopy(thing: Any) -> Any:
        is_table = isinstance(thing, moto.dynamodb.models.Table)
        return table_copied(thing) if is_table else copy.deepcopy(thing)

    moto.dynamodb.models.copy = SimpleNamespace(deepcopy=deepcopy)


def _cheap_answers() -> None:
    """Spare moto asking each attribute for all ten types of value (it is as on the wire), and its methods anew."""
    original = ResponseSerializer._serialize_type_structure

    def serialize(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and type(value) is dict:
            self._default_serialize(serialized, value, shape, key)
        else:
            original(self, serialized, value, shape, key)

    ResponseSerializer._serialize_type_structure = serialize  # type: ignore[method-assign]
    moto.core.responses.method_names_from_class = functools.cache(moto.core.responses.method_names_from_class)


_one_at_a_time()
_cheap_transactions()
_cheap_answers()


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
    from moto.events import events_backends
    from moto.sqs import sqs_backends

    from chalicelib.config import settings
    from chalicelib.models import control, parties

    for backends in (dynamodb_backends, sqs_backends, events_backends):
        backends.reset()
    parties._kept.cache_clear()
    client = boto3.client("dynamodb")
    for table in TABLES:
        client.create_table(**table.create_table_arguments)
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName="due.fifo", Attributes={"FifoQueue": "true"})
    boto3.client("ssm").put_parameter(
        Name=ENVIRONMENT["MASTER_KEY_PARAMETER"], Value="known to tests alone" * 2, Type="SecureString", Overwrite=True
    )
    os.environ["DUE_QUEUE_URL"] = queue["QueueUrl"]
    deliveries = sqs.create_queue(QueueName="deliveries.fifo", Attributes={"FifoQueue": "true"})
    os.environ["DELIVERIES_QUEUE_URL"] = deliveries["QueueUrl"]
    os.environ["NOTICES_QUEUE_URL"] = sqs.create_queue(QueueName="notices")["QueueUrl"]
    boto3.client("events").create_event_bus(Name=ENVIRONMENT["EVENT_BUS"])
    settings.cache_clear()
    control.cursor_secret.cache_clear()
