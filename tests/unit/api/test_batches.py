"""Messages that a queue hands over at once: what failed comes again, and what follows it in its group."""

from typing import Any

import pytest

from chalicelib.api import batches


def batch(*messages: str) -> dict[str, Any]:
    """Messages named by their group and their number, such as `a1`."""
    return {"Records": [{"messageId": name, "attributes": {"MessageGroupId": name[0]}} for name in messages]}


@pytest.mark.parametrize(
    ("in_order", "messages", "raising", "handled", "failed"),
    [
        pytest.param(True, ["a1", "b1"], [], ["a1", "b1"], [], id="none failed"),
        pytest.param(True, ["a1", "a2", "b1"], ["a1"], ["a1", "b1"], ["a1", "a2"], id="what follows it waits"),
        pytest.param(True, ["a1", "a2", "a3"], ["a2"], ["a1", "a2"], ["a2", "a3"], id="what came before is done"),
        pytest.param(False, ["a1", "a2"], ["a1"], ["a1", "a2"], ["a1"], id="without order nothing waits"),
    ],
)
def test_what_failed_is_handed_over_again(
    in_order: bool, messages: list[str], raising: list[str], handled: list[str], failed: list[str]
) -> None:
    seen = []

    def handle(record: dict[str, Any]) -> None:
        seen.append(record["messageId"])
        if record["messageId"] in raising:
            raise ValueError(record["messageId"])

    assert batches.each_of(batch(*messages), handle, in_order=in_order) == failed
    assert seen == handled


def test_a_batch_of_which_all_failed_is_an_error_of_the_function() -> None:
    def handle(record: dict[str, Any]) -> None:
        raise ValueError("broken")

    with pytest.raises(batches.BatchFailed, match="all 2 messages failed"):
        batches.each_of(batch("a1", "a2"), handle)
