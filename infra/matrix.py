"""All tests on each Python the project supports: what `make matrix` runs.

    .venv/bin/python -m infra.matrix
    .venv/bin/python -m infra.matrix --only 3.13 tests/unit
    .venv/bin/python -m infra.matrix --python 3.14=/opt/python3.14/bin/python3

The versions are those that pyproject.toml names. Each that is on this machine (on the PATH, or kept by pyenv or uv)
gets an environment of its own in `.matrix`. What follows the options goes to pytest; without it, the tests of
`make test` run. Exits with 1 if tests failed, and with 2 if they passed but a version was not found here.
"""

import argparse
import subprocess
import sys
import tomllib
from pathlib import Path

from infra.bytecode import interpreter
from infra.package import PROJECT

ENVIRONMENTS = PROJECT / ".matrix"
CLASSIFIER = "Programming Language :: Python :: 3."
PASSED, FAILED, NOT_FOUND = 0, 1, 2


def supported() -> list[str]:
    """The versions the project says it runs on, such as `3.13`, oldest first."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    minors = [each.removeprefix(CLASSIFIER) for each in project["classifiers"] if each.startswith(CLASSIFIER)]
    return [f"3.{minor}" for minor in sorted(map(int, minors))]


def prepare(version: str, python: str) -> Path:
    """Make the environment of a version, with what the tests need, or bring it up to date; returns its Python.

    Raises subprocess.CalledProcessError.
    """
    environment = ENVIRONMENTS / version
    inside = environment / "bin" / "python"
    if not inside.exists():
        subprocess.run([python, "-m", "venv", environment], check=True)
    subprocess.run([inside, "-m", "infra.install", "requirements-dev.txt"], cwd=PROJECT, check=True)
    return inside


def run(version: str, python: str | None, tests: list[str]) -> tuple[int, str]:
    """Test on a version; what came of it, as this command's exit code and in words."""
    if python is None:
        return NOT_FOUND, "not found on this machine, so not tested"
    print(f"\nPython {version}: {python}", flush=True)
    try:
        inside = prepare(version, python)
    except subprocess.CalledProcessError:
        return FAILED, "the packages could not be installed"
    command = [str(inside), "-m", "pytest", "-m", "not prove", *(tests or ["-n", "2"])]
    code = subprocess.run(command, cwd=PROJECT).returncode
    return (FAILED, f"tests failed (exit code {code})") if code else (PASSED, "the tests passed")


def _place(text: str) -> tuple[str, str]:
    version, _, path = text.partition("=")
    if version not in supported() or not Path(path).is_file():
        known = ", ".join(supported())
        raise argparse.ArgumentTypeError(
            f"{text}: give one of {known}, = and its python, as in 3.14=/opt/py/bin/python"
        )
    return version, path


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.matrix", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", choices=supported(), metavar="VERSION", help="this version")
    parser.add_argument(
        "--python", action="append", type=_place, default=[], metavar="VERSION=PATH", help="where one is"
    )
    options, tests = parser.parse_known_args()
    given = dict(options.python)
    versions = options.only or supported()
    outcomes = [run(version, given.get(version) or interpreter(version), tests) for version in versions]
    print()
    for version, (_, told) in zip(versions, outcomes, strict=True):
        print(f"Python {version}: {told}")
    codes = {code for code, _ in outcomes}
    return FAILED if FAILED in codes else max(codes)


if __name__ == "__main__":
    sys.exit(main())
