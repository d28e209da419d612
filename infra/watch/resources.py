"""The alarms and dashboards as resources of CloudFormation."""

from typing import Any

from infra.watch.alarms import ALARMS, OBJECTIVES, Alarm, Missing, Objective, page_of
from infra.watch.dashboards import DASHBOARDS, body
from infra.watch.measures import Measure, Metric

_ACTIONS = [{"Fn::If": ["Announced", {"Ref": "AlarmTopicArn"}, {"Ref": "AWS::NoValue"}]}]


def resources() -> dict[str, Any]:
    """All alarms and dashboards, by logical id."""
    made: dict[str, Any] = {}
    for alarm in ALARMS:
        made[f"{alarm.name}Alarm"] = _alarm(alarm)
    for objective in OBJECTIVES:
        made |= _burn_alarms(objective)
    for name, rows in DASHBOARDS.items():
        dashboard = {"DashboardName": {"Fn::Sub": f"${{AWS::StackName}}-{name}"}, "DashboardBody": body(rows)}
        made[f"{name.capitalize()}Dashboard"] = {"Type": "AWS::CloudWatch::Dashboard", "Properties": dashboard}
    return made


def _alarm(alarm: Alarm) -> dict[str, Any]:
    properties = {
        "AlarmDescription": _description(alarm.name, alarm.says),
        **_measured(alarm.measure, alarm.minutes),
        "EvaluationPeriods": alarm.for_periods,
        "Threshold": alarm.above if alarm.below is None else alarm.below,
        "ComparisonOperator": "GreaterThanThreshold" if alarm.below is None else "LessThanThreshold",
        "TreatMissingData": alarm.missing.value,
        "AlarmActions": _ACTIONS,
        "OKActions": _ACTIONS,
    }
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


def _burn_alarms(objective: Objective) -> dict[str, Any]:
    """An alarm for each window, without actions, and the composite alarm over them, which has the actions."""
    made: dict[str, Any] = {}
    for window, percent, minutes in objective.windows:
        properties = {
            "AlarmDescription": f"A window of {objective.name}Alarm, which rings for it.",
            **_measured(objective.bad, minutes),
            "EvaluationPeriods": 1,
            "Threshold": round(percent, 3),
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": Missing.FINE.value,
        }
        made[f"{objective.name}{window}"] = {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}
    fast, slow = (
        " AND ".join(f"ALARM(${{{objective.name}{speed}{length}}})" for length in ("Long", "Short"))
        for speed in ("Fast", "Slow")
    )
    composite = {
        "AlarmName": {"Fn::Sub": f"${{AWS::StackName}}-{objective.name}"},
        "AlarmDescription": _description(objective.name, objective.says),
        "AlarmRule": {"Fn::Sub": f"({fast}) OR ({slow})"},
        "AlarmActions": _ACTIONS,
        "OKActions": _ACTIONS,
    }
    made[f"{objective.name}Alarm"] = {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": composite}
    return made


def _description(name: str, says: str) -> dict[str, str]:
    return {"Fn::Sub": f"{says} See ${{RunbookUrl}}/{page_of(name)}"}


def _measured(measure: Measure, minutes: int) -> dict[str, Any]:
    """A single metric as the alarm's own; an expression as a list of queries."""
    seconds = minutes * 60
    if not measure.expression:
        (metric,) = measure.metrics.values()
        kind = "Statistic" if metric.statistic in {"Sum", "Maximum"} else "ExtendedStatistic"
        return {**_named(metric), kind: metric.statistic, "Period": seconds}
    queries: list[dict[str, Any]] = [
        {
            "Id": query_id,
            "MetricStat": {"Metric": _named(metric), "Period": seconds, "Stat": metric.statistic},
            "ReturnData": False,
        }
        for query_id, metric in measure.metrics.items()
    ]
    result = {"Id": "result", "Expression": measure.expression, "Label": measure.label, "ReturnData": True}
    return {"Metrics": [*queries, result]}


def _named(metric: Metric) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in metric.dimensions.items()]
    return {"Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions}
