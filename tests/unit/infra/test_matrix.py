"""The Pythons that the project says it supports are those that are tested."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from infra import matrix
from infra.dependencies import Target

ROOT = Path(__file__).parents[3]


def test_the_workflow_tests_each_supported_python() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "checks.yml").read_text(encoding="utf-8"))

    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == matrix.supported()


def test_the_python_of_the_functions_is_a_supported_one() -> None:
    assert Target.python in matrix.supported()
    assert f"3.{sys.version_info.minor}" in matrix.supported()


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, int | None]:
    """What pytest exits with on each version; None: there is no such Python here."""
    codes: dict[str, int | None] = dict.fromkeys(matrix.supported(), 0)
    monkeypatch.setattr(matrix, "interpreter", lambda version: None if codes[version] is None else version)
    monkeypatch.setattr(matrix, "prepare", lambda version, _python: version)
    monkeypatch.setattr(
        subprocess, "run", lambda command, cwd: subprocess.CompletedProcess(command, codes[command[0]] or 0)
    )
    monkeypatch.setattr(sys, "argv", ["infra.matrix"])
    return codes


def test_a_python_that_is_not_here_is_named_and_not_counted_as_tested(
    outcomes: dict[str, int | None], capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes["3.14"] = None

    assert matrix.main() == matrix.NOT_FOUND

    shown = capsys.readouterr().out
    assert "Python 3.13: the tests passed" in shown
    assert "Python 3.14: not found on this machine, so not tested" in shown


def test_a_failure_counts_for_more_than_a_python_that_is_not_here(outcomes: dict[str, int | None]) -> None:
    outcomes |= {"3.12": 1, "3.14": None}

    assert matrix.main() == matrix.FAILED


def test_all_is_well_when_each_passed(outcomes: dict[str, int | None]) -> None:
    assert matrix.main() == matrix.PASSED
