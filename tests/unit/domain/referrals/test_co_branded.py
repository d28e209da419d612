"""Links to any page with the name of an invite link (docs/rules.md §10)."""

import pytest

from chalicelib.domain.referrals.invite_links import co_branded


@pytest.mark.parametrize(
    ("address", "made"),
    [
        ("https://www.example.com/pricing", "https://www.example.com/pricing?pn=bright"),
        ("www.example.com", "https://www.example.com?pn=bright"),
        (" http://example.com/a?b=1#c ", "http://example.com/a?b=1&pn=bright#c"),
        ("https://example.com/?pn=other&x=&pn=more", "https://example.com/?x=&pn=bright"),
        ("https://example.com:8443/é", "https://example.com:8443/é?pn=bright"),
    ],
)
def test_the_name_is_added_in_place_of_any_other(address: str, made: str) -> None:
    assert co_branded(address, pn="bright") == made


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nothing",
        "javascript:alert(1)",
        "ftp://example.com",
        "https://",
        "https://me:you@example.com",
        "https://[x",
        "a b.example",
        "https://example.com:99999/",
    ],
)
def test_what_is_no_address_of_a_page_makes_no_link(address: str) -> None:
    assert co_branded(address, pn="bright") is None
