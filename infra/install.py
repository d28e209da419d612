"""Install the project's packages into the environment this runs in, and show the progress.

    .venv/bin/python -m infra.install requirements-dev.txt

It needs only the standard library: it runs before anything is installed.
"""

import subprocess
import sys
import threading
import time
from pathlib import Path

USUALLY = "one to three minutes"
QUIET_SECONDS = 15.0
"""How often a line is printed where lines cannot be overwritten."""

SHOWN = {"Collecting": "finding", "Downloading": "downloading", "Using": "finding", "Building": "building"}
LAST_LINES = 30
"""Lines of pip's output shown if it fails."""
INSTALLING = "Installing collected packages: "


class Progress:
    """Prints what pip does: on a terminal on one line that is overwritten, elsewhere on a new line every 15 seconds."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.doing = "starting pip"
        self._found = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)
        self._thread.start()

    def read_line(self, line: str) -> None:
        """Read a line of pip's output."""
        word = line.split(" ", 1)[0].strip()
        if line.startswith(INSTALLING):
            self.doing = f"installing {line.count(',') + 1} packages"
        elif word in SHOWN:
            self._found += word == "Collecting"
            self.doing = f"{SHOWN[word]} packages, {self._found} so far"

    def end(self) -> float:
        """Stop showing; the seconds it took."""
        self._over.set()
        self._thread.join()
        return time.monotonic() - self._began

    def _show(self) -> None:
        on_terminal = sys.stdout.isatty()
        while not self._over.wait(0.5 if on_terminal else QUIET_SECONDS):
            line = f"  {time.monotonic() - self._began:4.0f} s  {self.doing}"
            print(f"\r{line:<60}", end="", flush=True) if on_terminal else print(line, flush=True)
        if on_terminal:
            print("\r" + " " * 60 + "\r", end="", flush=True)


def install(requirements: Path) -> int:
    """Install what `requirements` lists; pip's exit code. Its errors are shown, its warnings only if it fails."""
    print(f"Installing packages into {Path(sys.prefix).name}; the first time this takes {USUALLY}.", flush=True)
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    command += ["-r", str(requirements)]
    progress, output = Progress(), []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            progress.read_line(line.strip())
            output.append(line.rstrip())
    seconds = progress.end()
    failed = pip.returncode != 0
    shown = output[-LAST_LINES:] if failed else [line for line in output if line.startswith("ERROR")]
    print("\n".join([*shown, "The packages are not installed." if failed else f"Installed in {seconds:.0f} s."]))
    return pip.returncode


if __name__ == "__main__":
    sys.exit(install(Path(sys.argv[1])))
