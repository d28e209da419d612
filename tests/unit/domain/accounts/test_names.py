"""What an account may be called (docs/rules.md §8)."""

import pytest

from chalicelib.domain.accounts.names import RESERVED, fault


@pytest.mark.parametrize(
    "name", ["acme", "a1b", "123", "acme--hq", "a-b-c", "mailer", "wwwhat", "nsa", "xn-acme", "admin-acme", "a" * 63]
)
def test_a_name_that_leads_nowhere_else_is_taken(name):
    assert fault(name) is None


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("wpad", id="proxy settings are looked up there"),
        pytest.param("autodiscover", id="mail programs send passwords there"),
        pytest.param("autoconfig", id="mail settings are looked up there"),
        pytest.param("enterpriseenrollment", id="Windows enrols devices there"),
        pytest.param("caldav", id="calendar programs send passwords there"),
        pytest.param("mta-sts", id="policies for mail are looked up there"),
        pytest.param("localhost", id="browsers trust it"),
        pytest.param("isatap", id="Windows routes through it"),
        pytest.param("www2", id="a web server of the vendor's"),
        pytest.param("ns1", id="a name server"),
        pytest.param("mx10", id="a mail server"),
        pytest.param("admin", id="the vendor's own"),
        pytest.param("postmaster", id="certificate authorities write to it"),
    ],
)
def test_a_name_that_is_dangerous_as_a_subdomain_is_reserved(name):
    assert fault(name) == f"{name!r} is reserved"


def test_no_reserved_name_is_let_through():
    assert not [name for name in RESERVED if fault(name) is None]


@pytest.mark.parametrize("name", ["xn--80ak6aa92e", "xn--acme", "ab--cd"])
def test_a_name_that_browsers_show_as_another_is_refused(name):
    assert "third and the fourth place" in fault(name)


@pytest.mark.parametrize("name", ["", "ab", "-acme", "acme-", "Acme", "ac.me", "ac_me", "äcme", "a" * 64, "acme\n"])
def test_what_is_no_label_of_a_domain_is_refused(name):
    assert fault(name).startswith("must be 3 to 63")
