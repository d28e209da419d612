"""A change of a stack, by a change set: prepared, looked at, executed, watched."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from infra.aliases import RELEASE, name_of_release

KEEPS_DATA = ("AWS::DynamoDB::Table", "AWS::S3::Bucket")
"""What holds data: it must not be removed or replaced by a deployment."""
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
_PAUSE_SECONDS = 1.0
_NOTHING = ("didn't contain changes", "No updates are to be performed")


class DeploymentFailed(Exception):
    """CloudFormation refused the change, or undid it; the message says what it said."""


@dataclass(frozen=True)
class Change:
    """What happens to one resource. ``replaced``: it is made anew, and what it held is gone."""

    action: str
    name: str
    type: str
    replaced: bool

    @property
    def loses_data(self) -> bool:
        """Whether data would be gone."""
        return self.type in KEEPS_DATA and (self.action == "Remove" or self.replaced)


@dataclass(frozen=True)
class Stack:
    """A stack of CloudFormation, which may not be there yet."""

    cloudformation: Any
    name: str

    def parameters(self) -> dict[str, str] | None:
        """The stack's parameters as they are now; None if it is not there, or is only being thought of."""
        try:
            described = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        if described["StackStatus"] == "REVIEW_IN_PROGRESS":
            return None
        return {each["ParameterKey"]: each.get("ParameterValue", "") for each in described.get("Parameters", [])}

    def outputs(self) -> dict[str, str]:
        """The stack's outputs."""
        described = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        return {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])}

    def tables(self) -> list[str]:
        """The names of the stack's tables that are there."""
        return self._names_of("AWS::DynamoDB::Table")

    def functions(self) -> list[str]:
        """The names of the stack's functions that are there."""
        return self._names_of("AWS::Lambda::Function")

    def _names_of(self, kind: str) -> list[str]:
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.name)
        resources = [each for page in pages for each in page["StackResourceSummaries"]]
        return [
            each["PhysicalResourceId"]
            for each in resources
            if each["ResourceType"] == kind
            and each.get("PhysicalResourceId")
            and each["ResourceStatus"] not in {"DELETE_COMPLETE", "CREATE_FAILED"}
        ]

    def prepare(self, template: str, given: Mapping[str, str]) -> tuple[str, list[Change]]:
        """A change set to the template at an address, and what it would change; nothing, if it is deployed already.

        Parameters that are not ``given`` keep the values they have. Raises :class:`DeploymentFailed`.
        """
        known = self.parameters()
        declared = self.cloudformation.get_template_summary(TemplateURL=template)["Parameters"]
        names = [each["ParameterKey"] for each in declared]
        if unknown := sorted(set(given) - set(names)):
            raise DeploymentFailed(
                f"There is no parameter {', '.join(unknown)}. These are: {', '.join(sorted(names))}."
            )
        kept = {name: value for name, value in (known or {}).items() if name in names and name not in given}
        parameters: list[dict[str, Any]] = [
            {"ParameterKey": name, "ParameterValue": value} for name, value in given.items()
        ]
        parameters += [{"ParameterKey": name, "UsePreviousValue": True} for name in kept if name != RELEASE]
        if RELEASE in names:
            defaults = {each["ParameterKey"]: each.get("DefaultValue", "") for each in declared}
            release = name_of_release(template, {**defaults, **kept, **given})
            parameters.append({"ParameterKey": RELEASE, "ParameterValue": release})
        change_set = f"deploy-{datetime.now(UTC):%Y%m%d%H%M%S%f}"
        self.cloudformation.create_change_set(
            StackName=self.name,
            ChangeSetName=change_set,
            ChangeSetType="CREATE" if known is None else "UPDATE",
            TemplateURL=template,
            Parameters=parameters,
            Capabilities=_CAPABILITIES,
        )
        return change_set, self._changes(change_set)

    def execute(self, change_set: str, progress: Callable[[str, str, str], None]) -> None:
        """Execute a change set and wait until it is done; each event of a resource is reported once.

        Raises :class:`DeploymentFailed` with the reasons once CloudFormation has undone it.
        """
        seen = {event["EventId"] for event in self._events()}
        self.cloudformation.execute_change_set(StackName=self.name, ChangeSetName=change_set)
        self._watch(seen, progress)

    def delete(self, progress: Callable[[str, str, str], None]) -> None:
        """Delete the stack and wait."""
        described = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        by_id = Stack(self.cloudformation, described["StackId"])  # its name means nothing once it is deleted
        seen = {event["EventId"] for event in by_id._events()}
        self.cloudformation.delete_stack(StackName=self.name)
        by_id._watch(seen, progress)

    def discard(self, change_set: str) -> None:
        """Delete a change set that is not wanted, and the stack that it would have created."""
        if self.parameters() is None:
            self.cloudformation.delete_stack(StackName=self.name)
        else:
            self.cloudformation.delete_change_set(StackName=self.name, ChangeSetName=change_set)

    def _changes(self, change_set: str) -> list[Change]:
        found: list[Change] = []
        more: dict[str, str] = {}
        while True:
            answer = self.cloudformation.describe_change_set(StackName=self.name, ChangeSetName=change_set, **more)
            if answer["Status"] == "FAILED":
                reason = answer.get("StatusReason", "")
                self.discard(change_set)
                if any(text in reason for text in _NOTHING):
                    return []
                raise DeploymentFailed(f"CloudFormation refused the change: {reason}")
            if answer["Status"] != "CREATE_COMPLETE":
                time.sleep(_PAUSE_SECONDS)
                continue
            found += [_change(each["ResourceChange"]) for each in answer["Changes"]]
            if "NextToken" not in answer:
                return found
            more = {"NextToken": answer["NextToken"]}

    def _events(self) -> list[dict[str, Any]]:
        """The stack's events, the oldest first; of what is not there, none."""
        try:
            pages = self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=self.name)
            events = [event for page in pages for event in page["StackEvents"]]
        except ClientError as error:
            if "does not exist" in str(error):
                return []
            raise
        return events[::-1]

    def _watch(self, seen: set[str], progress: Callable[[str, str, str], None]) -> None:
        failed: list[str] = []
        while True:
            for event in self._events():
                if event["EventId"] in seen:
                    continue
                seen.add(event["EventId"])
                name, status = event["LogicalResourceId"], event["ResourceStatus"]
                progress(name, event["ResourceType"], status)
                if status.endswith("_FAILED"):
                    failed.append(f"{name}: {event.get('ResourceStatusReason', status)}")
            status = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"]
            if not status.endswith("_IN_PROGRESS"):
                break
            time.sleep(_PAUSE_SECONDS)
        if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"}:
            raise DeploymentFailed("\n".join([f"The stack is {status}.", *failed]))


def _change(told: dict[str, Any]) -> Change:
    replaced = told.get("Replacement") in {"True", "Conditional"}
    return Change(told["Action"], told["LogicalResourceId"], told["ResourceType"], replaced)
