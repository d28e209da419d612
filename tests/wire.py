"""Requests to moto without the wire between: no addresses, headers, signing or HTTP.

A request to a service in ``HANDLERS`` is made and validated by botocore and handed to moto's handler. Its answer is
read by botocore, but for operations on DynamoDB's items, whose answers are on the wire as they are. What goes over the
wire is shown by the tests on the deployed stack.
"""

import json
import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from botocore.endpoint import Endpoint
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse
from moto.core.models import botocore_stubber
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.responses import BaseResponse
from moto.core.utils import get_service_model
from moto.dynamodb.responses import DynamoHandler
from moto.dynamodbstreams.responses import DynamoDBStreamsHandler
from moto.sqs.responses import SQSResponse

from tests import calls

ACCOUNT, REGION = "123456789012", "us-east-1"
HANDLERS: dict[str, type[BaseResponse]] = {
    f"https://{address}.{REGION}.amazonaws.com": handler
    for address, handler in {
        "dynamodb": DynamoHandler,
        "streams.dynamodb": DynamoDBStreamsHandler,
        "sqs": SQSResponse,
    }.items()
}
"""By where they are. The deployed stack's services are at an address of its own, and asked over HTTP."""
ON_ITEMS = {
    *("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"),
    *("BatchGetItem", "BatchWriteItem", "TransactGetItems", "TransactWriteItems"),
}
LOCK = threading.RLock()


def cut() -> None:
    """Leave the wire out, for the whole process; moto gets one request at a time, since its transactions tear."""
    stubbed, call = BotocoreStubber.__call__, BaseClient._make_api_call
    create, respond = Endpoint.create_request, Endpoint._do_get_response

    def answered(self: Any, *args: Any, **kwargs: Any) -> Any:
        with LOCK:
            return stubbed(self, *args, **kwargs)

    def called(self: Any, operation: str, asked: dict[str, Any]) -> Any:
        calls.note(self, operation, asked)
        if self._endpoint.host not in HANDLERS or not botocore_stubber.enabled:
            return call(self, operation, asked)
        meta = self.meta
        model, service = meta.service_model.operation_model(operation), meta.service_model.service_id.hyphenize()
        context = {"client_config": meta.config, "client_region": meta.region_name, "has_streaming_input": False}
        asked = self._emit_api_params(asked, model, context)
        request = self._serializer.serialize_to_request(asked, model) | {"context": context}
        meta.events.emit(f"before-call.{service}.{operation}", model=model, params=request, context=context)
        answer, parsed = self._endpoint.make_request(model, request)
        told = {"http_response": answer, "parsed": parsed, "model": model, "context": context}
        meta.events.emit(f"after-call.{service}.{operation}", **told)
        if answer.status_code >= 300:
            raise self.exceptions.from_code(parsed["Error"]["Code"])(parsed, operation)
        return parsed

    def created(self: Any, request: dict[str, Any], operation: Any = None) -> Any:
        return create(self, request, operation) if "url" in request else _Unsent(self.host, request["body"])

    def response(self: Any, request: Any, operation: Any, context: Any) -> Any:
        if not isinstance(request, _Unsent):
            return respond(self, request, operation, context)
        with LOCK:
            handler = _handler_class(request.url)()
            handler.take(request, operation)
            status, headers, body = BaseResponse.call_action(handler)
        answer = AWSResponse(request.url, status, headers, MockRawResponse(body))
        if handler.result is not None:
            return (answer, _read(handler.result, operation)), None
        parser = self._response_parser_factory.create_parser("json")
        http = {"headers": answer.headers, "status_code": status, "body": answer.content, "context": {}}
        parsed = parser.parse(http, operation.output_shape)
        if status >= 300:
            self._add_modeled_error_fields(http, parsed, operation, parser)
        return (answer, parsed), None

    BotocoreStubber.__call__ = answered  # type: ignore[method-assign]
    BaseClient._make_api_call = called
    Endpoint.create_request = created
    Endpoint._do_get_response = response


@dataclass
class _Unsent:
    """A request as botocore would sign and send it."""

    url: str
    body: bytes

    def reset_stream(self) -> None:
        """Nothing was read."""


class _Unwired:
    """A handler of moto's that takes its request as it is, and keeps a result as it is instead of writing it."""

    result: dict[str, Any] | None = None

    def take(self: Any, request: _Unsent, operation: Any) -> None:
        content = "application/x-amz-json-1.0"
        self.headers = {"X-Amz-Target": f"{self.service_name}.{operation.name}", "Content-Type": content}
        self.region, self.partition, self.current_account = REGION, "aws", ACCOUNT
        self.uri, self.path, self.response_headers, self.querystring, self.uri_match = request.url, "/", {}, {}, {}
        self.on_items = operation.name in ON_ITEMS
        self.body = request.body.decode()
        self.params = json.loads(self.body) if self.on_items else self._parsed(operation.name)
        if isinstance(self, DynamoHandler):
            self.body = self.params

    def _parsed(self: Any, operation: str) -> Any:
        model = get_service_model(self.boto3_service_name).operation_model(operation)
        parser = PROTOCOL_PARSERS["json"](model, map_type=self.PROTOCOL_PARSER_MAP_TYPE)
        return parser.parse(
            {"method": "POST", "values": {}, "headers": self.headers, "body": self.body.encode(), "url_path": "/"}
        )

    def serialized(self: Any, action_result: Any) -> Any:
        if not self.on_items or isinstance(action_result.result, Exception):
            return super().serialized(action_result)
        self.result = action_result.result
        return 200, {}, ""


@cache
def _handler_class(address: str) -> Any:
    return type("Unwired", (_Unwired, HANDLERS[address]), {})


def _read(result: dict[str, Any], operation: Any) -> dict[str, Any]:
    """A result as botocore reads it off the wire."""
    members = operation.output_shape.members
    known = {name: value for name, value in result.items() if value is not None and name in members}
    return known | {"ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {}}}
