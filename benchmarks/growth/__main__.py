"""How renewals go when an installation grows: 1 million and 100 million accounts that all renew at one instant.

    .venv/bin/python -m benchmarks.growth

Runs the product's own sweep over a due index that is made up page by page, then simulates queue and workers message by
message, with the CPU, requests and units that benchmarks.renewals measured (--measured) and AWS' documented limits.
How long a request takes on AWS is assumed; docs/scale.md says what follows. Writes tables, and charts into --results.
Exits with 1 if the sweep forgets an account, sends one twice, or mixes payers.
"""

import argparse
import os
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.growth import limits, model, population, simulation
from benchmarks.growth.model import MESSAGE, Assumed, Measured, Setting
from benchmarks.growth.simulation import Outcome, Run
from benchmarks.svg import Axis, Chart, Line, duration

PARTNERS = 10_000
SIZES = (1_000_000, 100_000_000)
ASSUMED = Assumed()
AS_SHIPPED = Setting("as shipped")
MORE_WORKERS = Setting("200 workers, 64 shards", workers=200, shards=64)
MOST_WORKERS = Setting("1,000 workers, 64 shards, 8 sweeps", workers=limits.WORKERS, shards=64, sweeps_at_once=8)
SETTINGS = (AS_SHIPPED, MORE_WORKERS, MOST_WORKERS)
LONG_MESSAGES = "the same, messages of 330 accounts"
RESULTS = Path("benchmarks/results")


def run_of(sizes: list[int], measured: Measured, setting: Setting, *, swept_cpu: float) -> Run:
    """The run of these partners' prepaid accounts; ``swept_cpu`` is what the sweep takes for one, in seconds."""
    return Run(
        sizes=sizes,
        workers=setting.workers,
        seconds_a_transaction=model.waiting_seconds(measured, ASSUMED),
        seconds_an_account=model.cpu_seconds(measured, setting),
        most_a_second=model.most_a_second(measured, setting)[0],
        swept_a_second=model.swept_a_second(swept_cpu, ASSUMED, setting),
        seen=limits.QUEUE_SEEN,
    )


def simulated(run: Run) -> Outcome:
    """The outcome; messages of more than 10 million accounts are simulated ten at a time."""
    return simulation.simulate(run, together=10 if sum(run.sizes) > 10_000_000 else 1)


# ------------------------------------------------------------------------------------------------------- tables


def sweep_table(accounts: int, console: Console) -> tuple[Table, bool, float]:
    """The real sweep over an index of this many accounts; whether it was right, and its CPU seconds for one."""
    from benchmarks.growth import due_index

    sizes = population.zipf(accounts, partners=PARTNERS)
    console.print(f"Sweeping {accounts:,} accounts")
    swept = due_index.sweep(sizes, shards=AS_SHIPPED.shards)
    expected = Counter({f"prt_{payer:026d}": size for payer, size in enumerate(sizes)})
    right = swept.accounts_of == expected and not swept.mixed and max(swept.messages) <= MESSAGE
    table = Table("", "", title=f"The real sweep of {accounts:,} accounts of {PARTNERS:,} partners", show_header=False)
    table.add_row("CPU an account", f"{swept.cpu / accounts * 1e6:.1f} µs")
    table.add_row("pages read", f"{swept.requests['Query']:,}")
    table.add_row("messages", f"{sum(swept.messages.values()):,}, {swept.messages[MESSAGE]:,} of them full")
    table.add_row("requests to the queue", f"{swept.requests['SendMessageBatch']:,}")
    table.add_row("each account sent once, payers apart", "yes" if right else "NO")
    return table, right, swept.cpu / accounts


def lateness_table(outcomes: dict[tuple[int, str], tuple[Run, Outcome]]) -> Table:
    """When the last renewal is done, for all and for all but the biggest partner."""
    columns = (
        "setting",
        "found within",
        "half by",
        "all but the 100 biggest by",
        "all by",
        "workers busy",
        "sent again",
    )
    table = Table("accounts", *columns, title="Prepaid, everything due at one instant, partners of Zipf sizes")
    for (accounts, name), (run, outcome) in outcomes.items():
        again = simulation.sent_again(run, outcome)
        table.add_row(
            f"{accounts:,}",
            name,
            duration(run.found_by),
            duration(outcome.lateness(0.5)),
            duration(outcome.last_of_others(100)),
            duration(outcome.last),
            f"{outcome.busy_seconds / run.workers / outcome.last:.0%}",
            f"{again / accounts:.1f} ×",
        )
    return table


def limits_table(prepaid: Measured, card: Measured) -> Table:
    """What bounds the renewals of a second, setting by setting."""
    columns = ("workers could", "one payer", "bound by", "to")
    table = Table("renewals a second", *columns, title="Limits")
    for setting in SETTINGS:
        for way, measured in (("prepaid", prepaid), ("card", card)):
            seconds = model.message_seconds(measured, ASSUMED, setting, card=way == "card")
            most, reason = model.most_a_second(measured, setting, card=way == "card")
            one = MESSAGE / seconds
            table.add_row(
                f"{way}, {setting.name}", f"{setting.workers * one:,.0f}", f"{one:,.0f}", reason, f"{most:,.0f}"
            )
    return table


def parts_of_cost(measured: Measured, *, card: bool) -> dict[str, float]:
    """Dollars for a million renewals with their reminders and events, by service."""
    messages = 2 * 1e6 / MESSAGE  # of the reminders too
    seconds = model.message_seconds(measured, ASSUMED, AS_SHIPPED, card=card)
    gigabytes = AS_SHIPPED.worker_megabytes / 1_024
    return {
        "DynamoDB": measured.dollars,
        "workers": (messages / 2) * seconds * 1.5 * gigabytes * limits.GIGABYTE_SECOND_DOLLARS
        + messages / 5 / 1e6 * limits.INVOCATION_DOLLARS,
        "queue": messages * (1 / limits.MESSAGES_A_REQUEST + 2 / 5) / 1e6 * limits.QUEUE_DOLLARS,
    }


def cost_table(prepaid: Measured, card: Measured) -> Table:
    """What a million renewals cost."""
    ways = {"prepaid": parts_of_cost(prepaid, card=False), "card": parts_of_cost(card, card=True)}
    table = Table("$ for a million renewals", *ways, title="Cost, with reminders and events")
    for part in ways["prepaid"]:
        table.add_row(part, *(f"{cost[part]:.2f}" for cost in ways.values()))
    table.add_row("all", *(f"{sum(cost.values()):.2f}" for cost in ways.values()))
    return table


# ------------------------------------------------------------------------------------------------------- charts


def calendar_chart() -> Chart:
    """Renewals by day, of accounts bought evenly over a year."""
    counted = population.renewals_by_day(2027, anchors=population.anchors_of_a_year(2026))
    days = sorted(counted)
    usual = sum(counted.values()) / len(days)
    shares = [counted[day] / usual for day in days]
    chart = Chart("Renewals by day of 2027, accounts bought evenly over 2026", "1 is the average day")
    return chart.bars(
        [f"{day:%b}" if day.day == 1 else "" for day in days], [("renewals", shares)], y=Axis("times an average day")
    )


def done_chart(accounts: int, outcomes: dict[tuple[int, str], tuple[Run, Outcome]]) -> Chart:
    """The part of the accounts that is renewed, over time, setting by setting."""
    lines = []
    for (size, name), (_, outcome) in outcomes.items():
        if size != accounts:
            continue
        so_far, points, step = 0, [(1.0, 0.0)], max(1, len(outcome.done) // 400)
        for place, (at, _, count) in enumerate(outcome.done):
            so_far += count
            if place % step == 0 or place == len(outcome.done) - 1:
                points.append((max(at, 1.0), so_far / accounts * 100))
        lines.append(Line(name, points))
    chart = Chart(f"{accounts:,} accounts due at one instant: renewed by when", "10,000 partners, the biggest has 10 %")
    return chart.lines(lines, x=Axis("seconds after they fell due", log=True), y=Axis("% renewed", low=0, high=100))


def workers_chart(measured: Measured, *, swept_cpu: float) -> Chart:
    """Lateness of the last renewal against the number of workers."""
    numbers, lines = (2, 5, 10, 20, 50, 100, 200, 500, 1_000), []
    for accounts in (1_000_000, 10_000_000):
        for title, sizes in (
            ("Zipf", population.zipf(accounts, partners=PARTNERS)),
            ("all equal", [accounts // PARTNERS] * PARTNERS),
        ):
            points = []
            for workers in numbers:
                setting = replace(MORE_WORKERS, workers=workers)
                run = run_of(sizes, measured, setting, swept_cpu=swept_cpu)
                points.append((float(workers), simulation.simulate(run, together=10).last))
            lines.append(Line(f"{accounts:,}, {title}", points, dashed=title != "Zipf"))
    chart = Chart("The last renewal, by the number of workers", "dashed: partners of equal size; 64 shards")
    return chart.lines(lines, x=Axis("workers", log=True), y=Axis("seconds after they fell due", log=True))


def payer_chart(measured: Measured) -> Chart:
    """How long one payer takes, whose messages wait for each other, against its size."""
    lines = []
    for title, assumed in (
        ("assumed times", ASSUMED),
        ("twice as slow", Assumed(request_ms=2 * ASSUMED.request_ms, transaction_ms=2 * ASSUMED.transaction_ms)),
        ("half of them", Assumed(request_ms=ASSUMED.request_ms / 2, transaction_ms=ASSUMED.transaction_ms / 2)),
    ):
        seconds = model.message_seconds(measured, assumed, AS_SHIPPED)
        lines.append(Line(title, [(size, size / MESSAGE * seconds) for size in (1e3, 1e4, 1e5, 1e6, 1e7)]))
    chart = Chart(
        "One payer's renewals, message after message",
        f"requests of {ASSUMED.request_ms:.0f} ms and transactions of {ASSUMED.transaction_ms:.0f} ms assumed",
    )
    return chart.lines(lines, x=Axis("accounts of the payer", log=True), y=Axis("seconds", log=True))


def partitions_chart(measured: Measured) -> Chart:
    """Write units a second on the busiest partition of each kind, at the speed the workers have."""
    all_at_once = AS_SHIPPED.workers * MESSAGE / model.message_seconds(measured, ASSUMED, AS_SHIPPED)
    one_payer = MESSAGE / model.message_seconds(measured, ASSUMED, AS_SHIPPED)
    busiest = {"due index\n(a shard)": measured.units.get("accounts/due", 0) * all_at_once / AS_SHIPPED.shards}
    for place, units in measured.units.items():
        table, _, index = place.partition("/")
        if table in ("ledger", "events") and index not in ("by_account", "by_bill"):
            busiest[place] = units * one_payer
    names = [name.replace("\n", " ") for name in busiest]
    chart = Chart("Write units a second on the busiest partition", "as shipped; dashed: the limit of a partition")
    values = [("write units a second", list(busiest.values()))]
    return chart.bars(names, values, y=Axis("write units a second"), limit=limits.PARTITION_WRITES)


def cost_chart(prepaid: Measured, card: Measured) -> Chart:
    """Dollars for a million renewals."""
    ways = [parts_of_cost(prepaid, card=False), parts_of_cost(card, card=True)]
    stacks = [(part, [way[part] for way in ways]) for part in ways[0]]
    return Chart("A million renewals", "with reminders and events; us-east-1, on demand").bars(
        ["prepaid", "card"], stacks, y=Axis("US dollars")
    )


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.growth", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sweep", type=int, default=1_000_000, help="accounts that the real sweep goes over (1000000)")
    parser.add_argument(
        "--measured", type=Path, default=RESULTS / "renewals.json", help="what benchmarks.renewals saved"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="where charts are written (benchmarks/results)")
    arguments = parser.parse_args()
    console = Console(highlight=False)
    prepaid, card = (Measured.read(arguments.measured, way) for way in ("prepaid", "card"))
    _configured()
    swept, right, swept_cpu = sweep_table(arguments.sweep, console)
    outcomes: dict[tuple[int, str], tuple[Run, Outcome]] = {}
    for accounts in SIZES:
        sizes = population.zipf(accounts, partners=PARTNERS)
        for setting in SETTINGS:
            console.print(f"Simulating {accounts:,} accounts, {setting.name}")
            run = run_of(sizes, prepaid, setting, swept_cpu=swept_cpu)
            outcomes[accounts, setting.name] = run, simulated(run)
        wide = run_of(sizes, prepaid, MOST_WORKERS, swept_cpu=swept_cpu)
        wide = replace(wide, accounts_a_message=MESSAGE * 10)
        outcomes[accounts, LONG_MESSAGES] = wide, simulation.simulate(wide)
    console.print(swept, lateness_table(outcomes), limits_table(prepaid, card), cost_table(prepaid, card), sep="\n")
    arguments.results.mkdir(parents=True, exist_ok=True)
    charts = {
        "calendar": calendar_chart(),
        "done-1m": done_chart(SIZES[0], outcomes),
        "done-100m": done_chart(SIZES[1], outcomes),
        "workers": workers_chart(prepaid, swept_cpu=swept_cpu),
        "payer": payer_chart(prepaid),
        "partitions": partitions_chart(prepaid),
        "cost": cost_chart(prepaid, card),
    }
    for name, chart in charts.items():
        chart.write(arguments.results / f"growth-{name}.svg")
    console.print(f"{len(charts)} charts in {arguments.results}")
    return int(not right)


def _configured() -> None:
    """Settings that lead nowhere: no request leaves this process."""
    nowhere = "http://127.0.0.1:1"
    os.environ.update(AWS_ACCESS_KEY_ID="none", AWS_SECRET_ACCESS_KEY="none", AWS_DEFAULT_REGION="us-east-1")
    os.environ.update(AWS_ENDPOINT_URL=nowhere, DUE_QUEUE_URL=f"{nowhere}/due.fifo", STAGE="local")
    os.environ.update(ACCOUNTS_TABLE="accounts", CONTROL_TABLE="control", DUE_SHARDS=str(AS_SHIPPED.shards))


if __name__ == "__main__":
    sys.exit(main())
