"""The packaged stack, really deployed: once for all tests that ask for it, on a port and in a directory of its own."""

from collections.abc import Iterator

import pytest

from infra.local.stack import LocalStack
from tests import calls

API = "-APIHandler-"
"""In the name of the function that is told the names of most resources."""


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The deployed stack: `.base_url`, `.operator_key`, `.deployed` with clients, outputs and settings."""
    with LocalStack(home=tmp_path_factory.mktemp("stack")) as running:
        yield running
        (api,) = [
            each for each in running.deployed.functions.list_functions()["Functions"] if API in each["FunctionName"]
        ]
        calls.note_allowed(running.emulator.rights.read_text(encoding="utf-8"), api["Environment"]["Variables"])
