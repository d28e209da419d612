"""What wakes the functions of a stack, disabled so that nothing writes to its tables, and enabled again."""

from dataclasses import dataclass
from typing import Any

from infra.sources import Sources

API = "APIHandler"


@dataclass(frozen=True)
class Triggers:
    """What wakes a stack's functions: schedules, queues, streams, and requests."""

    rules: tuple[str, ...]
    sources: Sources
    api: str
    events: Any
    functions: Any

    @classmethod
    def of(cls, stack: str, *, cloudformation: Any, events: Any, functions: Any) -> "Triggers":
        """Those of a deployed stack."""
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
        found = [each for page in pages for each in page["StackResourceSummaries"]]

        def ids(kind: str) -> tuple[str, ...]:
            return tuple(each["PhysicalResourceId"] for each in found if each["ResourceType"] == kind)

        (api,) = (each["PhysicalResourceId"] for each in found if each["LogicalResourceId"] == API)
        sources = Sources.of(stack, cloudformation=cloudformation, functions=functions)
        return cls(ids("AWS::Events::Rule"), sources, api, events, functions)

    def disable(self) -> None:
        """Let no request, schedule, queue or stream wake a function. What comes meanwhile waits, or is refused."""
        self.functions.put_function_concurrency(FunctionName=self.api, ReservedConcurrentExecutions=0)
        for rule in self.rules:
            self.events.disable_rule(Name=_name_of(rule))
        self.sources.disable()

    def enable(self) -> None:
        """Let all of them wake functions again."""
        self.sources.enable()
        for rule in self.rules:
            self.events.enable_rule(Name=_name_of(rule))
        self.functions.delete_function_concurrency(FunctionName=self.api)


def _name_of(rule: str) -> str:
    """A rule's name, of its id: the name, or `bus|name`."""
    return rule.rpartition("|")[2]
