"""What each function may do, by its policy, and which rights a call to AWS needs; both in the template's own names.

A right is an action on a resource. The resource is named as in infra/template.yaml: ``AccountsTable``,
``AccountsTable/index/due``, ``DocumentsBucket/invoices/*``, ``parameter${MasterKeyParameter}``.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from infra.tables import TEMPLATE

CHALICE = TEMPLATE.parents[1] / ".chalice"
_OF_A_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}
"""A transaction is not a right of its own: each of its items needs the right to do the same alone."""
_OF_S3 = {"HeadObject": "GetObject", "ListObjectsV2": "ListBucket"}
_ENDINGS = {
    "dynamodb": "_TABLE",
    "sqs": "_QUEUE_URL",
    "s3": "_BUCKET",
    "events": "_BUS",
    "lambda": "_FUNCTION",
    "ssm": "_PARAMETER",
    "ses": "_CONFIGURATION_SET",
}
"""How the environment variables end that name resources of a service."""
_ARN = re.compile(r"arn:\${AWS::Partition}:[a-z0-9]+:\${AWS::Region}:\${AWS::AccountId}:")
_OF_A_RESOURCE = re.compile(r"\${(\w+)\.Arn}")


class Right(NamedTuple):
    """An action on a resource."""

    action: str
    resource: str


@dataclass(frozen=True)
class Grant:
    """A right, or all rights of a pattern, that a statement of a function's policy gives."""

    function: str
    sid: str
    right: Right
    condition: Any = None

    def covers(self, right: Right) -> bool:
        """Whether this is the right, or a pattern that fits it."""
        return self.right.action == right.action and fnmatchcase(right.resource, self.right.resource)


@cache
def functions() -> dict[str, Path]:
    """Each function's policy."""
    configured = json.loads((CHALICE / "config.json").read_text(encoding="utf-8"))["lambda_functions"]
    return {name: CHALICE / settings["iam_policy_file"] for name, settings in configured.items()}


@cache
def grants() -> tuple[Grant, ...]:
    """All that the policies of `.chalice` give."""
    return tuple(grant for function, policy in functions().items() for grant in _grants(function, policy))


def is_granted(function: str, right: Right) -> bool:
    """Whether a function may do this."""
    return any(grant.function == function and grant.covers(right) for grant in grants())


def rights_used(service: str, operation: str, asked: Mapping[str, Any]) -> set[Right]:
    """The rights that a call to AWS needs, with resources as the call names them; nobody has those of a new call."""
    if service == "dynamodb":
        return {Right(f"dynamodb:{action}", resource) for action, resource in _on_tables(operation, asked)}
    if service == "s3":
        place = "/".join(filter(None, (asked["Bucket"], asked.get("Key"))))
        return {Right(f"s3:{_OF_S3.get(operation, operation)}", _folder(place))}
    if service == "sqs":
        return {Right(f"sqs:{operation.removesuffix('Batch')}", asked["QueueUrl"].rpartition("/")[2])}
    match service, operation:
        case "lambda", "Invoke":
            return {Right("lambda:InvokeFunction", asked["FunctionName"])}
        case "ssm", "GetParameter":
            return {Right("ssm:GetParameter", asked["Name"])}
        case "events", "PutEvents":
            return {Right("events:PutEvents", entry["EventBusName"]) for entry in asked["Entries"]}
        case "sesv2", "SendEmail":
            return {Right("ses:SendEmail", "identity/*"), Right("ses:SendEmail", asked["ConfigurationSetName"])}
    return {Right(f"{service}:{operation}", "what tests/rights.py does not know yet")}


def right_on(action: str, arn: str) -> Right:
    """A right on what an ARN names, with the resource as a call would name it."""
    service, resource = action.partition(":")[0], arn.split(":", 5)[5]
    resource = resource.removeprefix({"dynamodb": "table/", "lambda": "function:"}.get(service, ""))
    resource = resource.removeprefix({"events": "event-bus/", "ssm": "parameter"}.get(service, ""))
    return Right(action.removesuffix("Batch"), _folder(resource) if service == "s3" else resource)


class Names:
    """The template's names of resources, by those that the environment of a function has for them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._known: dict[tuple[str, str], str] = {}

    def in_the_template(self, right: Right) -> Right:
        """A right with its resource named as in the template; as it is if the environment does not name it."""
        service = right.action.partition(":")[0]
        name, slash, part = (right.resource, "", "") if service == "ssm" else right.resource.partition("/")
        if (service, name) not in self._known:
            self._read()
        return Right(right.action, f"{self._known.get((service, name), name)}{slash}{part}")

    def _read(self) -> None:
        """Read the environment, which tests may have changed."""
        for variable, resource in _variables().items():
            for service, ending in _ENDINGS.items():
                if variable.endswith(ending) and (name := self._environment.get(variable)):
                    self._known[service, name.rpartition(_BEFORE_NAMES.get(service, " "))[2]] = resource


_BEFORE_NAMES = {"sqs": "/", "lambda": ":function:"}
"""What stands before the name where the environment has an address or an ARN."""


@cache
def _variables() -> dict[str, str]:
    """Which resource or parameter each environment variable of a function names."""
    template = yaml.safe_load(TEMPLATE.read_text(encoding="utf-8"))
    variables = template["Globals"]["Function"]["Environment"]["Variables"]
    for resource in template["Resources"].values():
        variables |= resource.get("Properties", {}).get("Environment", {}).get("Variables", {})
    return {variable: _referred(value) for variable, value in variables.items()}


def _referred(value: Any) -> str:
    if not isinstance(value, dict) or "Fn::Sub" in value:
        return ""
    if "Fn::If" in value:
        return _referred(value["Fn::If"][1])
    name: str = value["Ref"]
    if name.endswith("Parameter"):
        return f"parameter${{{name}}}"
    return f"configuration-set/${{{name}}}" if name == "MailConfiguration" else name.removesuffix("Aliaslive")


def _on_tables(operation: str, asked: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if operation.startswith("Transact"):
        for item in asked["TransactItems"]:
            for kind, what in item.items():
                yield _OF_A_TRANSACTION[kind], what["TableName"]
    elif operation.startswith("Batch"):
        for table in asked["RequestItems"]:
            yield operation, table
    else:
        index = f"/index/{asked['IndexName']}" if asked.get("IndexName") else ""
        yield operation, f"{asked['TableName']}{index}"


def _folder(place: str) -> str:
    """A bucket, or the first folder in it that an object is in."""
    bucket, slash, key = place.partition("/")
    return f"{bucket}/{key.partition('/')[0]}/*" if slash else bucket


def _grants(function: str, policy: Path) -> Iterator[Grant]:
    for statement in json.loads(policy.read_text(encoding="utf-8"))["Statement"]:
        given = statement["Fn::If"][1] if "Fn::If" in statement else statement
        assert given["Effect"] == "Allow", given["Sid"]
        for action in _listed(given["Action"]):
            for resource in _listed(given["Resource"]):
                yield Grant(function, given["Sid"], Right(action, _named(resource)), given.get("Condition"))


def _named(resource: Any) -> str:
    """A resource as policies name it: `Fn::GetAtt` of a logical id, `Ref` of an alias, `Fn::Sub` of an ARN."""
    if "Ref" in resource:
        return str(resource["Ref"]).removesuffix("Aliaslive")
    if "Fn::GetAtt" in resource:
        logical_id, attribute = resource["Fn::GetAtt"]
        return str(logical_id) if attribute == "Arn" else f"{logical_id}/stream"
    return _ARN.sub("", _OF_A_RESOURCE.sub(r"\1", resource["Fn::Sub"]))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
