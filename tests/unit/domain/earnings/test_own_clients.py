"""Who is held to be a partner's own client (docs/rules.md §10)."""

import pytest

from chalicelib.domain.earnings.own_clients import is_own_client

PARTNER = frozenset({"Books@bright.example", "bright.agency+payouts@gmail.com"})


@pytest.mark.parametrize(
    ("client", "own"),
    [
        pytest.param("books@bright.example", True, id="the partner's address"),
        pytest.param("BOOKS+acme@bright.example", True, id="in capitals, with a tag"),
        pytest.param("someone@BRIGHT.example", True, id="on the partner's domain"),
        pytest.param("someone@mail.bright.example", False, id="on a sub-domain, which may be anybody's"),
        pytest.param("bright.agency@gmail.com", True, id="its free-mail address without the tag"),
        pytest.param("somebody.else@gmail.com", False, id="another address of the same free-mailer"),
        pytest.param("owner@acme.example", False, id="a client's own domain"),
    ],
)
def test_a_client_at_the_partners_address_or_domain_is_its_own(client: str, own: bool) -> None:
    assert is_own_client(client, partner_emails=PARTNER) is own
