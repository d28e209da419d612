"""What the tests on moto share: one mocked AWS, its tables made from the template, emptied between tests."""

import functools
import gc
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from argon2 import PasswordHasher
from moto import mock_aws
from xdist.scheduler import LoadScopeScheduling

from infra.tables import table_definitions
from tests import calls, shortcuts, translated
from tests.proving import PROVING
from tests.shortcuts import ACCOUNT, REGION, queue_emptied, table_copied

pytest.register_assert_rewrite("tests.books", "tests.faults", "tests.breaker")

TABLES = table_definitions()
UNLIMITED = {"KEY_RATE": "0", "ADDRESS_RATE": "0"}
"""No request is refused for its number, however fast the tests are; known to tests that need no tables, too."""
os.environ.update(UNLIMITED)
ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "STAGE": "test",
    "DUE_SHARDS": "1",
    **UNLIMITED,
    "EVENT_BUS": "sublet-events",
    "MAIL_CONFIGURATION_SET": "sublet-mail",
    "MASTER_KEY_PARAMETER": "/sublet/master-key",
    "DOCUMENTS_BUCKET": "sublet-documents",
    "RENDER_INVOICE_FUNCTION": "render_invoice",
    "SEND_PASSWORD_RESET_FUNCTION": "send_password_reset",
    "API_URL": "https://api.example/api",
    "POWERTOOLS_SERVICE_NAME": "sublet",
    "POWERTOOLS_METRICS_NAMESPACE": "Sublet",
    "POWERTOOLS_TRACE_DISABLED": "1",
    **{table.env_var: table.name for table in TABLES},
}
# Emulated tables are many small objects that live long: looking for cycles among them less often saves time.
gc.set_threshold(100_000, 50, 100)


shortcuts.install()
translated.watch()


class FileByFile(LoadScopeScheduling):
    """A worker takes a file at a time; all files on the deployed stack are taken by one, which deploys it once.

    Files of exhaustive tests take minutes each: these are taken test by test.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        on_the_stack = file.startswith("tests/stack/") and not file.endswith("test_packaging.py")
        return "tests/stack" if on_the_stack else nodeid if PROVING else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FileByFile:
    """xdist's own groups need a pytest before 9.2, whose items' ids can be changed."""
    return FileByFile(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--calls", choices=["record", "compare"], help="what functions use of AWS; for a run of all tests")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker of xdist tells what it saw."""
    calls.used.update(calls.parse(getattr(node, "workeroutput", {}).get("calls", {})))


def pytest_sessionfinish(session: pytest.Session) -> None:
    workeroutput = getattr(session.config, "workeroutput", None)
    if workeroutput is not None:
        workeroutput["calls"] = calls.grouped(calls.used)
    elif session.exitstatus == 0 and session.config.getoption("--calls") == "record":
        calls.write_record()
    elif session.exitstatus == 0 and session.config.getoption("--calls") == "compare" and calls.differences():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if config.getoption("--calls") == "compare":
        for difference in calls.differences():
            terminalreporter.write_line(difference, red=True)


@pytest.fixture(scope="session")
def _mocked() -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(ENVIRONMENT)
    from chalicelib.domain.audit import earnings
    from chalicelib.services.accounts import passwords

    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    never = timedelta(days=36_500)  # nobody reads the streams here unless a test does: what they bring is not missed
    with mock_aws(), patch.object(passwords, "_hasher", lambda: cheap), patch.object(earnings, "POSTED_WITHIN", never):
        yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def aws(_mocked: None) -> Iterator[None]:
    """An empty AWS with the product's tables and its queue."""
    reset_aws()
    return


def reset_aws() -> None:
    """Empty the mocked AWS: its tables and queues as they were when they were made; also between examples."""
    from moto.core.base_backend import BackendDict
    from moto.dynamodb import dynamodb_backends
    from moto.sqs import sqs_backends

    from chalicelib.config import settings
    from chalicelib.models import control
    from chalicelib.models.billing import parties
    from chalicelib.services import request_limits

    made = _made_once()
    for backends in BackendDict._instances:
        if backends.service_name not in MADE_ONCE:
            for backend in backends.values():
                backend.reset()
    os.environ.update(made.queue_urls)
    dynamodb_backends[ACCOUNT][REGION].tables = {name: table_copied(table) for name, table in made.tables.items()}
    sqs_backends[ACCOUNT][REGION].queues = {name: queue_emptied(queue) for name, queue in made.queues.items()}
    settings.cache_clear()
    control.cursor_secret.cache_clear()
    parties.keep.cache_clear()
    request_limits._tallies.cache_clear()


MADE_ONCE = ("dynamodb", "sqs", "events", "ssm")


@dataclass(frozen=True)
class Made:
    """Tables and queues, empty, and the settings that name the queues."""

    tables: dict[str, Any]
    queues: dict[str, Any]
    queue_urls: dict[str, str]


@functools.cache
def _made_once() -> Made:
    """Make tables from the template, queues, the bus and the master key."""
    from moto.dynamodb import dynamodb_backends
    from moto.sqs import sqs_backends

    dynamodb, sqs = boto3.client("dynamodb"), boto3.client("sqs")
    for table in TABLES:
        dynamodb.create_table(**table.create_table_arguments)
    boto3.client("ssm").put_parameter(
        Name=ENVIRONMENT["MASTER_KEY_PARAMETER"], Value="known to tests alone" * 2, Type="SecureString", Overwrite=True
    )
    boto3.client("events").create_event_bus(Name=ENVIRONMENT["EVENT_BUS"])
    fifo = {"FifoQueue": "true"}
    urls = {
        "DUE_QUEUE_URL": sqs.create_queue(QueueName="due.fifo", Attributes=fifo)["QueueUrl"],
        "DELIVERIES_QUEUE_URL": sqs.create_queue(QueueName="deliveries.fifo", Attributes=fifo)["QueueUrl"],
        "NOTICES_QUEUE_URL": sqs.create_queue(QueueName="notices")["QueueUrl"],
    }
    here = dynamodb_backends[ACCOUNT][REGION], sqs_backends[ACCOUNT][REGION]
    return Made(dict(here[0].tables), dict(here[1].queues), urls)
