"""A process makes one DynamoDB client: each costs tens of milliseconds and connections of its own."""

from collections import Counter
from typing import Any

import pytest
from botocore.session import Session

from chalicelib import aws
from tests.world import World


def tables(kind: type[aws.Table] = aws.Table) -> list[type[aws.Table]]:
    return [kind, *(below for child in kind.__subclasses__() for below in tables(child))]


@pytest.fixture
def made(aws: None, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """The clients made from now on, by service, in a process that has none yet."""
    counted: Counter[str] = Counter()
    create = Session.create_client

    def create_client(self: Session, service: str, *args: Any, **kwargs: Any) -> Any:
        counted[service] += 1
        return create(self, service, *args, **kwargs)

    monkeypatch.setattr(Session, "create_client", create_client)
    forget_clients(monkeypatch)
    return counted


def forget_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    aws._tables.cache_clear()
    for table in tables():
        monkeypatch.setattr(table, "_connection", None)


def test_all_tables_share_a_client(made: Counter[str]) -> None:
    world = World()
    world.create()

    world.advance(days=31)

    assert made["dynamodb"] == 1
