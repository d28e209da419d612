"""All benchmarks one after the other, of sizes that take under ten minutes together: what `make bench` runs.

    .venv/bin/python -m benchmarks
    .venv/bin/python -m benchmarks --only renewals growth

What each prints goes to benchmarks/results/<name>.txt. Charts and what later ones go on with are beside it, and a
summary in summary.md. Each is a command of its own with more options: `python -m benchmarks.renewals --help`. Exits
with 1 if one of them found something wrong.
"""

import argparse
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.renewals import peer

RESULTS = Path("benchmarks/results")
WIDTH = "150"
MINUTES = 10


@dataclass(frozen=True)
class Benchmark:
    """A benchmark's module, its arguments, and what it measures; ``file`` names its results."""

    module: str
    arguments: str
    measures: str
    file: str = ""

    @property
    def name(self) -> str:
        return self.file or self.module

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", f"benchmarks.{self.module}", *self.arguments.split()]


@dataclass(frozen=True)
class Done:
    """A benchmark that ran: seconds, exit code, and the machine's load when it began."""

    benchmark: Benchmark
    seconds: float
    code: int
    load: float

    @property
    def ended(self) -> str:
        return "right" if self.code == 0 else f"exit code {self.code}"


def all_benchmarks(results: Path, *, with_peer: bool) -> list[Benchmark]:
    """Every benchmark, in the order in which they go on with each other's results."""
    saved = results / "renewals.json"
    beside = " --peer" if with_peer else ""
    return [
        Benchmark(
            "renewals",
            f"--accounts 1000{beside} --save {saved}",
            "a morning's renewals" + (" beside django-silver" if with_peer else ""),
        ),
        Benchmark("renewals", "--accounts 10000 --only prepaid", "a bigger morning's renewals", "renewals-10000"),
        Benchmark(
            "growth", f"--sweep 250000 --measured {saved} --results {results}", "1 million and 100 million accounts"
        ),
        *(
            [Benchmark("cold_start", "--rounds 5", "starts and first events")]
            if find_spec("benchmarks.cold_start")
            else ()
        ),
        Benchmark("many_accounts", "--accounts 3000 --times 1", "overview, forecast and audit, CPU an account"),
        Benchmark("overview", "--accounts 10000 --times 1", "the overview over HTTP"),
        Benchmark("big_bill", "--accounts 2000", "a Single Bill of many accounts beside one of three"),
        Benchmark("paying_clients", "--accounts 400 --partners 4", "clients who pay renew, their partners earn"),
        Benchmark("year", "--accounts 25 --days 92", "three months of a partner, and its audit"),
        Benchmark("load", "--seconds 60", "several partners read and write for a minute"),
        Benchmark("races", "--subjects 6", "every kind of charge raced by sixteen at once"),
    ]


def run(benchmark: Benchmark, results: Path) -> Done:
    """Run a benchmark; what it prints goes to its file alone."""
    load, began = os.getloadavg()[0], time.monotonic()
    with (results / f"{benchmark.name}.txt").open("w", encoding="utf-8") as output:
        code = subprocess.run(
            benchmark.command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, "COLUMNS": WIDTH}
        ).returncode
    return Done(benchmark, time.monotonic() - began, code, load)


def summary(done: list[Done]) -> str:
    """The summary as Markdown."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    machine = f"{os.cpu_count()} CPUs ({platform.machine()}), Python {platform.python_version()}"
    rows = [
        f"| [{each.benchmark.name}]({each.benchmark.name}.txt) | {each.benchmark.measures} "
        f"| `{each.benchmark.arguments}` | {each.seconds:.0f} | {each.load:.1f} | {each.ended} |"
        for each in done
    ]
    head = [
        "# Results of `make bench`",
        "",
        f"Commit {commit or 'unknown'}, {machine}. CPU times and ratios of one run can be compared; times on the clock "
        "depend on the machine and its load. [How to read them](../README.md).",
        "",
        "| benchmark | measures | arguments | seconds | load before | ended |",
        "| --- | --- | --- | --: | --: | --- |",
    ]
    return "\n".join([*head, *rows]) + "\n"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="some of them")
    parser.add_argument("--results", type=Path, default=RESULTS, help=f"where results go ({RESULTS})")
    arguments = parser.parse_args()
    arguments.results.mkdir(parents=True, exist_ok=True)
    with_peer = peer.PYTHON.exists()
    if not with_peer:
        print(f"Without django-silver; how to install it is in {peer.REQUIREMENTS.relative_to(Path.cwd())}")
    wanted = all_benchmarks(arguments.results, with_peer=with_peer)
    if unknown := set(arguments.only or ()) - {benchmark.name for benchmark in wanted}:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    wanted = [benchmark for benchmark in wanted if not arguments.only or benchmark.name in arguments.only]
    done = []
    for number, benchmark in enumerate(wanted, start=1):
        print(f"[{number}/{len(wanted)}] {benchmark.name}: {benchmark.measures} …", end=" ", flush=True)
        done.append(run(benchmark, arguments.results))
        print(f"{done[-1].seconds:.0f} s, {done[-1].ended}", flush=True)
    if not arguments.only:
        (arguments.results / "summary.md").write_text(summary(done), encoding="utf-8")
    took = sum(each.seconds for each in done)
    print(f"{took / 60:.1f} minutes of {MINUTES}; tables and charts are in {arguments.results}")
    return int(any(each.code for each in done))


if __name__ == "__main__":
    sys.exit(main())
