"""The product in this process behind a real HTTP server, with API Gateway's events but without API Gateway.

Requests to DynamoDB go to an emulator, but for the pages of the overview index. The emulator looks at every row of the
table for each, and takes seconds for 10,000 accounts; DynamoDB does not. So they are read off it once, cut as DynamoDB
cuts them (a megabyte of keys and attributes), and given at once whenever they are asked for. What follows of an answer
is the product's own: JSON, unpacking, rules, templates.
"""

import json
import logging
import os
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_urlsafe
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from botocore.awsrequest import AWSResponse

import app
from benchmarks.asking import CPU
from chalicelib.aws import tables
from chalicelib.models.accounts.accounts import AccountRow, OverviewIndex
from infra.local.emulator import HOST

MEGABYTE = 1_048_576
KEY = ("id", "partner_id", "created_at")
ASKED = "X-Asked"
"""The header with an answer's requests to DynamoDB."""


@dataclass
class Index:
    """One partner's part of the overview index, as answers of DynamoDB's."""

    items: list[dict[str, Any]]
    answers: dict[str, bytes] = field(default_factory=dict)
    """By what was asked for."""

    def answer(self, asked: dict[str, Any]) -> bytes:
        """A page, in the order and behind the key that were asked for."""
        mark = json.dumps([asked.get(name) for name in ("ScanIndexForward", "ExclusiveStartKey", "Limit")])
        if mark not in self.answers:
            self.answers[mark] = json.dumps(self._page(asked)).encode()
        return self.answers[mark]

    def _page(self, asked: dict[str, Any]) -> dict[str, Any]:
        items = self.items if asked.get("ScanIndexForward", True) else self.items[::-1]
        if start := asked.get("ExclusiveStartKey"):
            items = items[next(at for at, item in enumerate(items, 1) if item["id"] == start["id"]) :]
        most, size = asked.get("Limit", len(items)), 0
        page = []
        for item in items[:most]:
            size += sum(len(name) + len(value["S"]) for name, value in item.items())
            if size > MEGABYTE:
                break
            page.append(item)
        answer: dict[str, Any] = {"Items": page, "Count": len(page), "ScannedCount": len(page)}
        if len(page) < len(items):
            answer["LastEvaluatedKey"] = {name: page[-1][name] for name in KEY}
        return answer


def make_master_key() -> None:
    """The key that sessions and links are signed with; before anything asks for the settings."""
    os.environ["MASTER_KEY_PARAMETER"] = parameter = "/benchmark/master-key"
    boto3.client("ssm").put_parameter(Name=parameter, Value=token_urlsafe(32), Type="SecureString")


def index_of(partner_id: str) -> Index:
    """Reads the partner's part of the index off the emulator."""
    from chalicelib.models.accounts.overview import index_items

    return Index([dict(item) for item in index_items(partner_id)])


@contextmanager
def answering(index: Index) -> Iterator[Counter[str]]:
    """Queries of the overview index are answered from it meanwhile. Counts all requests to DynamoDB, by name."""
    events, asked = tables().client.meta.events, Counter[str]()

    def answer(request: Any, **_: Any) -> AWSResponse | None:
        asked[request.headers["X-Amz-Target"].decode().rpartition(".")[2]] += 1
        query = json.loads(request.body)
        if query.get("IndexName") != OverviewIndex.Meta.index_name or "KeyConditionExpression" not in query:
            return None
        body = index.answer(query)
        head = {"x-amz-crc32": str(zlib.crc32(body)), "content-type": "application/x-amz-json-1.0"}
        return AWSResponse(request.url, 200, head, SimpleNamespace(stream=lambda *_, **__: iter([body])))

    assert AccountRow._get_connection().connection.client is tables().client
    events.register("before-send.dynamodb", answer)
    try:
        yield asked
    finally:
        events.unregister("before-send.dynamodb", answer)


@contextmanager
def serving(asked: Counter[str], *, key: dict[str, str]) -> Iterator[str]:
    """The app at an address of this machine. Whoever asks the API has this key, as the authorizer says it."""
    logging.disable(logging.INFO)  # a line for each request

    class Requests(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.clear()
            event = self._event()
            began = time.thread_time()
            answer = app.app(event, SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: 29_000))
            cpu = (time.thread_time() - began) * 1000
            body = answer["body"].encode()
            self.send_response(answer["statusCode"])
            headers = [*answer["headers"].items()]
            headers += [(name, each) for name, some in (answer.get("multiValueHeaders") or {}).items() for each in some]
            for name, value in [
                *headers,
                ("Content-Length", len(body)),
                (CPU, f"{cpu:.2f}"),
                (ASKED, json.dumps(asked)),
            ]:
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the server's name for it

        def _event(self) -> dict[str, Any]:
            to = urlsplit(self.path)
            place = to.path.removeprefix("/portal/")
            route = "/portal/{proxy+}" if place != to.path else to.path
            context = {"resourcePath": route, "path": to.path, "httpMethod": self.command, "requestId": "1"}
            return {
                "requestContext": context
                | {"identity": {"sourceIp": HOST}, **({"authorizer": key} if place == to.path else {})},
                "headers": dict(self.headers.items()),
                "multiValueQueryStringParameters": parse_qs(to.query, keep_blank_values=True) or None,
                "pathParameters": {"proxy": unquote(place)} if place != to.path else None,
                "stageVariables": None,
                "body": self.rfile.read(int(self.headers.get("Content-Length", 0))).decode(),
                "isBase64Encoded": False,
            }

        def log_message(self, *_: Any) -> None:
            """Nothing: the benchmark prints its own table."""

    server = ThreadingHTTPServer((HOST, 0), Requests)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
