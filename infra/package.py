"""Package the app for CloudFormation: `python -m infra.package [DIRECTORY]` writes sam.yaml and deployment.zip there.

Chalice generates the template from app.py and merges infra/template.yaml and infra/edge.yaml into it, with the alarms
of infra/watch; then everything is made to call functions by their alias (infra/aliases.py). Chalice works on a copy, so
that what it caches and builds stays out of the project. What it would install itself is installed here, for the Python
of the functions instead of the one that runs this command. Only one function draws, which takes a third of the package:
it has documents.zip, which is all of it, and the others have the rest. See docs/decisions/cold-start.md.
"""

import argparse
import compileall
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import yaml

from chalicelib import serialization, words
from chalicelib.api.on_demand import TABLE
from chalicelib.domain.catalog.programs import Program
from chalicelib.programs import files
from infra import bytecode, dependencies
from infra.aliases import use_aliases
from infra.dependencies import PROJECT as PROJECT
from infra.dependencies import PackagingFailed as PackagingFailed
from infra.dependencies import Target
from infra.gateway import gateway_responses, let_browsers_ask
from infra.hardening import harden
from infra.watch import resources as watch

CHALICE = """
import json, sys
from chalice.cli import main  # the entry point of its command, wherever that is installed
try:
    main()
finally:
    if "app" in sys.modules:  # which the command has imported
        json.dump(sys.modules["app"].app.modules_of_routes(), open("modules_of_routes.json", "w"))
"""
DRAWS = "RenderInvoice"
DRAWING = ("reportlab/", "uharfbuzz/", "bidi/", "PIL/", "chalicelib/documents/fonts/")
NOT_COMPILED = "No Python of that version here, so no bytecode in the package: functions take twice as long to start."
_RUNTIME = re.compile(r"(?<=Runtime: )python[0-9.]+")
_READABLE = 0o100644 << 16


@dataclass(frozen=True)
class Package:
    """What CloudFormation needs: the merged template, and the code its functions share.

    With wheels, ``documents`` is that of the function that draws; ``compiled`` says whether bytecode is in it.
    """

    template: Path
    code: Path
    documents: Path | None = None
    compiled: bool = False


def package(directory: Path, *, wheels: bool = True, target: Target | None = None) -> Package:
    """Package the app into `directory` for a target, by default Python 3.13 on arm64.

    Without `wheels` it holds only the project's own code: the emulator runs functions on the project's Python, where
    everything is installed. Such a package is made in a second and runs on every machine.

    Raises PackagingFailed.
    """
    target = target or Target()
    with tempfile.TemporaryDirectory(prefix="sublet-package-") as temporary:
        copy = Path(temporary)
        _copy_app(copy, target)
        _run_chalice(copy, directory.resolve())
        with ZipFile(directory / "deployment.zip", "a") as packaged:
            packaged.write(copy / TABLE.name, TABLE.relative_to(PROJECT))
    template, code = directory / "sam.yaml", directory / "deployment.zip"
    template.write_text(_RUNTIME.sub(target.runtime, template.read_text(encoding="utf-8")), encoding="utf-8")
    described = read_template(template)
    let_browsers_ask(described)
    use_aliases(described)
    _write_template(described, template)
    return _completed(Package(template, code), target) if wheels else Package(template, code)


def read_template(file: Path) -> dict[str, Any]:
    """A template, which is long: read by libyaml, where that is installed."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    template: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  both are safe
    return template


def _write_template(template: dict[str, Any], file: Path) -> None:
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    file.write_text(yaml.dump(template, Dumper=dumper, sort_keys=False), encoding="utf-8")


def compile_modules(made: Package) -> None:
    """Add bytecode to a package for this machine's Python: processes of functions need not compile the modules anew."""
    with tempfile.TemporaryDirectory(prefix="sublet-bytecode-") as temporary:
        with ZipFile(made.code) as code:
            code.extractall(temporary)
        compileall.compile_dir(temporary, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
        with ZipFile(made.code, "a") as code:
            for file in Path(temporary).rglob("*.pyc"):
                code.write(file, file.relative_to(temporary))


def _completed(made: Package, target: Target) -> Package:
    """Add to the project's code what it needs, compiled if there is a Python of that version on this machine."""
    python = bytecode.interpreter(target.python)
    documents = made.code.with_name("documents.zip")
    with tempfile.TemporaryDirectory(prefix="sublet-code-") as temporary:
        folder = Path(temporary, "code")
        with ZipFile(made.code) as packaged:
            packaged.extractall(folder)
        dependencies.install(folder, target)
        dependencies.prune(folder)
        if python is not None:
            bytecode.compile_package(folder, python)
        _zip(folder, documents)
        _zip(folder, made.code, without=DRAWING)
    _give(DRAWS, documents, made.template)
    return Package(made.template, made.code, documents=documents, compiled=python is not None)


def _zip(folder: Path, code: Path, *, without: tuple[str, ...] = ()) -> None:
    """The same bytes for the same files, so that a deployment without changes has none."""
    files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    with ZipFile(code, "w") as packaged:
        for name in sorted(files):
            if not name.startswith(without):
                entry = ZipInfo(name)  # dated 1980, as zips have it without a date
                entry.external_attr = _READABLE
                packaged.writestr(entry, files[name].read_bytes(), ZIP_DEFLATED, compresslevel=9)


def _give(function: str, code: Path, template: Path) -> None:
    described = read_template(template)
    described["Resources"][function]["Properties"]["CodeUri"] = f"./{code.name}"
    _write_template(described, template)


def _copy_app(copy: Path, target: Target) -> None:
    shutil.copy(PROJECT / "app.py", copy)
    shutil.copytree(PROJECT / "chalicelib", copy / "chalicelib", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / ".chalice").mkdir()
    for file in (PROJECT / ".chalice").glob("*.json"):
        shutil.copy(file, copy / ".chalice")
    settings = copy / ".chalice" / "config.json"
    config = json.loads(settings.read_text(encoding="utf-8"))
    settings.write_text(json.dumps(config | {"lambda_architecture": target.architecture}), encoding="utf-8")
    (copy / "requirements.txt").touch()
    _read_programs(copy / "chalicelib" / "programs")
    for file in (copy / "chalicelib").rglob("*.yaml"):
        file.with_suffix(".json").write_text(json.dumps(words.read(file), ensure_ascii=False), encoding="utf-8")


def _read_programs(folder: Path) -> None:
    """Replace the program files by what they say, so that no function has to read and check them."""
    for file in folder.glob("*.yaml"):
        content = serialization.dump(Program, files.load(file))
        file.with_suffix(".json").write_text(content, encoding="utf-8")
        file.unlink()


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
    if result.returncode:
        raise PackagingFailed(result.stdout + result.stderr)


def _template() -> str:
    """infra/template.yaml with all that is added to it: the edge, alarms and dashboards, encryption."""
    template, edge = (read_template(PROJECT / "infra" / name) for name in ("template.yaml", "edge.yaml"))
    template = _merged(template, edge)
    template["Resources"]["RestAPI"]["Properties"]["GatewayResponses"] = gateway_responses()
    template["Resources"] |= watch.resources()
    harden(template)
    return yaml.safe_dump(template, sort_keys=False)


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = {name: _merged(one[name], other[name]) for name in one.keys() & other.keys()}
    return {**one, **other, **both}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m infra.package", description="Package the app for AWS.")
    parser.add_argument("directory", nargs="?", type=Path, default=PROJECT / ".build")
    parser.add_argument("--python", default=Target.python, help="the functions' Python (default: %(default)s)")
    parser.add_argument("--architecture", default=Target.architecture, choices=["arm64", "x86_64"])
    options = parser.parse_args()
    made = package(options.directory, target=Target(python=options.python, architecture=options.architecture))
    print(f"{made.template}\n{made.code}\n{made.documents}")
    if not made.compiled:
        print(NOT_COMPILED, file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except PackagingFailed as failure:
        sys.exit(str(failure))
