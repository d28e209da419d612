"""The process's one way to AWS: a botocore session for all clients, and a DynamoDB client for all tables.

A client costs tens of milliseconds of CPU and a TLS connection, and each session reads botocore's data anew: see
docs/decisions/cold-start.md.
"""

from functools import cache
from threading import RLock
from typing import Any

import botocore
from botocore.config import Config
from botocore.parsers import JSONParser
from botocore.serialize import JSONSerializer
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
    """PynamoDB's connection, on our session. Items go over the wire as PynamoDB gives and takes them.

    botocore would walk through every attribute, there and back, for bytes and instants to convert. DynamoDB's protocol
    has no instants, and our tables no bytes; what is left is JSON (docs/decisions/row-path.md).
    """

    @property
    def session(self) -> Session:
        return _session()

    @property
    def client(self) -> Any:
        client: Any = super().client
        if not isinstance(client._serializer, _AsGiven):
            client._serializer, client._endpoint._response_parser_factory = _AsGiven(), _AsAnswered
        return client


class _AsGiven(JSONSerializer):  # type: ignore[misc]  # botocore has no types
    def _serialize(self, serialized: Any, value: Any, shape: Any, key: Any = None) -> None:  # noqa: ARG002
        serialized.update(value)


class _AsAnswered(JSONParser):  # type: ignore[misc]
    @classmethod
    def create_parser(cls, protocol: str) -> "_AsAnswered":  # noqa: ARG003
        return cls()

    def _do_parse(self, response: Any, shape: Any) -> Any:  # noqa: ARG002
        answer = self._parse_body_as_json(response["body"])
        self._inject_response_metadata(answer, response["headers"])
        return answer


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
    session = get_session()
    # botocore would put its own together anew for each request, from forty parts
    session.set_default_client_config(Config(user_agent=f"Sublet Botocore/{botocore.__version__}"))
    return session


@cache
def _client(service: str) -> Any:
    return _session().create_client(service)


@cache
def _tables() -> Connection:
    return Tables()
