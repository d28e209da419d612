"""What a run of the load benchmark adds up to."""

import pytest
from rich.console import Console

from benchmarks.load import KINDS, NO_ANSWER, Run, percentile, table


@pytest.mark.parametrize(
    ("values", "percent", "is_"),
    [([7.0], 50, 7.0), ([1.0, 2.0], 50, 1.0), ([1.0, 2.0, 3.0], 50, 2.0), ([*map(float, range(1, 101))], 99, 99.0)],
)
def test_a_percentile_is_a_value_that_was_measured(values: list[float], percent: int, is_: float) -> None:
    assert percentile(values, percent) == is_


def test_threads_add_up_and_unexpected_answers_are_named() -> None:
    route, run, other = KINDS[0].route, Run(), Run()
    for status in (200, 409):
        run.add(route, 5.0, status)
    for status in (200, 500, 404, NO_ANSWER):
        other.add(route, 9.0, status)

    run.join(other)

    assert run.requests == 6
    assert run.unexpected == [f"{route}: no answer 1 times", f"{route}: 404 1 times", f"{route}: 500 1 times"]
    console = Console(width=120)
    with console.capture() as shown:
        console.print(table(run))
    assert all(figure in shown.get() for figure in (route, "6", "2", "9"))


def test_two_of_three_requests_read() -> None:
    reads = sum(kind.weight for kind in KINDS if kind.route.startswith("GET"))

    assert reads == pytest.approx(2 / 3 * sum(kind.weight for kind in KINDS), rel=0.05)
