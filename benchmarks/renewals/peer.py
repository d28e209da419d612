"""django-silver on a PostgreSQL of its own, both ended with the run.

PostgreSQL's files are in a temporary directory and it listens on a Unix socket there, on no port.
"""

import json
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

PYTHON = Path(".peer/bin/python")
SCRIPT = Path(__file__).with_name("silver_renewals.py")
REQUIREMENTS = Path(__file__).with_name("peer-requirements.txt")
"""How to install the peer is said there."""
_USER = "postgres"


class NoPeer(Exception):
    """The peer is not installed; the message says how to install it."""


@dataclass(frozen=True)
class Silver:
    """The peer's process, which renews when it is asked to."""

    requests: IO[str]
    answers: IO[str]

    def renew(self, subscriptions: int) -> dict[str, Any]:
        """Renew as many more; the CPU and wall seconds of its process, the invoices issued and paid."""
        return self._ask({"renew": subscriptions})

    def again(self) -> dict[str, Any]:
        """Bill what was renewed once more, which must issue nothing."""
        return self._ask({"again": True})

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        self.requests.write(json.dumps(request) + "\n")
        self.requests.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        line = self.answers.readline()
        if not line:
            raise SystemExit("django-silver ended; its error is above.")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def silver(python: Path, *, customers: int, subscriptions: int, card: bool, in_memory: bool) -> Iterator[Silver]:
    """The peer, ready to renew ``subscriptions`` of each of its ``customers``. Raises :class:`NoPeer`.

    PostgreSQL waits for the disk at each commit, as it comes, unless it is to work ``in_memory``.
    """
    if not python.exists():
        raise NoPeer(f"{python} is missing. How to install it: {REQUIREMENTS}")
    with _postgresql(in_memory=in_memory) as socket:
        command = [python, SCRIPT, "--socket", socket, "--customers", str(customers)]
        command += ["--subscriptions", str(subscriptions), *["--card"] * card]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "PGUSER": _USER}
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            peer = Silver(process.stdin, process.stdout)
            peer.answer()
            yield peer
        finally:
            process.stdin.close()
            process.wait()


@contextmanager
def _postgresql(*, in_memory: bool) -> Iterator[str]:
    """A server with an empty database; yields the directory of its socket."""
    programs = _programs()
    with tempfile.TemporaryDirectory() as home:
        as_user = _not_root(home)
        log, data = Path(home) / "log", Path(home) / "data"
        _run([programs / "initdb", "-D", data, "-A", "trust", "-U", _USER, "--no-sync"], log, as_user)
        options = f"-c listen_addresses='' -k {home}" + (" -c fsync=off -c synchronous_commit=off" if in_memory else "")
        control = [programs / "pg_ctl", "-D", data, "-w", "-l", log]
        _run([*control, "-o", options, "start"], log, as_user)
        try:
            yield home
        finally:
            _run([*control, "-m", "immediate", "stop"], log, as_user)


def _programs() -> Path:
    """Where PostgreSQL's programs are: the newest of Debian's, or those in the path."""
    for directory in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        return directory
    found = shutil.which("initdb")
    if found is None:
        raise NoPeer("PostgreSQL's initdb was not found. Install PostgreSQL (Debian: apt-get install postgresql).")
    return Path(found).parent


def _not_root(home: str) -> dict[str, Any]:
    """How to run PostgreSQL, which refuses to run as root: then as the user that Debian makes for it."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam(_USER)
    os.chown(home, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _run(command: list[Any], log: Path, as_user: dict[str, Any]) -> None:
    with (log.parent / "output").open("ab") as output:
        done = subprocess.run(command, cwd=log.parent, stdout=output, stderr=output, **as_user)
    if done.returncode:
        raise NoPeer(f"{Path(command[0]).name} failed: {(log.parent / 'output').read_text()[-500:]}")
