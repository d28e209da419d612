"""Which changes the clock waits for: those that a function is told of."""

import pytest

from infra.local.publication import passes

TEAMS = {"dynamodb": {"Keys": {"id": {"S": [{"prefix": "team#"}]}}}}


@pytest.mark.parametrize(
    ("id", "pattern", "is_passed_on"),
    [
        ("team#prt_1", TEAMS, True),
        ("ses_1", TEAMS, False),
        ("prs_1", {"eventName": ["INSERT", "MODIFY"], **TEAMS}, False),
        ("team#prt_1", {"eventName": ["INSERT", "MODIFY"], **TEAMS}, True),
        ("team#prt_1", {"eventName": ["REMOVE"], **TEAMS}, False),
        ("team#prt_1", {"dynamodb": {"NewImage": {"id": {"S": ["x"]}}}}, False),
    ],
)
def test_a_change_is_waited_for_if_it_passes_the_filter(
    id: str, pattern: dict[str, object], is_passed_on: bool
) -> None:
    record = {"eventName": "MODIFY", "dynamodb": {"Keys": {"id": {"S": id}}, "SequenceNumber": "1"}}

    assert passes(record, pattern) is is_passed_on
