"""The product as its clients meet it: requests through the app, triggers through their functions, on moto."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from chalice.local import LambdaContext
from chalice.test import Client

import app
from chalicelib.api import clock
from chalicelib.api.bodies.accounts.requests import CreateAccount
from chalicelib.config import settings
from chalicelib.domain.ids import new_id
from chalicelib.gateways import lambdas
from chalicelib.models.control import ControlRow
from chalicelib.services.accounts import own_accounts
from chalicelib.services.partners import api_keys
from infra.tables import table_definitions
from tests.functional.documented import check_documented

PLUS = {
    "pricing_version": "V3",
    "product": "marketing",
    "tier": "plus",
    "contacts": 1000,
    "billing_frequency": "monthly",
}
TRIAL = {"pricing_version": "V1", "product": "EM", "tier": "trial"}
SANDBOX = {"pricing_version": "V1", "product": "EM", "tier": "sandbox"}
PARTNER = {
    "name": "Bright Agency",
    "program": "agency",
    "email": "books@bright.example",
    "country": "US",
    "time_zone": "America/Chicago",
}
OPERATOR = "operator"
PASSWORD = "a-long-password"
"""Of every client that signed up."""
TABLES = [definition.name for definition in table_definitions()]


@dataclass(frozen=True)
class Answer:
    """An answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        """The problem's code; fails on what is no complete problem document."""
        document = self.json
        assert self.headers["Content-Type"] == "application/problem+json", self.text
        assert document["status"] == self.status
        assert document["request_id"] == self.headers["X-Request-Id"]
        assert {"type", "title", "detail"} <= document.keys()
        code: str = document["code"]
        return code

    @property
    def faults(self) -> dict[str, str]:
        """A 422's faults: message by field."""
        assert (self.status, self.code) == (422, "invalid_request"), self.text
        return {fault["field"]: fault["message"] for fault in self.json["errors"]}


@dataclass
class Api:
    """The whole app behind its authorizer; the operator's key is made as the stack's commands make it."""

    client: Client
    operator: str = ""
    names: int = 0
    streamed: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        now = datetime.now(UTC)
        _, created = api_keys.create_first_key(
            key_id=new_id("key", at=now),
            partner_id=None,
            name="Operator",
            expires_at=now + timedelta(days=3650),  # tests move the clock by years
            now=now,
            actor="test",
        )
        assert created
        self.operator = created.key

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None,
        raw: bytes | None = None,
        **headers: str,
    ) -> Answer:
        """Ask; ``raw`` goes out as it is. A key that opens nothing is API Gateway's bare 401."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        if content:
            sent.setdefault("Content-Type", "application/json")
        if key is not None:
            sent["Authorization"] = f"Bearer {self.operator if key == OPERATOR else key}"
        try:
            answer = self.client.http.request(method, path, headers=sent, body=content)
        except Exception as error:
            if str(error) != "Unauthorized":
                raise
            return Answer(401, {}, '{"message": "Unauthorized"}')
        check_documented(method, path, answer.status_code, answer.headers, answer.body)
        return Answer(answer.status_code, answer.headers, answer.body.decode())

    def partner(self, **overrides: Any) -> "Partner":
        answer = self.ask("POST", "/v1/operator/partners", PARTNER | overrides, key=OPERATOR)
        assert answer.status == 201, answer.text
        return Partner(self, answer.json["id"], answer.json["api_key"]["key"])

    def logged_in(self, account: str, password: str) -> "LoggedIn":
        """The client of the account of this name, logged in."""
        body = {"account": account, "username": "admin", "password": password}
        answer = self.ask("POST", "/public/login", body, key=None)
        assert answer.status == 200, answer.text
        return LoggedIn(self, answer.json["token"])

    def at(self, moment: datetime) -> None:
        """Move the clock to ``moment``, as the time machine does."""
        offset = (moment - datetime.now(UTC)).total_seconds()
        ControlRow("clock", offset_seconds=offset).save()

    def forward(self, **span: float) -> None:
        """Move the clock forward by a timedelta's words."""
        row = next(iter(ControlRow.query("clock")), None)
        offset = float(row.offset_seconds) if row else 0.0
        ControlRow("clock", offset_seconds=offset + timedelta(**span).total_seconds()).save()

    def invoke(self, function: str, event: Any = None) -> Any:
        return self.client.lambda_.invoke(function, event or SCHEDULED).payload

    def queued(self, queue_url: str | None = None) -> list[dict[str, Any]]:
        """Everything the due queue (or another) holds, taken from it, as SQS hands it to the worker."""
        sqs, url = boto3.client("sqs"), queue_url or settings().due_queue_url
        records: list[dict[str, Any]] = []
        while messages := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["MessageGroupId"]
        ).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                records.append(
                    record(message["Body"], group=message["Attributes"]["MessageGroupId"], id=message["MessageId"])
                )
        return records

    def work(self, *records: dict[str, Any]) -> Any:
        """Give the worker a batch; its answer names the messages that failed."""
        return self.invoke("work_due", {"Records": list(records)})

    def run_schedules(self) -> None:
        """Let every schedule fire once and the worker take what they sent."""
        for schedule in ("sweep_renewals", "sweep_trials", "sweep_prepaid"):
            self.invoke(schedule)
        for message in self.queued():
            assert self.work(message) == {"batchItemFailures": []}

    def changes(self) -> list[dict[str, Any]]:
        """What the tables' streams hold that was not taken yet, as DynamoDB hands it to a function."""
        streams, records = boto3.client("dynamodbstreams"), []
        for stream in streams.list_streams()["Streams"]:
            arn = stream["StreamArn"]
            iterator = self.streamed.get(arn) or _beginning(streams, arn)
            answer = streams.get_records(ShardIterator=iterator)
            self.streamed[arn] = answer["NextShardIterator"]
            records += [{**change, "eventSourceARN": arn} for change in answer["Records"]]
        return records

    def stream(self) -> list[dict[str, Any]]:
        """Let the streams' functions have all changes, and the events made of them; returns the changes."""
        records = [change for change in self.changes() if not _is_event(change)]
        if records:
            self.invoke("publish_changes", {"Records": records})
        events = [change for change in self.changes() if _is_event(change)]
        if events:
            assert self.invoke("spread_events", {"Records": events}) == {"batchItemFailures": []}
        return records


SCHEDULED = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "account": "123456789012",
    "region": "us-east-1",
    "detail": {},
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "time": "2026-01-01T00:00:00Z",
    "resources": [],
}


def record(body: str, *, group: str, id: str) -> dict[str, Any]:
    """A message as SQS hands it to a function."""
    return {
        "messageId": id,
        "receiptHandle": f"receipt-{id}",
        "body": body,
        "attributes": {"MessageGroupId": group},
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:due.fifo",
        "awsRegion": "us-east-1",
    }


def _is_event(change: dict[str, Any]) -> bool:
    return "/sublet-events/" in change["eventSourceARN"]


def _beginning(streams: Any, arn: str) -> str:
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    iterator: str = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    return iterator


@dataclass
class Partner:
    """A partner and its first key."""

    api: Api
    id: str
    key: str

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        return self.api.ask(method, path, body, **{"key": self.key} | options)

    def get(self, path: str, **options: Any) -> Any:
        answer = self.ask("GET", path, **options)
        assert answer.status == 200, answer.text
        return answer.json

    def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        return self.ask("POST", path, body, **options)

    def card(self, payment_method: str = "pm_card_visa") -> str:
        answer = self.post("/v1/billing-profiles", {"name": "Company card", "payment_method": payment_method})
        assert answer.status == 201, answer.text
        profile_id: str = answer.json["id"]
        return profile_id

    def buy(self, amount: int, **more: Any) -> Any:
        body = {"billing_profile_id": more.pop("card", None) or self.card(), "amount": amount, **more}
        answer = self.post("/v1/credits/prepaid/purchases", body)
        assert answer.status == 201, answer.text
        return answer.json

    def wanted(self, **overrides: Any) -> dict[str, Any]:
        """A body that creates a paid account; a card is added unless one is named or the plan is free."""
        self.api.names += 1
        body: dict[str, Any] = {
            "name": f"acme-{self.api.names}",
            "client": {"name": "Acme Inc", "email": "owner@acme.example"},
            "notification_email": "ops@bright.example",
            "country": "US",
            "language": "en",
            "time_zone": "America/Chicago",
            "plan": PLUS,
        } | overrides
        if body["plan"] not in (TRIAL, SANDBOX) and "billing_profile_id" not in body:
            body["billing_profile_id"] = self.card()
        return body

    def create(self, **overrides: Any) -> Any:
        answer = self.post("/v1/accounts", self.wanted(**overrides))
        assert answer.status == 201, answer.text
        return answer.json

    @cached_property
    def client(self) -> "LoggedIn":
        """The client of a trial that this partner referred; logged in."""
        return self.sign_up(None, plan=TRIAL)

    def sign_up(self, payment_method: str | None = "pm_card_visa", **overrides: Any) -> "LoggedIn":
        """The client of an account that it pays for itself, referred by this partner; logged in."""
        now, body = clock.now(), CreateAccount(**self.wanted(billing_profile_id=None, **overrides))
        account = own_accounts.create_own_account(
            account_id=new_id("acct", at=now),
            partner_id=self.id,
            request=body.wanted(),
            password=PASSWORD,
            payment_method=payment_method,
            now=now,
        )
        return self.api.logged_in(account.name, PASSWORD)

    def logged_in(self, account: Any) -> "LoggedIn":
        """The client of an account, logged in with the password that was shown when it was created."""
        return self.api.logged_in(account["name"], account["credentials"]["password"])

    def link_session(self, account_id: str) -> str:
        """The token of a session that the partner opens in an account by a login link."""
        url = self.post(f"/v1/accounts/{account_id}/login-link").json["url"]
        token: str = self.api.ask("POST", f"/public{url.split('/public')[1]}", {}, key=None).json["token"]
        return token

    def all(self, path: str) -> list[Any]:
        """A whole list, page by page."""
        found: list[Any] = []
        page = self.get(path)
        while True:
            found += page["data"]
            if page["next_cursor"] is None:
                return found
            page = self.get(f"{path}{'&' if '?' in path else '?'}cursor={quote(page['next_cursor'])}")


@dataclass
class LoggedIn:
    """The client of an account, with a session."""

    api: Api
    token: str

    @property
    def account(self) -> Any:
        return self.get("/client/account")

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        return self.api.ask(method, path, body, **{"key": self.token} | options)

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status == 200, answer.text
        return answer.json

    def put(self, path: str, body: Any = None, **options: Any) -> Answer:
        return self.ask("PUT", path, body or {}, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        return self.ask("POST", path, body or {}, **options)


def table_rows() -> dict[str, list[dict[str, Any]]]:
    """Everything in every table."""
    dynamodb = boto3.client("dynamodb")
    return {name: dynamodb.scan(TableName=name)["Items"] for name in TABLES}


@pytest.fixture(scope="module", autouse=True)
def _no_other_functions() -> Iterator[None]:
    """Functions that nobody waits for are not there on moto; a test that is about one starts it itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lambdas, "start", lambda function, event: None)
        yield


@pytest.fixture
def api(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr(LambdaContext, "get_remaining_time_in_millis", lambda _: 300_000)
    with Client(app.app) as client:
        yield Api(client)


@pytest.fixture
def partner(api: Api) -> Partner:
    return api.partner()
