"""The queues and streams that wake a stack's functions, for the commands that have to keep these asleep for a while."""

import time
from dataclasses import dataclass
from typing import Any, Self

KIND = "AWS::Lambda::EventSourceMapping"
_PAUSE_SECONDS = 1.0


@dataclass(frozen=True)
class Sources:
    """Event source mappings by their ids. What comes while they are disabled waits."""

    ids: tuple[str, ...]
    functions: Any

    @classmethod
    def of(cls, stack: str, *, cloudformation: Any, functions: Any) -> Self:
        """Those of a deployed stack."""
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
        found = [each for page in pages for each in page["StackResourceSummaries"]]
        return cls(tuple(each["PhysicalResourceId"] for each in found if each["ResourceType"] == KIND), functions)

    def disable(self) -> None:
        """Let none of them wake a function. Returns when none does; a function may still be at work."""
        self._set(enabled=False)

    def enable(self) -> None:
        """Let all of them wake functions again."""
        self._set(enabled=True)

    def _set(self, *, enabled: bool) -> None:
        for source in self.ids:
            self.functions.update_event_source_mapping(UUID=source, Enabled=enabled)
        state = "Enabled" if enabled else "Disabled"
        for source in self.ids:
            while self.functions.get_event_source_mapping(UUID=source)["State"] != state:
                time.sleep(_PAUSE_SECONDS)
