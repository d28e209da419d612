"""The requests that something makes to DynamoDB."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from botocore.client import BaseClient


@contextmanager
def requests_counted() -> Iterator[list[str]]:
    """The requests that DynamoDB gets meanwhile, whichever client makes them: `Query accounts`. The clock, which only a
    sandbox reads, and the sandbox card processor are left out.
    """
    asked: list[str] = []
    make = BaseClient._make_api_call

    def noted(self: Any, operation: str, given: dict[str, Any]) -> Any:
        tables = list(dict.fromkeys(_tables(given)))
        if self.meta.service_model.service_name == "dynamodb" and tables not in (["control"], ["sandbox"]):
            asked.append(" ".join([operation, *tables]))
        return make(self, operation, given)

    with patch.object(BaseClient, "_make_api_call", noted):
        yield asked


def _tables(given: dict[str, Any]) -> Iterator[str]:
    named = [given["TableName"]] if "TableName" in given else [*given.get("RequestItems", ())]
    named += [next(iter(write.values()))["TableName"] for write in given.get("TransactItems", ())]
    return (name.removeprefix("sublet-") for name in named)
