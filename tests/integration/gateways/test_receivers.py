"""Posting to what partners name, on real connections: what is ours is not reached, nobody holds us up (rules §11)."""

import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chalicelib.domain.events.deliveries import Failure
from chalicelib.gateways import receivers
from chalicelib.gateways.receivers import MOST_READ_BYTES, Answer
from tests.receiver import receiver, speaking


def post(url: str, **options: Any) -> Answer:
    given: dict[str, Any] = {"body": b"{}", "headers": {"webhook-id": "evt_1"}, "loopback": True, "seconds": 1.0}
    return receivers.post(url, **given | options)


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Every address a connection was made to."""
    made: list[tuple[str, int]] = []
    connect = socket.create_connection

    def noting(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
        made.append(address)
        return connect(address, *args, **kwargs)

    monkeypatch.setattr(receivers.socket, "create_connection", noting)
    return made


def test_it_posts_the_body_to_path_and_host_and_tells_the_status() -> None:
    with receiver(lambda _: 201) as here:
        answer = post(here.url + "hooks?a=b", body='{"é":1}'.encode())

        (request,) = here.requests
        assert answer == Answer(status_code=201)
        assert (request.path, request.body.decode()) == ("/hooks?a=b", '{"é":1}')
        assert request.headers["host"] in here.url
        assert request.headers["webhook-id"] == "evt_1"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_an_answer_and_is_not_followed(status: int) -> None:
    with receiver(lambda _: status) as here:
        assert post(here.url) == Answer(status_code=status)
        assert len(here.requests) == 1


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "017700000001", "127.1", "[::ffff:127.0.0.1]"]
)
def test_in_production_nothing_on_this_machine_is_reached_however_it_is_written(
    connections: list[tuple[str, int]], host: str
) -> None:
    with receiver() as here:
        answer = post(here.url.replace("127.0.0.1", host), loopback=False)

        assert answer.failure in {Failure.ADDRESS_NOT_ALLOWED, Failure.NAME_NOT_RESOLVED}
        assert here.requests == []
        assert connections == []


@pytest.mark.parametrize(
    "addresses",
    [["10.0.0.1"], ["169.254.169.254"], ["::ffff:10.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["64:ff9b::a9fe:a9fe"]],
    ids=",".join,
)
def test_a_name_that_leads_into_a_private_network_is_not_connected_to(
    connections: list[tuple[str, int]], addresses: list[str]
) -> None:
    answer = post("http://rebound.example/", resolve=lambda *_: addresses)

    assert answer == Answer(failure=Failure.ADDRESS_NOT_ALLOWED)
    assert connections == []


def test_a_name_that_changes_between_look_and_connection_gains_nothing(connections: list[tuple[str, int]]) -> None:
    asked = count()

    def rebinding(_name: str, _port: int) -> list[str]:
        """Public when it is looked at, private from then on."""
        return ["127.0.0.2"] if next(asked) == 0 else ["127.0.0.1"]

    with receiver() as here:
        answer = post(here.url.replace("127.0.0.1", "rebound.example"), resolve=rebinding)

        assert next(asked) == 1
        assert [address for address, _ in connections] == ["127.0.0.2"]
        assert answer == Answer(failure=Failure.NOT_CONNECTED)
        assert here.requests == []


def test_the_name_stays_the_host_though_the_connection_is_to_its_address() -> None:
    with receiver() as here:
        port = here.url.rstrip("/").rpartition(":")[2]

        answer = post(f"http://hooks.example:{port}/", resolve=lambda *_: ["127.0.0.1"])

        assert answer == Answer(status_code=204)
        assert here.requests[0].headers["host"] == f"hooks.example:{port}"


def test_the_environments_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as proxy, receiver(lambda _: 202) as here:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)

        assert post(here.url) == Answer(status_code=202)
        assert proxy.requests == []


def test_what_does_not_answer_is_left_when_the_time_is_up() -> None:
    with receiver(lambda _: None) as here:
        began = time.monotonic()

        assert post(here.url, seconds=0.3) == Answer(failure=Failure.TIMEOUT)
        assert time.monotonic() - began < 3


def test_an_answer_that_drips_is_left_when_the_time_is_up() -> None:
    def drip(connection: socket.socket) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 10_000:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    with speaking(drip) as url:
        began = time.monotonic()

        assert post(url, seconds=0.4) == Answer(failure=Failure.TIMEOUT)
        assert time.monotonic() - began < 3


def test_a_body_without_end_is_read_up_to_a_limit_and_the_status_stands() -> None:
    sent = 0

    def pour(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            sent += connection.send(b"a" * 4096)

    with speaking(pour) as url:
        assert post(url, seconds=5.0) == Answer(status_code=200)

    assert sent < MOST_READ_BYTES + 16_000_000  # what sockets hold, far from endless


def test_headers_without_end_are_no_answer() -> None:
    def pour(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-More: of it\r\n" * 100)

    with speaking(pour) as url:
        assert post(url, seconds=5.0) == Answer(failure=Failure.NOT_HTTP)


@pytest.mark.parametrize("said", [b"SSH-2.0-OpenSSH\r\n", b"", b"\xff\x00\xff\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_speaks_no_http_is_told_so(said: bytes) -> None:
    with speaking(lambda connection: connection.sendall(said)) as url:
        assert post(url).failure in {Failure.NOT_HTTP, Failure.NOT_CONNECTED}


def test_a_server_without_tls_is_no_https() -> None:
    with receiver() as here:
        answer = post(here.url.replace("http://", "https://"))

        assert answer.failure in {Failure.TLS, Failure.NOT_CONNECTED}
        assert here.requests == []


def test_a_closed_port_and_an_unknown_name_are_told_apart() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        assert post(f"http://127.0.0.1:{taken.getsockname()[1]}/") == Answer(failure=Failure.NOT_CONNECTED)

    def unknown(_name: str, _port: int) -> list[str]:
        raise socket.gaierror("unknown")

    assert post("http://nobody.example/", resolve=unknown) == Answer(failure=Failure.NAME_NOT_RESOLVED)


def test_a_resolver_that_hangs_is_left_when_the_time_is_up() -> None:
    def hanging(_name: str, _port: int) -> list[str]:
        time.sleep(2)
        return []

    began = time.monotonic()

    assert post("http://slow.example/", seconds=0.2, resolve=hanging) == Answer(failure=Failure.TIMEOUT)
    assert time.monotonic() - began < 1.5


def test_a_certificate_must_be_trusted_and_be_the_names_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the name for TLS though the connection is to an address."""
    certificate = _certificate_for("hooks.example", tmp_path)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    trusting = ssl.create_default_context(cafile=str(certificate))

    with receiver(tls=serving) as here:
        port = here.url.rstrip("/").rpartition(":")[2]

        def ask(name: str) -> Answer:
            return post(f"https://{name}:{port}/", resolve=lambda *_: ["127.0.0.1"], seconds=5.0)

        assert ask("hooks.example") == Answer(failure=Failure.TLS)
        monkeypatch.setattr(receivers, "tls_context", lambda: trusting)
        assert ask("hooks.example") == Answer(status_code=204)
        assert ask("another.example") == Answer(failure=Failure.TLS)
        assert len(here.requests) == 1


def _certificate_for(name: str, directory: Path) -> Path:
    """A certificate that vouches for itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = directory / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return file
