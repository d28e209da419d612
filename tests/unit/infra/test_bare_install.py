"""What installs the packages starts with nothing installed."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_command_of_the_makefile_starts_without_any_package() -> None:
    (line,) = [line for line in (ROOT / "Makefile").read_text().splitlines() if "infra.install" in line]
    command = line.strip().removeprefix("@$(BIN)/python ").removesuffix(" requirements-dev.txt").split()

    started = subprocess.run([sys.executable, "-S", *command, "--help"], cwd=ROOT, capture_output=True, text=True)

    assert "Traceback" not in started.stderr
