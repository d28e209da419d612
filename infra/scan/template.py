"""The packaged template, held against the rules of checkov and of cfn-lint for serverless applications."""

import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from infra.package import package
from infra.scan import tool

ACCEPTED = Path(__file__).with_name("accepted.yaml")


@dataclass(frozen=True)
class Finding:
    """A rule that a resource of the template breaks."""

    rule: str
    resource: str
    says: str


@dataclass
class Judged:
    """How often each accepted rule is broken, and what is wrong; checkov also counts the checks that passed."""

    accepted: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    passed: int = 0

    def __str__(self) -> str:
        left = ", ".join(f"{rule} {count}" for rule, count in sorted(self.accepted.items()))
        said = f"{self.passed} checks of checkov passed, {len(self.wrong)} wrong, {self.accepted.total()} accepted"
        return "\n".join([f"template: {said} ({left})", *(f"  {each}" for each in self.wrong)])


def scan() -> Judged:
    """Package the template as for AWS and check it."""
    with tempfile.TemporaryDirectory(prefix="sublet-scan-") as directory:
        template = package(Path(directory), wheels=False).template
        checkov = _said(
            "checkov", "--framework", "cloudformation", "--skip-download", "--output", "json", "--file", template
        )
        cfn_lint = _said("cfn-lint", "--append-rules", "cfn_lint_serverless.rules", "--format", "json", template)
    findings = [*_by_checkov(checkov), *_by_cfn_lint(cfn_lint)]
    judged = judge(findings, yaml.safe_load(ACCEPTED.read_text(encoding="utf-8")))
    judged.passed = checkov["summary"]["passed"]
    return judged


def judge(findings: Iterable[Finding], accepted: dict[str, str]) -> Judged:
    """Divide findings by what is accepted: a rule, or a rule for one resource.

    What is accepted and not found any more is wrong, too.
    """
    judged, unused = Judged(), set(accepted)
    for found in findings:
        keys = {found.rule, f"{found.rule} {found.resource}"} & accepted.keys()
        unused -= keys
        if keys:
            judged.accepted[found.rule] += 1
        else:
            judged.wrong.append(f"{found.rule} {found.resource}: {found.says}")
    judged.wrong += [f"{key} is in {ACCEPTED.name}, but is found no longer: remove it there" for key in sorted(unused)]
    return judged


def _said(name: str, *arguments: str | Path) -> Any:
    """The JSON that a tool prints; their exit codes only say that they found something."""
    done = subprocess.run([tool(name), *arguments], capture_output=True, text=True)
    if not done.stdout:
        raise ToolFailed(f"{name}: {done.stderr}")
    return json.loads(done.stdout)


class ToolFailed(Exception):
    """A tool did not report anything; the message is its output."""


def _by_checkov(report: dict[str, Any]) -> Iterator[Finding]:
    for failed in report["results"]["failed_checks"]:
        yield Finding(failed["check_id"], failed["resource"].rpartition(".")[2], failed["check_name"])


def _by_cfn_lint(report: list[dict[str, Any]]) -> Iterator[Finding]:
    for match in report:
        path = match["Location"]["Path"]  # Resources, DueQueue, …
        yield Finding(match["Rule"]["Id"], str(path[1]) if len(path) > 1 else "the template", match["Message"])
