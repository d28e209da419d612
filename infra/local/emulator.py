"""The emulator of AWS, a child process that never outlives its parent.

It listens on loopback alone, sees no AWS settings or credentials of the user's, and keeps its files to one directory.
"""

import contextlib
import json
import os
import runpy
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from infra.package import PROJECT

HOST = "127.0.0.1"
REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}

START_SECONDS = 30
STOP_SECONDS = 15

RIGHTS = "RIGHTS_FILE"
INHERITED = ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV")


class PortTaken(Exception):
    """Something else listens on the port."""


class EmulatorFailed(Exception):
    """The emulator didn't start, or ended by itself; its log says why."""


class Emulator:
    """ministack on a port of this machine, its log and temporary files under `home`, and its data too if it is kept.

    `rights` is a file with what roles, such as those of functions, did: a line for each role, action and resource.
    """

    def __init__(self, *, port: int, home: Path, keep: bool) -> None:
        self.port = port
        self.log = home / "ministack.log"
        self.rights = home / "rights.tsv"
        self._home = home
        self._keep = keep
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        if not is_free(self.port):
            raise PortTaken(f"Port {self.port} on {HOST} is taken.")
        self._home.mkdir(parents=True, exist_ok=True)
        self._clear_temporary_files()
        self._temporary.mkdir()
        forget_stream_positions(self._state)
        with self.log.open("wb") as log:
            self._process = self._spawn(log)
        self._wait_until_it_answers()

    def stop(self) -> None:
        """Stop it and every worker it started; it saves its data first if that is kept."""
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()  # makes it stop, see main()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None
        self._clear_temporary_files()

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.poll() is None

    def _spawn(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start the process, in a session of its own: Ctrl-C must reach only the parent, which stops it in order."""
        return subprocess.Popen(
            [sys.executable, "-m", "infra.local.emulator"],
            cwd=PROJECT,
            env=self._environment(),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _environment(self) -> dict[str, str]:
        """What ministack and the functions it runs inherit. Nothing here can lead to a real AWS account."""
        return {
            **{name: os.environ[name] for name in INHERITED if name in os.environ},
            **CREDENTIALS,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AUTH": "true",  # functions may do what their roles allow, as on AWS
            RIGHTS: str(self.rights),
            "BIND_HOST": HOST,
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_HOST": HOST,
            "MINISTACK_REGION": REGION,
            "IOT_MTLS_ENABLED": "0",  # listeners of services nobody here uses
            "SFTP_ENABLED": "0",
            "PERSIST_STATE": "1" if self._keep else "0",
            "STATE_DIR": str(self._state),
            "TMPDIR": str(self._temporary),
            "TZ": "UTC",
        }

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not self.running:
                break
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://{HOST}:{self.port}/_ministack/health", timeout=5).close()
                return
            time.sleep(0.02)
        raise EmulatorFailed(f"The emulator did not start. See {self.log} for the reason.")

    @property
    def _state(self) -> Path:
        return (self._home if self._keep else self._temporary) / "state"

    @property
    def _temporary(self) -> Path:
        return self._home / f"tmp-{self.port}"

    def _clear_temporary_files(self) -> None:
        shutil.rmtree(self._temporary, ignore_errors=True)


def forget_stream_positions(state: Path) -> None:
    """Let the readers of streams start from the beginning with kept data.

    The emulator keeps how far they had read, but not the streams: these start empty, and their readers would
    skip as many changes as they had read before.
    """
    file = state / "lambda.json"
    if file.exists():
        saved = json.loads(file.read_text(encoding="utf-8"))
        saved["payload"]["dynamodb_stream_positions"]["data"] = {}
        file.write_text(json.dumps(saved), encoding="utf-8")


def is_free(port: int) -> bool:
    """Whether a port of the loopback interface is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Some free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def main() -> None:
    """The child: ministack. It stops in order when the pipe from its parent closes, even if the parent was killed."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _write_down_rights(Path(os.environ[RIGHTS]))

    runpy.run_module("ministack", run_name="__main__")


def _write_down_rights(file: Path) -> None:
    """Write each action on a resource that a role was allowed to a file, once."""
    file.write_text("", encoding="utf-8")
    evaluator: Any = import_module("ministack.core.iam_evaluator")
    evaluate, written = evaluator.evaluate, set()

    def evaluated(request: Any, *policies: Any) -> Any:
        result = evaluate(request, *policies)
        line = f"{request.principal_arn}\t{request.action}\t{request.resource_arn}\n"
        if result.decision == "Allow" and line not in written:
            written.add(line)
            with file.open("a", encoding="utf-8") as rights:
                rights.write(line)
        return result

    evaluator.evaluate = evaluated


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
