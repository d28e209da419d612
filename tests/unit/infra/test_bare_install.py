"""What installs the packages starts with nothing installed."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_command_of_the_makefile_starts_without_any_package() -> None:
    lines = [line for line in (ROOT / "Makefile").read_text().splitlines() if "infra.install" in line]
    (command,) = {tuple(line.split()[1:-1]) for line in lines}  # without Python and the requirements

    started = subprocess.run([sys.executable, "-S", *command, "--help"], cwd=ROOT, capture_output=True, text=True)

    assert "Traceback" not in started.stderr
