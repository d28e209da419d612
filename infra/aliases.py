"""Functions by their alias: a deployment publishes a version of each, and moves the alias `live` on to it.

Chalice knows no aliases. SAM makes them, and lets schedules, queues, streams and rules call them; what Chalice writes
itself, the API's integrations, its authorizer and their permissions, is pointed at them here. See
docs/decisions/versions.md.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

ALIAS = "live"
RELEASE = "Release"
"""The parameter that names what is deployed."""

_CALLED = re.compile(r"\$\{(\w+)\.Arn\}/invocations")


def alias_of(function: str) -> str:
    """The template's name of a function's alias. A `Ref` to it is the alias's ARN."""
    return f"{function}Alias{ALIAS}"


def name_of_release(template: Any, parameters: Mapping[str, str]) -> str:
    """A short name of a template, or of its address, with these values of its parameters: another for all others."""
    values = {name: value for name, value in parameters.items() if name != RELEASE}
    return hashlib.sha256(json.dumps([template, values], sort_keys=True).encode()).hexdigest()[:12]


def use_aliases(template: dict[str, Any]) -> None:
    """Let everything in a packaged template call functions by their aliases.

    A version is published for each new value of the parameter `Release`: SAM alone would not see that a parameter, and
    so a function's environment, has another value.
    """
    resources = template["Resources"]
    functions = [name for name, each in resources.items() if each["Type"] == "AWS::Serverless::Function"]
    for name in functions:
        resources[name]["Properties"] |= {"AutoPublishAlias": ALIAS, "AutoPublishCodeSha256": {"Ref": RELEASE}}
    for resource in resources.values():
        match resource["Type"]:
            case "AWS::Serverless::Api":
                resource["Properties"] = _by_alias(resource["Properties"])
            case "AWS::Lambda::Permission":
                resource["Properties"]["FunctionName"] = {
                    "Ref": alias_of(_named(resource["Properties"]["FunctionName"]))
                }


def _by_alias(value: Any) -> Any:
    """The same value, in which every address that API Gateway calls a function at is its alias's."""
    match value:
        case dict():
            return {name: _by_alias(each) for name, each in value.items()}
        case list():
            return [_by_alias(each) for each in value]
        case str():
            return _CALLED.sub(lambda found: f"${{{alias_of(found[1])}}}/invocations", value)
    return value


def _named(reference: dict[str, Any]) -> str:
    """The function that a `Ref` or `Fn::GetAtt` is about."""
    name: str = reference["Ref"] if "Ref" in reference else reference["Fn::GetAtt"][0]
    return name
