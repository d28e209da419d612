"""Where webhooks may point (rules §11): the public internet in production, this machine only where it is one's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.events.webhook_urls import is_allowed, url_fault

PRIVATE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "169.254.100.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b::10.0.0.1",
    "2002:a9fe:a9fe::1",
    "2002:0a00:0001::1",
    "2001:0:53aa:64c:0:0:0:1",
    "2001:db8::1",
]
LOOPBACK = ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"]
PUBLIC = ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_no_private_address_is_allowed_anywhere(address: str) -> None:
    assert not is_allowed(address, loopback=False)
    assert not is_allowed(address, loopback=True)


@pytest.mark.parametrize("address", LOOPBACK)
def test_loopback_is_allowed_only_where_it_is_ones_own(address: str) -> None:
    assert not is_allowed(address, loopback=False)
    assert is_allowed(address, loopback=True)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_allowed(address, loopback=False)


@given(st.ip_addresses(v=4))
def test_an_address_is_as_allowed_as_it_is_inside_an_ipv6_one(address: object) -> None:
    assert is_allowed(f"::ffff:{address}", loopback=False) == is_allowed(str(address), loopback=False)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.agency.example",
        "https://hooks.agency.example/a/b?c=d&e=%20",
        "https://HOOKS.agency.example:8443/",
        "https://hooks.agency.example:443/",
        "https://xn--bcher-kva.example/",
    ],
)
def test_in_production_a_url_names_a_host_by_its_domain_over_https(url: str) -> None:
    assert url_fault(url, production=True, loopback=False) is None


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://hooks.agency.example/", "https://"),
        ("ftp://hooks.agency.example/", "https://"),
        ("hooks.agency.example", "https://"),
        ("https://", "host"),
        ("https:///path", "host"),
        ("https://user:word@hooks.agency.example/", "password"),
        ("https://hooks.agency.example@10.0.0.1/", "password"),
        ("https://hooks.agency.example/#part", "fragment"),
        ("https://hooks.agency.example/\r\nHost: x", "printable"),
        ("https://hooks.agency.example/a b", "printable"),
        ("https://hooks.agency.example\\@10.0.0.1/", "printable"),
        ("https://bücher.example/", "ASCII"),
        ("https://hooks.agency.example/" + "a" * 2048, "2048"),
        ("https://hooks.agency.example:22/", "port"),
        ("https://hooks.agency.example:80/", "port"),
        ("https://hooks.agency.example:0/", "port"),
        ("https://hooks.agency.example:70000/", "URL"),
        ("https://hooks.agency.example:https/", "URL"),
        ("https://localhost/", "domain"),
        ("https://127.0.0.1/", "domain"),
        ("https://2130706433/", "domain"),
        ("https://0x7f000001/", "domain"),
        ("https://0x7f.0.0.0x1/", "domain"),
        ("https://0177.0.0.1/", "domain"),
        ("https://[::1]/", "domain"),
        ("https://[::ffff:127.0.0.1]/", "domain"),
        ("https://[fe80::1%25eth0]/", "host"),
        ("https://[::1/", "URL"),
        ("https://metadata/", "domain"),
        ("https://8.8.8.8/", "domain"),
    ],
)
def test_in_production_anything_else_is_refused_with_the_reason(url: str, says: str) -> None:
    fault = url_fault(url, production=True, loopback=False)

    assert fault is not None
    assert says in fault


def test_outside_production_http_and_on_ones_own_machine_loopback_are_fine() -> None:
    for url in ("http://127.0.0.1:8000/", "http://localhost:8000/", "http://[::1]:8000/", "http://hooks.example/"):
        assert url_fault(url, production=False, loopback=True) is None
    assert url_fault("http://127.0.0.1:8000/", production=False, loopback=False) is not None
    assert url_fault("http://169.254.169.254/", production=False, loopback=True) is not None
    assert url_fault("http://hooks.example:22/", production=False, loopback=True) is not None
