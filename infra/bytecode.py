"""The bytecode of a package: Lambda cannot keep what it compiles, so each start would compile everything anew."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from infra.dependencies import PackagingFailed

WHERE_LAMBDA_UNPACKS = "/var/task"
_OWN = ("app.py", "chalicelib")
_COMPILE = """
import compileall, py_compile, sys
kind, root, place, legacy, *paths = sys.argv
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
options = dict(quiet=1, force=True, stripdir=root, prependdir=place, invalidation_mode=mode, legacy=bool(legacy))
sys.exit(not all([compileall.compile_dir(path, **options) if "." not in path.rpartition("/")[2] else
                  compileall.compile_file(path, **options) for path in paths]))
"""


def interpreter(version: str) -> str | None:
    """A Python of that version (`3.13`) on this machine: ours, one on the PATH, or one that pyenv or uv keeps."""
    return next((python for python in _candidates(version) if _is(python, version)), None)


def compile_package(folder: Path, python: str) -> None:
    """Compile an unpacked package with that Python.

    Our own modules keep their source, for the lines in tracebacks. Of all others the bytecode alone is kept: with both,
    the package would be half as big again. Nothing compares bytecode with its source, whose times a zip does not keep.
    Raises PackagingFailed.
    """
    ours = [folder / name for name in _OWN]
    others = [path for path in folder.iterdir() if path not in ours and (path.is_dir() or path.suffix == ".py")]
    _compile(folder, python, ours, legacy=False)
    _compile(folder, python, others, legacy=True)
    for path in others:
        for source in [path] if path.is_file() else list(path.rglob("*.py")):
            source.unlink()


def _compile(folder: Path, python: str, paths: list[Path], *, legacy: bool) -> None:
    """``legacy``: beside the source instead of below `__pycache__`, where it is found without a source."""
    arguments = [str(folder), WHERE_LAMBDA_UNPACKS, "legacy" if legacy else "", *map(str, paths)]
    done = subprocess.run([python, "-I", "-c", _COMPILE, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise PackagingFailed(done.stdout + done.stderr)


def _candidates(version: str) -> Iterator[str]:
    yield sys.executable
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        yield str(Path(folder, f"python{version}"))
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    yield from map(str, sorted(kept.glob(f"{version}.*/bin/python{version}"), reverse=True))
    if uv := shutil.which("uv"):
        found = subprocess.run([uv, "python", "find", version], capture_output=True, text=True)
        yield found.stdout.strip()


def _is(python: str, version: str) -> bool:
    if not Path(python).is_file():
        return False
    shown = "import sys; print('%d.%d' % sys.version_info[:2])"
    asked = subprocess.run([python, "-I", "-c", shown], capture_output=True, text=True)
    return asked.returncode == 0 and asked.stdout.strip() == version
