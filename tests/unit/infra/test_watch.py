"""The alarms: each has its page in the runbook, each is on a dashboard, and nothing is watched that nobody counts."""

import json
import re

import pytest

from chalicelib.domain.events import business, event_types
from infra.package import PROJECT
from infra.watch.alarms import ALARMS, OBJECTIVES, page_of
from infra.watch.dashboards import BUSINESS, DASHBOARDS, body
from infra.watch.measures import OWN
from infra.watch.resources import resources

RUNBOOK = PROJECT / "docs" / "runbook"
NAMES = [each.name for each in (*ALARMS, *OBJECTIVES)]
RESOURCES = resources()
ALARM_RESOURCES = {name: each for name, each in RESOURCES.items() if "Alarm" in each["Type"]}
SECTIONS = ("## What it means", "## Look at", "## Do", "## Over when")


def test_every_alarm_has_its_page_and_every_page_its_alarm() -> None:
    assert sorted(path.name for path in RUNBOOK.glob("*.md")) == sorted([*map(page_of, NAMES), "README.md"])


@pytest.mark.parametrize("name", NAMES)
def test_a_page_says_what_it_means_where_to_look_what_to_do_and_when_it_is_over(name: str) -> None:
    page = (RUNBOOK / page_of(name)).read_text(encoding="utf-8")

    assert page.startswith(f"# {name}Alarm\n")
    assert tuple(re.findall("^## .*", page, re.MULTILINE)) == SECTIONS


def test_the_runbook_lists_all_pages() -> None:
    listed = re.findall(r"\]\(([a-z-]+\.md)\)", (RUNBOOK / "README.md").read_text(encoding="utf-8"))

    assert sorted(listed) == sorted(map(page_of, NAMES))


@pytest.mark.parametrize("name", NAMES)
def test_an_alarm_leads_to_its_page_and_tells_the_topic(name: str) -> None:
    alarm = RESOURCES[f"{name}Alarm"]["Properties"]

    assert alarm["AlarmDescription"]["Fn::Sub"].endswith(f"${{RunbookUrl}}/{page_of(name)}")
    assert alarm["AlarmActions"] == alarm["OKActions"] != []


def test_only_the_windows_of_an_objective_tell_nobody() -> None:
    silent = {name for name, each in ALARM_RESOURCES.items() if "AlarmActions" not in each["Properties"]}

    assert silent == {f"{each.name}{window}" for each in OBJECTIVES for window, *_ in each.windows}


def test_a_budget_spent_fast_in_an_hour_or_slowly_in_six_rings() -> None:
    percentages = {window: percent for window, percent, _ in OBJECTIVES[0].windows}

    assert percentages == pytest.approx({"FastLong": 1.44, "FastShort": 1.44, "SlowLong": 0.6, "SlowShort": 0.6})


def test_alarms_stay_within_what_cloudwatch_allows() -> None:
    """Ten metrics an alarm; a day looked at, or seven with periods of an hour (PutMetricAlarm)."""
    for each in ALARM_RESOURCES.values():
        queries = each["Properties"].get("Metrics", [])
        assert sum("MetricStat" in query for query in queries) <= 10
        seconds = queries[0]["MetricStat"]["Period"] if queries else each["Properties"].get("Period", 0)
        assert seconds * each["Properties"].get("EvaluationPeriods", 1) <= 86_400 * (7 if seconds >= 3_600 else 1)


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_is_json_once_references_are_filled_in(name: str) -> None:
    text, references = body(DASHBOARDS[name])["Fn::Sub"] if name == "service" else (body(BUSINESS)["Fn::Sub"], {})

    filled = re.sub(r"\$\{([\w:]+)\}", lambda found: found[1], text)
    widgets = json.loads(filled)["widgets"]

    assert len({(widget["x"], widget["y"]) for widget in widgets}) == len(widgets)
    assert set(references) == set(re.findall(r"\$\{(R\d+)\}", text))


def test_every_alarm_is_on_the_dashboard() -> None:
    titles = {graph.title for graph in DASHBOARDS["service"]}

    assert set(NAMES) <= titles


def test_the_business_dashboard_shows_all_that_is_counted() -> None:
    lines = [line for graph in BUSINESS for line in graph.lines]
    counted = {metric.name for line in lines for metric in line.metrics.values()}

    assert counted == set(business.COUNTED.values())
    assert any(business.AMOUNT_PAID in line.expression for line in lines)
    assert set(business.COUNTED) <= set(event_types.TYPES)


def test_own_metrics_of_alarms_are_written_by_the_functions() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "chalicelib").rglob("*.py"))
    own = {m.name for alarm in ALARMS for m in alarm.measure.metrics.values() if m.namespace == OWN}

    assert {name for name in own - {"paid", "notpaid"} if f'"{name}"' not in code} == set()
