"""Queues and streams wake nobody between disable and enable."""

from typing import Any

import pytest

from infra import sources
from infra.sources import Sources


class Mappings:
    """Event source mappings that need a while to change, as on AWS."""

    def __init__(self, *ids: str) -> None:
        self.states = dict.fromkeys(ids, "Enabled")
        self.waits = 0

    def update_event_source_mapping(self, **asked: Any) -> None:
        self.states[asked["UUID"]] = "Enabling" if asked["Enabled"] else "Disabling"

    def get_event_source_mapping(self, **asked: Any) -> dict[str, str]:
        return {"State": self.states[asked["UUID"]]}

    def settle(self, _seconds: float) -> None:
        self.waits += 1
        changed = {"Enabling": "Enabled", "Disabling": "Disabled"}
        self.states = {name: changed.get(state, state) for name, state in self.states.items()}


class Described:
    """CloudFormation, which has a stack with two mappings and a table."""

    def get_paginator(self, _operation: str) -> "Described":
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        kinds = {"queue": sources.KIND, "stream": sources.KIND, "table": "AWS::DynamoDB::Table"}
        found = [{"PhysicalResourceId": name, "ResourceType": kind} for name, kind in kinds.items()]
        return [{"StackResourceSummaries": found if asked == {"StackName": "sublet"} else []}]


def test_they_are_disabled_and_enabled_together_and_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    mappings = Mappings("queue", "stream")
    monkeypatch.setattr("infra.sources.time.sleep", mappings.settle)
    found = Sources.of("sublet", cloudformation=Described(), functions=mappings)

    found.disable()
    assert mappings.states == {"queue": "Disabled", "stream": "Disabled"}
    found.enable()
    assert mappings.states == {"queue": "Enabled", "stream": "Enabled"}
    assert mappings.waits == 2
