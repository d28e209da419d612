"""Two dashboards: `service` for whoever is on call, `business` for what partners and clients do.

The first shows what every alarm measures, with the limit it rings at.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from infra.watch import measures
from infra.watch.alarms import ALARMS, AVAILABILITY, LATENCY, Alarm
from infra.watch.measures import Measure

_WIDTH, _HEIGHT, _ACROSS = 8, 6, 3


@dataclass(frozen=True, slots=True)
class Graph:
    """Lines over time, a point each ``minutes``; a ``limit`` is a line across."""

    title: str
    lines: tuple[Measure, ...]
    minutes: int = 5
    limit: float | None = None


def _of_alarm(alarm: Alarm) -> Graph:
    limit = alarm.above if alarm.below is None else alarm.below
    return Graph(alarm.name, (alarm.measure,), alarm.minutes, limit)


def _counts(title: str, **lines: str) -> Graph:
    """Counts of our own, by name of the metric."""
    return Graph(title, tuple(measures.own(name, label=label) for name, label in lines.items()), minutes=60)


SERVICE = (
    Graph("Requests", (measures.requests(label="requests"),)),
    Graph("Latency, ms", tuple(measures.latency(each, label=each) for each in ("p50", "p90", "p99")), limit=1000),
    *(Graph(each.name, (each.bad,), limit=each.budget) for each in (AVAILABILITY, LATENCY)),
    _counts("Requests refused for their number", RequestsRefused="refused"),
    *(_of_alarm(alarm) for alarm in ALARMS),
)
BUSINESS = (
    Graph("Paid, minor units by currency", (measures.by_currency("AmountPaid"),), minutes=60),
    _counts("Accounts", AccountsCreated="created", AccountsCanceled="canceled", AccountsExpired="expired"),
    _counts("Trials", TrialsEnding="ending within days"),
    _counts("Renewals", AccountsRenewed="renewed", InvoicesPaid="invoices paid"),
    _counts(
        "Payments that failed", PaymentsFailed="accounts", BillsFailed="Single Bills", PaymentsRecovered="recovered"
    ),
    _counts("Money given back", InvoicesRefunded="invoices refunded", DisputesOpened="disputes opened"),
    _counts("Prepaid money", PrepaidPurchased="purchases", PrepaidUsedUp="used up", TopUpsDeclined="top-ups declined"),
    _counts("Earnings", EarningsPosted="lines", EarningsHeld="held"),
    _counts("Moves", AccountsMoved="accounts moved", PermissionsGranted="permissions granted"),
    _counts("Webhooks", WebhooksDisabled="disabled"),
)
DASHBOARDS: Mapping[str, Sequence[Graph]] = {"service": SERVICE, "business": BUSINESS}


def body(graphs: Sequence[Graph]) -> dict[str, Any]:
    """A dashboard's body: JSON in which references of CloudFormation are filled in."""
    widgets = [_widget(graph, place) for place, graph in enumerate(graphs)]
    references: dict[str, Any] = {}
    text = json.dumps({"widgets": widgets}, default=lambda value: _placed(value, references))
    return {"Fn::Sub": [text, references]} if references else {"Fn::Sub": text}


class _Reference:
    """A value that CloudFormation knows."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _placed(value: Any, references: dict[str, Any]) -> str:
    assert isinstance(value, _Reference)
    known = next((name for name, each in references.items() if each == value.value), None)
    name = known or f"R{len(references)}"
    references[name] = value.value
    return f"${{{name}}}"


def _widget(graph: Graph, place: int) -> dict[str, Any]:
    ids = count()
    return {
        "type": "metric",
        "x": place % _ACROSS * _WIDTH,
        "y": place // _ACROSS * _HEIGHT,
        "width": _WIDTH,
        "height": _HEIGHT,
        "properties": {
            "title": graph.title,
            "region": "${AWS::Region}",
            "period": graph.minutes * 60,
            "metrics": [line for measure in graph.lines for line in _lines(measure, ids)],
            **({} if graph.limit is None else {"annotations": {"horizontal": [{"value": graph.limit}]}}),
        },
    }


def _lines(measure: Measure, ids: "count[int]") -> list[list[Any]]:
    """The lines of a measure; what an expression is made of is not shown."""
    renamed = {name: f"{name}_{next(ids)}" for name in measure.metrics}
    lines: list[list[Any]] = []
    for name, metric in measure.metrics.items():
        options: dict[str, Any] = {"stat": metric.statistic, "id": renamed[name]}
        options |= {"visible": False} if measure.expression else {"label": measure.label}
        dimensions = [part for pair in metric.dimensions.items() for part in (pair[0], _value(pair[1]))]
        lines.append([metric.namespace, metric.name, *dimensions, options])
    if measure.expression:
        label = {"label": measure.label} if measure.label else {}
        lines.append([{"expression": _renamed(measure.expression, renamed), **label}])
    return lines


def _value(value: Any) -> Any:
    return value if isinstance(value, str) else _Reference(value)


def _renamed(expression: str, names: Mapping[str, str]) -> str:
    """An expression with other ids, which stand for themselves: no word in a quoted text is one."""
    return re.sub(r"\b[a-z]\w*\b", lambda found: names.get(found[0], found[0]), expression)
