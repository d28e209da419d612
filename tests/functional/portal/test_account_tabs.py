"""The tabs of an account: details, branding, domain, usage, billing history, history."""

import re

import pytest

from tests.functional.conftest import TRIAL, Api
from tests.functional.portal.conftest import Visitor, signed_in

CLIENT = {"name": "Blue <i>Door</i>", "email": "owner@blue.example"}
Opened = tuple[Visitor, str]


@pytest.fixture
def opened(api: Api) -> Opened:
    """An owner, and the path of a trial of theirs."""
    partner = api.partner()
    account = partner.create(name="blue-door", plan=TRIAL, client=CLIENT)
    return signed_in(partner.id), f"accounts/{account['id']}"


def entered(html: str) -> dict[str, str]:
    """What the fields of a page's forms hold."""
    return dict(re.findall(r'name="([\w.]+)"[^>]*? value="([^"]*)"', html))


@pytest.mark.parametrize("tab", ["details", "branding", "domain", "usage", "invoices", "history"])
def test_each_tab_opens_in_both_languages_and_escapes_names(opened: Opened, tab: str) -> None:
    visitor, place = opened

    page = visitor.get(f"{place}/{tab}")

    assert page.status == 200
    assert 'aria-current="page"' in page.html
    assert "<i>Door" not in page.html
    assert (
        signed_in(visitor.session.team_id if visitor.session else "", language="de").get(f"{place}/{tab}").status == 200
    )


def test_two_editors_do_not_overwrite_each_other(opened: Opened) -> None:
    visitor, place = opened
    page = visitor.get(f"{place}/details").html
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    form = {
        "client.name": "Blue Door",
        "client.email": "owner@blue.example",
        "notification_email": "ops@bright.example",
        "language": "de",
        "metadata": "crm: 4711\nnote: a: b",
        "version": found[1],
    }

    assert visitor.post(f"{place}/details", form).status == 303
    assert visitor.post(f"{place}/details", form).status == 303  # the same again changes nothing
    second = visitor.post(f"{place}/details", form | {"language": "fr"})

    assert second.status == 409
    assert "nothing is saved yet" in second.text
    assert "note: a: b" in second.html
    assert 'value="fr"' in second.html


def test_faults_of_details_stand_beside_their_fields(opened: Opened) -> None:
    visitor, place = opened

    page = visitor.post(f"{place}/details", {"client.name": "A", "client.email": "nowhere", "language": "en"})

    assert page.status == 422
    assert 'id="f-client-email-fault"' in page.html
    assert "each key once" in visitor.post(f"{place}/details", {"metadata": "no colon"}).text


def test_branding_is_drawn_while_it_is_typed(opened: Opened) -> None:
    visitor, place = opened

    part = visitor.part(f"{place}/branding?product_name=Bright&color=%23123456&background_color=nonsense", "picture")
    assert "Bright" not in part.html  # not all of it can be drawn: what is kept stays
    part = visitor.part(f"{place}/branding?product_name=Bright&color=%23123456", "picture")
    assert 'fill="#123456"' in part.html
    assert part.html.strip().startswith("<svg")

    assert visitor.post(f"{place}/branding", {"product_name": "Bright", "color": "#123456"}).status == 303
    assert 'value="Bright"' in visitor.get(f"{place}/branding").html


def test_a_domain_is_set_and_removed(opened: Opened) -> None:
    visitor, place = opened

    assert visitor.post(f"{place}/domain", {"domain": "no domain"}).status == 422
    assert visitor.post(f"{place}/domain", {"domain": "mail.blue.example"}).status == 303
    assert "mail.blue.example" in visitor.get(f"{place}/domain").text
    assert visitor.post(f"{place}/domain/remove").status == 303
    assert "mail.blue.example" not in visitor.get(f"{place}/domain").text
