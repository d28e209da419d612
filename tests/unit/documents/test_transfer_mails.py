"""Mails with a link: in the reader's language, complete in each, and safe from what others have written."""

import re

import pytest

from chalicelib.documents import mails, people_mails, transfer_mails
from chalicelib.domain.partners.partners import Partner
from tests.builders import NOW, make_account

LINK = "https://api.example/public/transfers/token"
KINDS = (transfer_mails.OWNER_LINK, transfer_mails.NEW_PASSWORD, transfer_mails.CARD_LINK)


def write(kind: str, *, language: str = "en", partner: str = "Orchard & Sons") -> mails.Letter:
    by = Partner("prt_2", partner, "agency", "a@b.example", "US", "UTC", "USD", NOW, NOW)
    account = make_account(language=language)
    return transfer_mails.write(kind, account=account, partner=by, link=LINK, product_name="Sublet")


@pytest.mark.parametrize("code", mails.languages())
def test_each_language_has_each_mail_with_the_same_places(code: str) -> None:
    english, words = mails.language_of("en").words["letters"], mails.language_of(code).words["letters"]

    assert set(words) == set(english) == {*KINDS, people_mails.INVITATION, people_mails.PERSONS_PASSWORD}
    for kind, letter in words.items():
        assert {name: sorted(set(re.findall(r"{(\w+)}", str(letter[name])))) for name in letter} == {
            name: sorted(set(re.findall(r"{(\w+)}", str(english[kind][name])))) for name in english[kind]
        }


@pytest.mark.parametrize("kind", KINDS)
def test_both_parts_have_the_link_and_every_place_is_filled_in(kind: str) -> None:
    letter = write(kind)

    assert LINK in letter.text
    assert f'href="{LINK}"' in letter.html
    assert "acme" in letter.subject
    assert "{" not in letter.subject + letter.text + letter.html.partition("<body")[2]


def test_it_is_in_the_owners_language() -> None:
    assert "übernehmen" in write(transfer_mails.OWNER_LINK, language="de-AT").subject


def test_what_a_partner_is_called_is_escaped_and_on_one_line() -> None:
    letter = write(transfer_mails.OWNER_LINK, partner='<b>Evil</b>\nBcc: x@y.example "{account}"')

    assert "<b>" not in letter.html
    assert "\n" not in letter.subject
    assert "{account}" in letter.text


@pytest.mark.parametrize(("language", "word"), [("en", "invites you"), ("de-CH", "lädt Sie")])
def test_an_invitation_names_the_team_and_is_in_the_language_chosen(language: str, word: str) -> None:
    letter = people_mails.write_invitation(
        email="new@agency.example", team="<b>Orchard\n", language=language, link=LINK, product_name="Sublet"
    )

    assert word in letter.subject
    assert "\n" not in letter.subject
    assert LINK in letter.text
    assert "new@agency.example" in letter.text
    assert "<b>" not in letter.html


def test_a_link_to_a_new_password_says_what_else_it_does() -> None:
    letter = people_mails.write_password_link(
        email="ann@agency.example", language="en", link=LINK, product_name="Sublet"
    )

    assert LINK in letter.text
    assert "signed out everywhere" in letter.text
