"""What the first `make run` says while packages are installed."""

import sys
from pathlib import Path

import pytest

from infra import install


def installed(said: list[str], code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> int:
    """Install with a pip that says this and exits so."""
    (tmp_path / "pip.py").write_text(f"import sys\nprint({chr(10).join(said)!r})\nsys.exit({code})\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(install, "QUIET_SECONDS", 0.01)
    return install.install(Path("requirements.txt"))


def test_it_says_how_long_it_usually_takes_and_hides_harmless_warnings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = ["Collecting boto3==1", "WARNING: ignored", "Installing collected packages: a, b", "ERROR: a needs b<1"]

    assert installed(said, 0, monkeypatch, tmp_path) == 0

    shown = capsys.readouterr().out
    assert shown.startswith(f"Installing packages into {Path(sys.prefix).name}; the first time this takes one")
    assert "WARNING" not in shown
    assert "ERROR: a needs b<1\nInstalled in " in shown


def test_a_failure_shows_what_pip_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert installed(["WARNING: no index", "ERROR: No matching distribution"], 1, monkeypatch, tmp_path) == 1

    assert (
        "WARNING: no index\nERROR: No matching distribution\nThe packages are not installed." in capsys.readouterr().out
    )


def test_progress_counts_what_pip_finds_and_installs() -> None:
    progress = install.Progress()
    for line in ("Collecting boto3==1", "Downloading boto3.whl", "Collecting rich"):
        progress.read_line(line)
    assert progress.doing == "finding packages, 2 so far"
    progress.read_line("Installing collected packages: boto3, rich, moto")
    assert progress.doing == "installing 3 packages"
    progress.end()
