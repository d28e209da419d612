"""CNAMEs are really looked up: of a name server on this machine, over the wire."""

import socket
import threading
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from chalicelib.gateways.dns import DnsResolver, LookUpFailed, SandboxResolver

TARGET = "acme.example.com"
ZONE = {
    "mail.acme.example.": "ACME.example.com.",
    "far.acme.example.": "near.acme.example.",
    "near.acme.example.": "acme.example.com.",
    "elsewhere.acme.example.": "other.example.com.",
    "round.acme.example.": "about.acme.example.",
    "about.acme.example.": "round.acme.example.",
}
NO_CNAME = {"plain.acme.example.", "acme.example.com.", "other.example.com."}
BROKEN = {"broken.acme.example."}


def _answer(query: dns.message.Message) -> dns.message.Message:
    name = query.question[0].name.to_text().lower()
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.RA
    if name in ZONE:
        answer.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", ZONE[name]))
    elif name in BROKEN:
        answer.set_rcode(dns.rcode.SERVFAIL)
    elif name not in NO_CNAME:
        answer.set_rcode(dns.rcode.NXDOMAIN)
    return answer


@pytest.fixture(scope="module", autouse=True)
def name_server() -> Iterator[None]:
    """A name server on a port of the loopback interface; the resolver asks it and no other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                packet, sender = server.recvfrom(512)
                if packet == b"end":
                    return
                server.sendto(_answer(dns.message.from_wire(packet)).to_wire(), sender)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.getsockname()[1]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dns.resolver, "default_resolver", resolver)
            yield
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"end", server.getsockname())
        thread.join(timeout=5)


@pytest.mark.parametrize(
    ("domain", "chain"),
    [
        pytest.param("mail.acme.example", (TARGET,), id="leads there, whatever its case"),
        pytest.param("far.acme.example", ("near.acme.example", TARGET), id="leads there in two steps"),
        pytest.param("elsewhere.acme.example", ("other.example.com",), id="leads elsewhere"),
        pytest.param("plain.acme.example", (), id="has no CNAME"),
        pytest.param("missing.acme.example", (), id="does not exist"),
        pytest.param("round.acme.example", ("about.acme.example", "round.acme.example"), id="leads round in a circle"),
    ],
)
def test_the_chain_is_followed(domain: str, chain: tuple[str, ...]) -> None:
    assert DnsResolver().chain(domain, towards=TARGET) == chain


def test_a_name_server_that_fails_says_nothing_of_the_domain() -> None:
    with pytest.raises(LookUpFailed):
        DnsResolver().chain("broken.acme.example", towards=TARGET)


def test_the_sandbox_asks_name_servers_for_what_is_not_under_test() -> None:
    sandbox = SandboxResolver(DnsResolver())

    assert sandbox.chain("mail.acme.example", towards=TARGET) == (TARGET,)
    assert sandbox.chain("mail.acme.test", towards=TARGET) == (TARGET,)
    assert sandbox.chain("nothing.acme.test", towards=TARGET) == ()
