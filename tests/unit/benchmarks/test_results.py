"""Charts are files that open, and `make bench` names benchmarks that exist."""

import xml.etree.ElementTree as ElementTree
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.__main__ import Benchmark, Done, all_benchmarks, summary
from benchmarks.svg import Axis, Chart, Line, duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.5, "0.5 s"), (89, "89 s"), (90, "1.5 min"), (5_400, "1.5 h"), (172_800, "2 d")],
)
def test_durations_are_written_in_a_unit_that_people_use(seconds: float, text: str):
    assert duration(seconds) == text


def test_charts_are_well_formed_and_hold_their_names(tmp_path: Path):
    file = tmp_path / "chart.svg"

    Chart("a < b", "note").lines(
        [Line("one & two", [(1, 1), (1_000, 50)])], x=Axis("x", log=True), y=Axis("y", low=0)
    ).write(file)
    texts = [element.text for element in ElementTree.parse(file).iter() if element.text]
    Chart("bars").bars(["a", "b"], [("s", [1, 2]), ("t", [0, 3])], y=Axis("y"), limit=4).write(file)

    assert {"a < b", "note", "one & two", "x", "y"} <= set(texts)
    assert len(ElementTree.parse(file).findall(".//{*}rect")) == 1 + 4 + 2


def test_every_benchmark_that_is_run_exists():
    for benchmark in all_benchmarks(Path("results"), with_peer=True):
        assert find_spec(f"benchmarks.{benchmark.module}"), benchmark.module


def test_the_summary_names_what_was_wrong():
    done = [Done(Benchmark("year", "--days 92", "a year"), 12.3, code, 0.5) for code in (0, 1)]

    assert "| right |" in summary(done)
    assert "| exit code 1 |" in summary(done)
