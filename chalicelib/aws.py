"""The process's one way to AWS: a botocore session for all clients, and a DynamoDB client for all tables.

A client costs tens of milliseconds of CPU and a TLS connection, and each session reads botocore's data anew: see
docs/decisions/cold-start.md.
"""

from functools import cache
from threading import RLock
from typing import Any

from botocore.config import Config
from botocore.session import Session, get_session
from pynamodb.connection import Connection, TableConnection
from pynamodb.models import Model

_making = RLock()
"""A session makes one client at a time; several threads may need their first at once."""


def client(service: str, config: Config | None = None) -> Any:
    """The client of a service, as botocore names it; with a `config`, a new one, which whoever asks keeps."""
    with _making:
        return _client(service) if config is None else _session().create_client(service, config=config)


class Tables(Connection):
    """PynamoDB's connection, on our session."""

    @property
    def session(self) -> Session:
        return _session()


def tables() -> Connection:
    """The connection of transactions, whose DynamoDB client serves all tables."""
    with _making:
        return _tables()


class Table(Model):
    """A PynamoDB model of a table of ours. PynamoDB itself would make a client for each model."""

    @classmethod
    def _get_connection(cls) -> TableConnection:
        known = cls._connection
        table = super()._get_connection()
        if table is not known:
            with _making:
                table.connection._client = tables().client
        return table


@cache
def _session() -> Session:
    return get_session()


@cache
def _client(service: str) -> Any:
    return _session().create_client(service)


@cache
def _tables() -> Connection:
    return Tables()
