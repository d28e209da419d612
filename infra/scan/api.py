"""The deployed API, held against its own OpenAPI document by schemathesis: no 5xx, no answer that it does not describe.

A stack of its own has the demo data. Each request has the key that its route takes: a partner's, an operator's, a
client's session. Ids come from what the API lists, so that cases reach further than a 404. Nothing leaves the machine:
webhooks are not delivered.
"""

import json
import subprocess
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from infra.local import demo
from infra.local.deployed import DeployedStack
from infra.local.stack import LocalStack, audit
from infra.scan import tool

PROGRAM = "solutions"
"""The demo partner whose program has the most: the Single Bill, referred accounts, earnings."""
CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_headers_conformance", "response_schema_conformance"),
)
SPARED = ("/v1/api-keys/{key_id}", "/v1/operator/api-keys/{key_id}")
"""Routes that would take away the keys of the requests after them."""
NO_ANSWER = 0
"""Stands for the status of a request that was not answered."""
CALLERS = {"operator": "/v1/operator/", "partner": "/v1/", "client": "/client/", "public": "/"}
"""Who asks for routes that begin so; the first that fits. Public ones are asked with a partner's key."""


@dataclass
class Scanned:
    """What was asked: cases by caller and by status, and what was wrong. ``succeeded`` are operations with a 2xx."""

    operations: int = 0
    succeeded: int = 0
    cases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        by_caller = ", ".join(f"{who} {count:,}" for who, count in sorted(self.cases.items()))
        answers = ", ".join(f"{status} {count:,}" for status, count in sorted(self.statuses.items()))
        said = f"{self.cases.total():,} cases of {self.operations} operations, of which {self.succeeded} did something"
        counts = [f"api: {said}; {len(self.wrong)} wrong", f"  cases: {by_caller}", f"  answers: {answers}"]
        return "\n".join([*counts, *(f"  {each}" for each in self.wrong)])


def scan(*, seed: int, examples: int, seconds: int, report: Path | None = None) -> Scanned:
    """Ask a stack of its own, at most so many seconds; then its books must be right. The report is kept on request."""
    with tempfile.TemporaryDirectory(prefix="sublet-scan-") as directory:
        home = Path(directory)
        with LocalStack(home=home, progress=print) as stack:
            document, keys = _furnish(stack)
            (home / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
            (home / "scan.toml").write_text(_settings(stack.base_url, document, keys), encoding="utf-8")
            print(f"Asking for {seconds} s at most", flush=True)
            report = report.resolve() if report else home / "report.ndjson"
            bounds = [f"--seed={seed}", f"--max-examples={examples}", f"--max-time={seconds}"]
            done = _ask(home, *bounds, "--report=ndjson", f"--report-ndjson-path={report}")
            scanned = read_report(report)
            if done.returncode:
                scanned.wrong.append(done.stdout)
            scanned.wrong += _afterwards(stack, keys)
    return scanned


def _ask(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run schemathesis where its settings and the document are. One worker, so that a seed makes the same cases."""
    command = [str(tool("schemathesis")), "--config-file=scan.toml", "run", "openapi.json", "--no-color"]
    command += [f"--checks={','.join(CHECKS)}", "--workers=1", *options]
    return subprocess.run(command, cwd=home, stdout=subprocess.PIPE, text=True)


def _furnish(stack: LocalStack) -> tuple[dict[str, Any], dict[str, str]]:
    """Make the demo data, and let nothing out; returns the API's document and the callers' keys."""
    partners = demo.create(base_url=stack.base_url, operator_key=stack.operator_key, with_accounts=True, progress=print)
    client = {"account": "amber-lane", "username": "admin", "password": demo.PASSWORD}
    session = requests.post(f"{stack.base_url}/public/login", json=client, timeout=60)
    _deliver_nothing(stack.deployed)
    keys = {"partner": partners[PROGRAM].key, "operator": stack.operator_key, "client": session.json()["token"]}
    document: dict[str, Any] = requests.get(f"{stack.base_url}/openapi.json", timeout=60).json()
    return document, keys


def _deliver_nothing(deployed: DeployedStack) -> None:
    """Webhooks get addresses that somebody may have; nothing may be posted there."""
    (queue,) = [name for name in deployed.outputs if name == "DeliveriesQueueUrl"]
    arn = deployed.queues.get_queue_attributes(QueueUrl=deployed.outputs[queue], AttributeNames=["QueueArn"])
    (mapping,) = deployed.functions.list_event_source_mappings(EventSourceArn=arn["Attributes"]["QueueArn"])[
        "EventSourceMappings"
    ]
    deployed.functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)


def caller_of(path: str) -> str:
    """Whose key a route takes."""
    return next(who for who, start in CALLERS.items() if path.startswith(start))


def _settings(base_url: str, document: dict[str, Any], keys: dict[str, str]) -> str:
    """Schemathesis's settings: keys by route, and ids that exist by the name of their parameter."""
    lines = [f"base-url = {json.dumps(base_url)}", "request-timeout = 60.0", "warnings = false"]
    lines += [f"headers = {{ Authorization = {json.dumps('Bearer ' + keys['partner'])} }}"]
    known = _ids(base_url, document, keys)
    for name, values in known.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(sorted(values))}"]
    lines += ["[parameters]", *(f'{name} = {{ dictionary = "{name}", probability = 0.8 }}' for name in known)]
    for who in ("operator", "client"):
        lines += ["[[operations]]", f'include-path-regex = "^{CALLERS[who]}"']
        lines += [f"headers = {{ Authorization = {json.dumps('Bearer ' + keys[who])} }}"]
    lines += ["[[operations]]", f"include-path = {json.dumps(SPARED)}", "enabled = false"]
    return "\n".join(lines) + "\n"


def _ids(base_url: str, document: dict[str, Any], keys: dict[str, str]) -> dict[str, set[str]]:
    """The ids that lists have, by the name of the parameter that takes them: `/v1/webhooks` has `webhook_id`s."""
    found: dict[str, set[str]] = {}
    for path in document["paths"]:
        listed, _, parameter = path.rpartition("/")
        if parameter.startswith("{") and "{" not in listed and "get" in document["paths"].get(listed, {}):
            key = keys[caller_of(path)]
            answer = requests.get(base_url + listed, headers={"Authorization": f"Bearer {key}"}, timeout=60)
            ids = {each["id"] for each in answer.json()["data"]}
            found.setdefault(parameter.strip("{}"), set()).update(ids)
    return {name: ids for name, ids in found.items() if ids}


def read_report(report: Path) -> Scanned:
    """What schemathesis reports, line by line as JSON."""
    scanned, asked = Scanned(), defaultdict[str, set[int]](set)
    with report.open(encoding="utf-8") as lines:
        for recorder in _recorders(lines):
            statuses = asked[recorder["label"]]  # such as `GET /v1/accounts`, or of several in turn
            for number, case in recorder.get("cases", {}).items():
                answer = recorder.get("interactions", {}).get(number, {}).get("response")
                status = answer["status_code"] if answer else NO_ANSWER
                scanned.cases[caller_of(case["value"]["path"])] += 1
                scanned.statuses[status] += 1
                statuses.add(status)
    operations = [statuses for label, statuses in asked.items() if " /" in label]
    scanned.operations = len(operations)
    scanned.succeeded = len([statuses for statuses in operations if statuses & {200, 201, 202, 204, 303}])
    return scanned


def _recorders(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        event = json.loads(line)
        if "ScenarioFinished" in event:
            yield event["ScenarioFinished"]["recorder"]


def _afterwards(stack: LocalStack, keys: dict[str, str]) -> Iterator[str]:
    """What must still be true: the keys of partner and operator open something, and the audit finds nothing."""
    for who, path in (("partner", "/v1/partner"), ("operator", "/v1/operator/programs")):
        answer = requests.get(stack.base_url + path, headers={"Authorization": f"Bearer {keys[who]}"}, timeout=60)
        if answer.status_code != 200:
            yield f"the {who}'s key no longer opens {path}, so later cases tried little: {answer.text}"
    audited = audit(stack.deployed, output=subprocess.PIPE)
    if audited.returncode:
        yield f"the books after it:\n{audited.stdout}"
