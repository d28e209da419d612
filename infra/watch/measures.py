"""Numbers that CloudWatch keeps of this stack, and how alarms and dashboards name them.

The names of queues, functions and tables are the template's logical ids.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OWN = "Sublet"
"""The namespace of the metrics that the functions write to their logs."""
API = {"ApiName": {"Ref": "AWS::StackName"}, "Stage": "api"}


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with its statistic. Values of ``dimensions`` are texts, or references of CloudFormation."""

    namespace: str
    name: str
    statistic: str
    dimensions: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Measure:
    """A number over time: one metric, or an ``expression`` of metric math over several, by the ids it uses."""

    label: str
    metrics: Mapping[str, Metric]
    expression: str = ""


def queue(logical_id: str, name: str, *, label: str) -> Measure:
    """The highest value of a metric of an SQS queue."""
    dimensions = {"QueueName": {"Fn::GetAtt": [logical_id, "QueueName"]}}
    return Measure(label, {"m": Metric("AWS/SQS", name, "Maximum", dimensions)})


def waiting(logical_id: str, *, label: str) -> Measure:
    """Messages in a queue."""
    return queue(logical_id, "ApproximateNumberOfMessagesVisible", label=label)


def function(logical_id: str, name: str, *, label: str, statistic: str = "Sum") -> Measure:
    """A metric of one function."""
    return Measure(label, {"m": _of_function(logical_id, name, statistic)})


def functions(logical_ids: tuple[str, ...], name: str, *, label: str) -> Measure:
    """The sum of a metric over functions: an alarm takes up to ten."""
    return _sum(label, [_of_function(each, name, "Sum") for each in logical_ids])


def tables(logical_ids: tuple[str, ...], *names: str, label: str) -> Measure:
    """The sum of metrics over tables, their indexes included: an alarm takes up to ten."""
    return _sum(
        label,
        [Metric("AWS/DynamoDB", name, "Sum", {"TableName": {"Ref": each}}) for each in logical_ids for name in names],
    )


def own(name: str, *, label: str, statistic: str = "Sum") -> Measure:
    """A metric that the functions write themselves."""
    return Measure(label, {"m": Metric(OWN, name, statistic, {"service": "sublet"})})


def ratio(part: str, *others: str, label: str, at_least: int) -> Measure:
    """The share, in percent, of one count of our own in the sum of it and others; 0 below ``at_least`` of them."""
    counts = {f"m{place}": own(name, label=name).metrics["m"] for place, name in enumerate((part, *others))}
    filled = [f"FILL({each}, 0)" for each in counts]
    total = " + ".join(filled)
    return Measure(label, counts, f"IF(({total}) >= {at_least}, 100 * {filled[0]} / ({total}), 0)")


def by_currency(name: str) -> Measure:
    """A metric of our own with a line for each currency: for dashboards only, alarms know no search."""
    return Measure("", {}, f"SEARCH('{{{OWN},currency,service}} MetricName=\"{name}\"', 'Sum')")


def failed_requests(*, label: str) -> Measure:
    """The share of requests, in percent, that the API answered with 5xx."""
    metrics = {
        "f": Metric("AWS/ApiGateway", "5XXError", "Sum", API),
        "n": Metric("AWS/ApiGateway", "Count", "Sum", API),
    }
    return Measure(label, metrics, "IF(n > 0, 100 * f / n, 0)")


def slow_requests(milliseconds: int, *, label: str) -> Measure:
    """The share of requests, in percent, that took longer."""
    quick = Metric("AWS/ApiGateway", "Latency", f"PR(:{milliseconds})", API)
    return Measure(label, {"q": quick}, "100 - q")


def latency(statistic: str, *, label: str) -> Measure:
    """How long requests took, in milliseconds."""
    return Measure(label, {"m": Metric("AWS/ApiGateway", "Latency", statistic, API)})


def requests(*, label: str) -> Measure:
    """The number of requests."""
    return Measure(label, {"m": Metric("AWS/ApiGateway", "Count", "Sum", API)})


def _of_function(logical_id: str, name: str, statistic: str) -> Metric:
    return Metric("AWS/Lambda", name, statistic, {"FunctionName": {"Ref": logical_id}})


def _sum(label: str, metrics: list[Metric]) -> Measure:
    named = {f"m{place}": metric for place, metric in enumerate(metrics)}
    return Measure(label, named, " + ".join(f"FILL({each}, 0)" for each in named))
