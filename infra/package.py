"""Package the app for CloudFormation: `python -m infra.package [DIRECTORY]` writes sam.yaml and deployment.zip there.

Chalice generates the template from app.py and merges infra/template.yaml into it, with the alarms of infra/watch. It
works on a copy, so that what it caches and builds stays out of the project.
"""

import argparse
import compileall
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode
from zipfile import ZipFile

import yaml

from infra.hardening import harden
from infra.watch import resources as watch

PROJECT = Path(__file__).resolve().parent.parent
INCOMPLETE = "Could not install dependencies"  # Chalice only prints this, and packages the rest
CHALICE = "from chalice.cli import main; main()"  # the entry point of its command, wherever that is installed


class PackagingFailed(Exception):
    """Chalice could not package the app; the message is its output."""


@dataclass(frozen=True)
class Package:
    """What CloudFormation needs: the merged template, and the code its functions share."""

    template: Path
    code: Path


def package(directory: Path, *, wheels: bool = True) -> Package:
    """Package the app into `directory`.

    Without `wheels` it holds only the project's own code: the emulator runs functions on the project's Python, where
    everything is installed. Such a package is made in a second and runs on every machine.
    """
    with tempfile.TemporaryDirectory(prefix="sublet-package-") as temporary:
        copy = Path(temporary)
        _copy_app(copy, wheels=wheels)
        _run_chalice(copy, directory.resolve())
    return Package(template=directory / "sam.yaml", code=directory / "deployment.zip")


def compile_modules(made: Package) -> None:
    """Add bytecode to a package for this machine's Python: processes of functions need not compile the modules anew."""
    with tempfile.TemporaryDirectory(prefix="sublet-bytecode-") as temporary:
        with ZipFile(made.code) as code:
            code.extractall(temporary)
        compileall.compile_dir(temporary, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
        with ZipFile(made.code, "a") as code:
            for file in Path(temporary).rglob("*.pyc"):
                code.write(file, file.relative_to(temporary))


def _copy_app(copy: Path, *, wheels: bool) -> None:
    shutil.copy(PROJECT / "app.py", copy)
    shutil.copytree(PROJECT / "chalicelib", copy / "chalicelib", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / ".chalice").mkdir()
    for file in (PROJECT / ".chalice").glob("*.json"):
        shutil.copy(file, copy / ".chalice")
    requirements = (PROJECT / "requirements.txt").read_text(encoding="utf-8") if wheels else ""
    (copy / "requirements.txt").write_text(requirements, encoding="utf-8")


def _run_chalice(copy: Path, directory: Path) -> None:
    template = copy / "template.yaml"
    template.write_text(_template(), encoding="utf-8")
    command = ["package", "--stage", "prod", "--template-format", "yaml", "--merge-template", template.name]
    command.append(str(directory))
    result = subprocess.run(
        [sys.executable, "-c", CHALICE, *command],
        cwd=copy,
        env={"AWS_DEFAULT_REGION": "us-east-1"} | os.environ,  # it wants one, though the template fits every region
        capture_output=True,
        text=True,
    )
    if result.returncode or INCOMPLETE in result.stdout + result.stderr:
        raise PackagingFailed(result.stdout + result.stderr)


def _template() -> str:
    """infra/template.yaml with the alarms and dashboards of infra/watch, encrypted as infra/hardening.py says."""
    template = yaml.safe_load((PROJECT / "infra" / "template.yaml").read_text(encoding="utf-8"))
    template["Resources"] |= watch.resources()
    harden(template)
    return yaml.safe_dump(template, sort_keys=False)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m infra.package", description="Package the app for AWS.")
    parser.add_argument("directory", nargs="?", type=Path, default=PROJECT / ".build")
    made = package(parser.parse_args().directory)
    print(f"{made.template}\n{made.code}")


if __name__ == "__main__":
    try:
        main()
    except PackagingFailed as failure:
        sys.exit(str(failure))
