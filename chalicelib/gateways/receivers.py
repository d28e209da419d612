"""Posting to URLs that partners choose: no internal address can be reached that way, and no receiver can block us.

The name is resolved once, all its addresses are checked, and the connection goes to one of these, so that the name
cannot point elsewhere between check and connection. Redirects are not followed. Proxies of the environment are not
used. One deadline covers everything: resolving, connecting, the TLS handshake, sending, and reading the answer, whose
body is discarded.
"""

import contextlib
import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from functools import cache
from http.client import HTTPException, HTTPResponse
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from chalicelib.domain.events.deliveries import Failure
from chalicelib.domain.events.webhook_urls import is_allowed
from chalicelib.domain.values import dataclass

DEADLINE_SECONDS = 10.0
MOST_READ_BYTES = 64 * 1024
_ADDRESSES_TRIED = 3

Resolve = Callable[[str, int], list[str]]
"""The IP addresses of a name, as texts; raises OSError."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status code, or why there is none."""

    status_code: int | None = None
    failure: Failure | None = None


class _NotReached(Exception):
    def __init__(self, failure: Failure) -> None:
        super().__init__(failure)
        self.failure = failure


class _Deadline:
    """One time limit for all steps together."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left. Raises TimeoutError when there are none."""
        seconds = self._ends - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds


def resolved(name: str, port: int) -> list[str]:
    """The addresses the system's resolver finds, IPv4 first: functions outside a VPC reach no others."""
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    found.sort(key=lambda entry: entry[0] != socket.AF_INET)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def post(
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    loopback: bool,
    seconds: float = DEADLINE_SECONDS,
    resolve: Resolve = resolved,
) -> Answer:
    """Post ``body`` and return how it was answered; never raises for what the receiver does."""
    deadline = _Deadline(seconds)
    try:
        with contextlib.closing(_connected(url, deadline, loopback=loopback, resolve=resolve)) as connection:
            _send(connection, _request(url, body, headers), deadline)
            return Answer(status_code=_status_of_answer(connection, deadline))
    except _NotReached as error:
        return Answer(failure=error.failure)
    except TimeoutError:
        return Answer(failure=Failure.TIMEOUT)
    except ssl.SSLError:
        return Answer(failure=Failure.TLS)
    except OSError:
        return Answer(failure=Failure.NOT_CONNECTED)
    except (HTTPException, ValueError):
        return Answer(failure=Failure.NOT_HTTP)


def _connected(url: str, deadline: _Deadline, *, loopback: bool, resolve: Resolve) -> socket.socket:
    """A connection to a checked address, encrypted for https."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    addresses = _resolved_in_time(host, port, deadline, resolve)
    if not addresses:
        raise _NotReached(Failure.NAME_NOT_RESOLVED)
    if not all(is_allowed(address, loopback=loopback) for address in addresses):
        raise _NotReached(Failure.ADDRESS_NOT_ALLOWED)
    connection = _first_that_connects(addresses[:_ADDRESSES_TRIED], port, deadline)
    if parts.scheme != "https":
        return connection
    try:
        connection.settimeout(deadline.left())
        return tls_context().wrap_socket(connection, server_hostname=host)
    except BaseException:
        connection.close()
        raise


def _resolved_in_time(host: str, port: int, deadline: _Deadline, resolve: Resolve) -> list[str]:
    """The system's resolver takes no timeout, so its thread is abandoned when the time is up."""
    found: list[list[str]] = []

    def ask() -> None:
        with contextlib.suppress(OSError, UnicodeError):
            found.append(resolve(host, port))

    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(deadline.left())
    if asking.is_alive():
        raise TimeoutError
    return found[0] if found else []


def _first_that_connects(addresses: list[str], port: int, deadline: _Deadline) -> socket.socket:
    error: OSError = OSError("no address")
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=deadline.left())  # never resolved again
        except OSError as failed:
            error = failed
    raise error


@cache
def tls_context() -> ssl.SSLContext:
    """Checks certificates and names against the authorities the system trusts."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _request(url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    fields = {"Host": parts.netloc, **headers, "Content-Length": str(len(body)), "Connection": "close"}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST {target} HTTP/1.1\r\n{head}\r\n".encode("ascii") + body


def _send(connection: socket.socket, data: bytes, deadline: _Deadline) -> None:
    rest = memoryview(data)
    while rest:
        connection.settimeout(deadline.left())
        rest = rest[connection.send(rest) :]


def _status_of_answer(connection: socket.socket, deadline: _Deadline) -> int:
    """The status code; the start of the body is read and discarded."""
    response = HTTPResponse(_TimedSocket(connection, deadline), method="POST")  # type: ignore[arg-type]
    response.begin()
    with contextlib.suppress(OSError, HTTPException, ValueError):  # the status is known
        response.read(MOST_READ_BYTES)
    return response.status


class _TimedSocket:
    """The part of a socket that HTTPResponse needs: reading, each time within the time left."""

    def __init__(self, connection: socket.socket, deadline: _Deadline) -> None:
        self._reader = _TimedReader(connection, deadline)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._reader)


class _TimedReader(io.RawIOBase):
    def __init__(self, connection: socket.socket, deadline: _Deadline) -> None:
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(self._deadline.left())
        return self._connection.recv_into(buffer)
