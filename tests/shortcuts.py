"""Shortcuts around what costs moto and botocore most, and a lock that makes moto's DynamoDB as atomic as the real one.

Requests to DynamoDB are made and validated by botocore, handed to moto's handler, and its answers are read by botocore:
only what HTTP needs in between (signing, headers, matching of URLs) is left out. All of it is off the path of what the
tests are about; what goes over the wire is shown by the tests on the deployed stack.
"""

import copy
import functools
import threading
from types import SimpleNamespace
from typing import Any

import moto.core.responses
import moto.dynamodb.models
from botocore.awsrequest import AWSResponse
from botocore.endpoint import Endpoint
from botocore.useragent import UserAgentString
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.responses import BaseResponse
from moto.core.serialize import ResponseSerializer
from moto.core.utils import get_service_model
from moto.dynamodb.responses import DynamoHandler

ACCOUNT, REGION = "123456789012", "us-east-1"


def install() -> None:
    """Put the shortcuts in place, for the whole process."""
    _one_at_a_time()
    _cheap_transactions()
    _cheap_answers()
    _no_wire()


_LOCK = threading.RLock()


def _one_at_a_time() -> None:
    """Moto's transactions tear under threads."""
    original = BotocoreStubber.__call__

    def call(self: BotocoreStubber, *args: Any, **kwargs: Any) -> Any:
        with _LOCK:
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
    """Spare moto asking each attribute for all ten types of value (it is as on the wire), and the like."""
    original = ResponseSerializer._serialize_type_structure

    def serialize(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and type(value) is dict:
            self._default_serialize(serialized, value, shape, key)
        else:
            original(self, serialized, value, shape, key)

    ResponseSerializer._serialize_type_structure = serialize  # type: ignore[method-assign]
    for name in ("method_names_from_class", "camelcase_to_underscores"):
        setattr(moto.core.responses, name, functools.cache(getattr(moto.core.responses, name)))
    moto.core.responses.gen_amzn_requestid_long = lambda headers=None: "request-id"


_MOCKED = f"https://dynamodb.{REGION}.amazonaws.com"
"""Where moto's DynamoDB is. The deployed stack's DynamoDB is at an address of its own, and asked over HTTP."""


class _Unsent:
    """A request to DynamoDB as botocore would sign and send it."""

    url = _MOCKED

    def __init__(self, request: dict[str, Any]) -> None:
        self.headers, self.body = request["headers"], request["body"]

    def reset_stream(self) -> None:
        """Nothing was read."""


def _no_wire() -> None:
    """Hand requests for DynamoDB to moto's handler, past signing and HTTP."""
    create, respond = Endpoint.create_request, Endpoint._do_get_response

    def created(self: Any, request: dict[str, Any], operation: Any = None) -> Any:
        is_mocked = self._endpoint_prefix == "dynamodb" and self.host == _MOCKED and _is_mocked()
        return _Unsent(request) if is_mocked else create(self, request, operation)

    def response(self: Any, request: Any, operation: Any, context: Any) -> Any:
        if not isinstance(request, _Unsent):
            return respond(self, request, operation, context)
        with _LOCK:
            answer = _answer(operation.name, request)
        parser = self._response_parser_factory.create_parser("json")
        http = {
            "headers": answer.headers,
            "status_code": answer.status_code,
            "body": answer.content,
            "context": {},
        }
        parsed = parser.parse(http, operation.output_shape)
        if answer.status_code >= 300:
            self._add_modeled_error_fields(http, parsed, operation, parser)
        return (answer, parsed), None

    Endpoint.create_request = created
    Endpoint._do_get_response = response
    UserAgentString.to_string = lambda self: "tests"


def _is_mocked() -> bool:
    from moto.core.models import botocore_stubber

    return bool(botocore_stubber.enabled)


def _answer(operation: str, request: _Unsent) -> AWSResponse:
    """What moto's handler answers."""
    handler = DynamoHandler()
    handler.headers = {"X-Amz-Target": f"DynamoDB_20120810.{operation}", "Content-Type": "application/x-amz-json-1.0"}
    handler.region, handler.partition, handler.current_account = REGION, "aws", ACCOUNT
    handler.response_headers, handler.querystring = {}, {}
    handler.body = handler.params = _parser(operation).parse(
        {"method": "POST", "values": {}, "headers": handler.headers, "body": request.body, "url_path": "/"}
    )
    status, headers, body = BaseResponse.call_action(handler)
    return AWSResponse(request.url, status, headers, MockRawResponse(body))


@functools.cache
def _parser(operation: str) -> Any:
    return PROTOCOL_PARSERS["json"](
        get_service_model("dynamodb").operation_model(operation), map_type=DynamoHandler.PROTOCOL_PARSER_MAP_TYPE
    )
