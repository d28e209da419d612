"""Least privilege: what functions may do is what they did in a run of all tests, or has a reason that no test shows."""

import json
import re
from fnmatch import fnmatchcase
from types import SimpleNamespace
from typing import Any

import pytest

from tests import calls, rights
from tests.rights import Right

POLLED = "Lambda asks for it with the function's role, to hand it what waits"
REALLY_SENT = "the sandbox stands for it wherever tests start functions; tests/integration/gateways calls the real one"
NOT_SEEN = {
    ("*", "logs:CreateLogStream", "log-group:*"): "Lambda writes the function's log with its role",
    ("*", "logs:PutLogEvents", "log-group:*"): "Lambda writes the function's log with its role",
    ("*", "kms:Decrypt", "key/*"): "Parameter Store decrypts for whoever asks it, with their rights",
    ("work_due", "sqs:ReceiveMessage", "DueQueue"): POLLED,
    ("work_due", "sqs:DeleteMessage", "DueQueue"): POLLED,
    ("work_due", "sqs:GetQueueAttributes", "DueQueue"): POLLED,
    ("send_notices", "sqs:*", "NoticesQueue"): POLLED,
    ("deliver_webhooks", "sqs:*", "DeliveriesQueue"): POLLED,
    ("publish_changes", "dynamodb:*", "*/stream*"): POLLED,
    ("spread_events", "dynamodb:*", "EventsTable/stream*"): POLLED,
    ("*", "sqs:SendMessage", "FailuresQueue"): "Lambda sends what keeps failing there, with the function's role",
    ("api_handler", "s3:ListBucket", "DocumentsBucket"): "without it, S3 answers 403 for a document that is not there",
    ("api_handler", "ssm:GetParameter", "parameter${StripeKeyParameter}"): REALLY_SENT,
    ("api_handler", "ssm:GetParameter", "parameter${PayPalCredentialsParameter}"): REALLY_SENT,
    ("work_due", "ssm:GetParameter", "parameter${StripeKeyParameter}"): REALLY_SENT,
    ("work_due", "ssm:GetParameter", "parameter${PayPalCredentialsParameter}"): REALLY_SENT,
    ("work_due", "ssm:GetParameter", "parameter${ProvisioningSecretParameter}"): REALLY_SENT,
    ("audit_books", "ssm:GetParameter", "parameter${StripeKeyParameter}"): REALLY_SENT,
    ("audit_books", "ssm:GetParameter", "parameter${PayPalCredentialsParameter}"): REALLY_SENT,
    ("*", "ses:SendEmail", "*"): REALLY_SENT,
}
"""Rights of a function that no run of the tests shows: function, action, resource, and why it has them all the same."""
WIDE = {
    "key/*": "the key of Parameter Store, whose id differs in each AWS account; bound to the parameter by a condition",
    "identity/*": "an address, or the domain of one, whichever was verified",
    "log-group:/aws/lambda/${AWS::StackName}-*": "a role cannot name the function that names the role",
    "DocumentsBucket/*/*": "documents of one kind, named by payer and invoice",
    "*Table/stream/*": "a table's streams, which are named by the time they began",
}
"""Resources with a wildcard, and what makes each as narrow as it can be."""
LONGEST_STACK_NAME = "s" * 30
"""As long as docs/running.md allows."""
LONGEST_POLICY = 10_240
"""Characters that IAM takes in all of a role's own policies, without spaces."""


def test_what_a_function_used_is_granted() -> None:
    missing = [(function, *right) for function, right in calls.recorded() if not rights.is_granted(function, right)]

    assert missing == []


def test_what_is_granted_was_used_or_has_a_reason() -> None:
    used = calls.recorded()

    unused = [
        (grant.function, grant.sid, *grant.right)
        for grant in rights.grants()
        if not any(function == grant.function and grant.covers(right) for function, right in used)
        and not _reasons(grant.function, grant.right)
    ]

    assert unused == []


@pytest.mark.parametrize("exception", NOT_SEEN, ids=" ".join)
def test_a_reason_is_needed_for_a_grant_that_was_not_used(exception: tuple[str, str, str]) -> None:
    granted = [grant for grant in rights.grants() if exception in _reasons(grant.function, grant.right)]
    used = [(function, right) for function, right in calls.recorded() if exception in _reasons(function, right)]

    assert granted
    assert used == []


def test_nothing_is_granted_twice() -> None:
    granted = [(grant.function, grant.right, json.dumps(grant.condition)) for grant in rights.grants()]

    assert sorted(granted) == sorted(set(granted))


def test_a_resource_is_named_in_full_where_it_can_be() -> None:
    for grant in rights.grants():
        if "*" in grant.right.action + grant.right.resource:
            assert any(fnmatchcase(grant.right.resource, wide) for wide in WIDE), grant


@pytest.mark.parametrize("function", rights.functions())
def test_a_policy_is_no_longer_than_iam_takes_under_the_longest_names(function: str) -> None:
    policy = _resolved(json.loads(rights.functions()[function].read_text(encoding="utf-8")))

    assert len(json.dumps(policy, separators=(",", ":"))) < LONGEST_POLICY


@pytest.mark.parametrize(
    ("service", "operation", "asked", "needed"),
    [
        ("dynamodb", "GetItem", {"TableName": "t"}, {("dynamodb:GetItem", "t")}),
        ("dynamodb", "Query", {"TableName": "t", "IndexName": "due"}, {("dynamodb:Query", "t/index/due")}),
        ("dynamodb", "Query", {"TableName": "t", "IndexName": None}, {("dynamodb:Query", "t")}),
        (
            "dynamodb",
            "BatchGetItem",
            {"RequestItems": {"t": {}, "u": {}}},
            {("dynamodb:BatchGetItem", "t"), ("dynamodb:BatchGetItem", "u")},
        ),
        (
            "dynamodb",
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Put": {"TableName": "t"}},
                    {"Update": {"TableName": "u"}},
                    {"Delete": {"TableName": "v"}},
                    {"ConditionCheck": {"TableName": "w"}},
                ]
            },
            {
                ("dynamodb:PutItem", "t"),
                ("dynamodb:UpdateItem", "u"),
                ("dynamodb:DeleteItem", "v"),
                ("dynamodb:ConditionCheckItem", "w"),
            },
        ),
        (
            "dynamodb",
            "TransactGetItems",
            {"TransactItems": [{"Get": {"TableName": "t"}}]},
            {("dynamodb:GetItem", "t")},
        ),
        ("sqs", "SendMessageBatch", {"QueueUrl": "https://sqs/1/due.fifo"}, {("sqs:SendMessage", "due.fifo")}),
        ("s3", "HeadObject", {"Bucket": "b", "Key": "invoices/prt_1/1.pdf"}, {("s3:GetObject", "b/invoices/*")}),
        ("s3", "ListObjectsV2", {"Bucket": "b"}, {("s3:ListBucket", "b")}),
        ("lambda", "Invoke", {"FunctionName": "f"}, {("lambda:InvokeFunction", "f")}),
        ("ssm", "GetParameter", {"Name": "/key"}, {("ssm:GetParameter", "/key")}),
        ("events", "PutEvents", {"Entries": [{"EventBusName": "bus"}]}, {("events:PutEvents", "bus")}),
        (
            "sesv2",
            "SendEmail",
            {"ConfigurationSetName": "mail"},
            {("ses:SendEmail", "identity/*"), ("ses:SendEmail", "mail")},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_call_needs_the_rights_that_aws_documents(
    service: str, operation: str, asked: dict[str, Any], needed: set[tuple[str, str]]
) -> None:
    assert rights.rights_used(service, operation, asked) == needed


@pytest.mark.parametrize(
    ("action", "arn", "right"),
    [
        ("dynamodb:Query", "arn:aws:dynamodb:r:1:table/t/index/due", ("dynamodb:Query", "t/index/due")),
        ("sqs:SendMessageBatch", "arn:aws:sqs:r:1:due.fifo", ("sqs:SendMessage", "due.fifo")),
        ("s3:PutObject", "arn:aws:s3:::b/invoices/prt_1/1.pdf", ("s3:PutObject", "b/invoices/*")),
        ("ssm:GetParameter", "arn:aws:ssm:r:1:parameter/sublet/key", ("ssm:GetParameter", "/sublet/key")),
        ("lambda:InvokeFunction", "arn:aws:lambda:r:1:function:f", ("lambda:InvokeFunction", "f")),
        ("events:PutEvents", "arn:aws:events:r:1:event-bus/bus", ("events:PutEvents", "bus")),
    ],
)
def test_the_emulator_names_a_right_by_arn(action: str, arn: str, right: tuple[str, str]) -> None:
    assert rights.right_on(action, arn) == right


def test_a_call_that_is_not_granted_fails_at_once() -> None:
    dynamodb = SimpleNamespace(meta=SimpleNamespace(service_model=SimpleNamespace(service_name="dynamodb")))

    with calls.running("heal"), pytest.raises(calls.NotGranted, match="heal may not dynamodb:DeleteItem on ledger"):
        calls.note(dynamodb, "DeleteItem", {"TableName": "ledger"})
    calls.note(dynamodb, "DeleteItem", {"TableName": "ledger"})  # by the test itself


def test_what_the_deployed_stack_allowed_is_recorded_by_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "used", set())
    of_the_worker = "arn:aws:sts::1:assumed-role/sublet-WorkDueRole-6651/sublet-WorkDue-0FE0"
    of_the_schedules = "arn:aws:sts::1:assumed-role/sublet-SchedulerRole-6651/x"
    log = f"{of_the_worker}\tdynamodb:Query\tarn:aws:dynamodb:r:1:table/sublet-LedgerTable-AB82/index/by_bill\n"
    log += f"{of_the_schedules}\tlambda:InvokeFunction\tarn:aws:lambda:r:1:function:f\n"

    calls.note_allowed(log, {"LEDGER_TABLE": "sublet-LedgerTable-AB82"})

    assert calls.used == {("work_due", Right("dynamodb:Query", "LedgerTable/index/by_bill"))}


def _resolved(part: Any) -> Any:
    """A part of a policy as CloudFormation writes it where every condition holds and names are long."""
    match part:
        case {"Fn::If": [_, chosen, _]}:
            return _resolved(chosen)
        case {"Fn::GetAtt": [name, _]}:
            return _resolved({"Fn::Sub": f"${{{name}.Arn}}"})
        case {"Fn::Sub": text}:
            arn = rf"arn:aws:dynamodb:ap-southeast-1:123456789012:table/{LONGEST_STACK_NAME}-\1-ABCDEFGHIJKLM"
            text = re.sub(r"\${(\w+)\.Arn}", arn, text).replace("${AWS::StackName}", LONGEST_STACK_NAME)
            return re.sub(r"\${[\w:]+}", "/a-name-of-some-length", text)
        case dict():
            return {name: _resolved(each) for name, each in part.items()}
        case list():
            return [_resolved(each) for each in part]
    return part


def _reasons(function: str, right: Right) -> list[tuple[str, str, str]]:
    return [exception for exception in NOT_SEEN if all(map(fnmatchcase, (function, *right), exception))]
