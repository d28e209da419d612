"""What the functions need besides the project's own code: installed for Lambda, and rid of what they never load."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
STAND_INS = Path(__file__).with_name("stand_ins")

GLIBC = 34
"""Lambda's C library from Python 3.12 on (Amazon Linux 2023) is 2.34. Wheels for older ones fit, too."""
_OLDEST_GLIBC = 17
_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}

AWS_SERVICES = frozenset({"dynamodb", "events", "lambda", "s3", "sesv2", "sqs", "ssm"})
"""The services of AWS that the product has clients of; botocore knows some 430. Held by a test."""

NEVER_LOADED = (
    "*.dist-info",
    "bin",
    "PIL",
    "aws_lambda_powertools/event_handler",  # for APIs that Chalice does not serve
    "pillow.libs",
    "boto3/data",  # boto3's resources
    "boto3/examples",
    "cffi",  # argon2 needs only its backend
    "dateutil/zoneinfo",  # a zone database of its own; ours is tzdata
    "js_lib_htmx/apps.py",  # of Django; of the rest, one file is served
    "js_lib_htmx/static/htmx/ext",
    "js_lib_htmx/static/htmx/htmx.[!m]*",
    "js_lib_htmx/static/htmx/htmx.min.js.gz",
    "pycparser",
    "pydantic/mypy.py",
    "pydantic/v1",  # for models of its first version, of which there are none
    "reportlab/fonts",  # we draw with our own
    "stripe/params",  # for type checkers
    "uharfbuzz/_harfbuzz_test*",
)


class PackagingFailed(Exception):
    """Chalice, pip or the compiler could not do its part; the message is its output."""


@dataclass(frozen=True)
class Target:
    """The Lambda runtime and processor to package for."""

    python: str = "3.13"
    architecture: str = "arm64"

    @property
    def runtime(self) -> str:
        """Lambda's name for the runtime."""
        return f"python{self.python}"

    @property
    def platforms(self) -> list[str]:
        """The tags of wheels that run there, newest first."""
        machine = _MACHINES[self.architecture]
        return [f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC, _OLDEST_GLIBC - 1, -1)] + [
            f"manylinux2014_{machine}"
        ]


def install(folder: Path, target: Target) -> None:
    """Install the requirements into a folder, as wheels of the target: nothing is built. Raises PackagingFailed."""
    requirements = folder.with_name("requirements-packaged.txt")
    requirements.write_text(_packaged((PROJECT / "requirements.txt").read_text(encoding="utf-8")), encoding="utf-8")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", str(folder)]
    wheels = ["--only-binary=:all:", "--implementation", "cp", "--python-version", target.python]
    for platform in target.platforms:
        wheels += ["--platform", platform]
    done = subprocess.run([*command, *wheels, "-r", str(requirements)], capture_output=True, text=True)
    if done.returncode:
        raise PackagingFailed(done.stdout + done.stderr)


def prune(folder: Path) -> None:
    """Remove what the functions never load, and put stand-ins where something asks for it all the same."""
    for pattern in NEVER_LOADED:
        for found in folder.glob(pattern):
            shutil.rmtree(found) if found.is_dir() else found.unlink()
    for service in (folder / "botocore" / "data").iterdir():
        if service.is_dir() and service.name not in AWS_SERVICES:
            shutil.rmtree(service)
    shutil.copytree(STAND_INS, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))


def _packaged(requirements: str) -> str:
    """The requirements without Chalice: it packages its own runtime, and its command brings pip along."""
    return "".join(line for line in requirements.splitlines(keepends=True) if not line.startswith("chalice=="))
