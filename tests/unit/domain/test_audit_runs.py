"""Daily audits as they are kept: in sheets, once each, and bounded."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.domain.audit import Finding, Kind
from chalicelib.domain.audit.runs import (
    MOST_FINDINGS,
    MOST_RUNS,
    ON_A_SHEET,
    AuditRun,
    KeptFinding,
    sheets_with,
    with_finished,
)

AT = datetime(2026, 3, 1, 13, tzinfo=UTC)


def found(*numbers: int) -> list[KeptFinding]:
    return [KeptFinding("prt_1", "name", f"acct_{number}", "It is wrong.") for number in numbers]


@pytest.mark.parametrize(
    ("kept", "last_sheet", "new", "sheets"),
    [
        pytest.param(0, [], [], [], id="nothing"),
        pytest.param(0, [], [0], [(0, 0, 1)], id="the first"),
        pytest.param(1, [0], [1], [(0, 0, 2)], id="one more on the same sheet"),
        pytest.param(49, list(range(49)), [49], [(0, 0, 50)], id="the sheet is full"),
        pytest.param(50, [], [50], [(1, 50, 51)], id="the next sheet is begun"),
        pytest.param(49, list(range(49)), [49, 50], [(0, 0, 50), (1, 50, 51)], id="over the border"),
        pytest.param(1, [0, 1, 2], [1, 2], [(0, 0, 3)], id="again, after it was cut off before it noted them"),
        pytest.param(MOST_FINDINGS - 1, list(range(49)), [7, 8], [(199, None, None)], id="as many as are kept"),
        pytest.param(MOST_FINDINGS, [], [8], [], id="no more than that"),
    ],
)
def test_findings_are_kept_in_sheets_each_once(
    kept: int, last_sheet: list[int], new: list[int], sheets: list[tuple[int, int | None, int | None]]
) -> None:
    written = sheets_with(found(*new), kept=kept, last_sheet=found(*last_sheet))

    assert [number for number, _ in written] == [number for number, _, _ in sheets]
    for (_, kept_there), (_, first, last) in zip(written, sheets, strict=True):
        assert len(kept_there) <= ON_A_SHEET
        if first is not None and last is not None:
            assert kept_there == found(*range(first, last))


def test_a_run_counts_payer_by_payer_and_is_right_while_nothing_differs() -> None:
    run = AuditRun(began=AT, at=AT).with_payer({"accounts": 2}, 0, 0, at=AT + timedelta(minutes=15))
    moving = run.with_payer({"accounts": 1, "invoices": 3}, 0, 1, at=AT)
    wrong = run.with_payer({}, ON_A_SHEET + 1, 0, at=AT)

    assert (run.is_right, run.payers, run.sheets, run.at) == (True, 1, 0, AT + timedelta(minutes=15))
    assert (moving.is_right, moving.payers, moving.compared) == (False, 2, {"accounts": 3, "invoices": 3})
    assert (wrong.is_right, wrong.findings, wrong.sheets) == (False, ON_A_SHEET + 1, 2)
    assert wrong.with_payer({}, 2 * MOST_FINDINGS, 0, at=AT).kept == MOST_FINDINGS


def test_the_latest_finished_runs_are_kept_each_once() -> None:
    days = [AuditRun(began=AT + timedelta(days=day), at=AT) for day in range(MOST_RUNS + 1)]
    kept: tuple[AuditRun, ...] = ()
    for run in [*days, days[-1]]:
        kept = with_finished(kept, run)

    assert kept == tuple(reversed(days[1:]))


def test_a_message_as_long_as_a_row_is_cut() -> None:
    kept = KeptFinding.of("prt_1", Finding(Kind.UNREADABLE, "prt_1", "x" * 10_000), settled=False)

    assert (len(kept.message), kept.kind, kept.settled) == (500, "unreadable", False)
