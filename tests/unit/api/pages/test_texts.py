"""The texts of pages: complete in every language, and in the reader's."""

import re

import pytest

from chalicelib.api.countries import COUNTRY_CODES
from chalicelib.api.languages import LANGUAGE_CODES
from chalicelib.api.pages import texts, transfers
from chalicelib.api.pages.cards import SANDBOX_CARDS
from chalicelib.domain.accounts.accounts import PaymentState, Status
from chalicelib.domain.billing.invoices import InvoiceStatus
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.programs import PlanKind

CODE = "".join(
    path.read_text(encoding="utf-8")
    for folder in (
        texts.FOLDER,
        *(texts.FOLDER.parents[1] / "handlers" / each for each in ("clients", "referrals", "transfers")),
    )
    for path in sorted([*folder.glob("*.py"), *folder.glob("templates/*.html")])
)
ENGLISH = texts.texts_in("en").words


@pytest.mark.parametrize("code", texts.languages())
def test_each_language_has_each_text_with_the_same_places(code: str) -> None:
    words = texts.texts_in(code).words

    assert list(words) == list(ENGLISH)
    assert all(isinstance(text, str) and text.strip() for text in words.values())
    for name, text in words.items():
        assert sorted(re.findall(r"{(\w+)}", text)) == sorted(re.findall(r"{(\w+)}", ENGLISH[name])), name


def test_english_and_german_are_there() -> None:
    assert texts.languages()[0] == "en"
    assert "de" in texts.languages()


def test_no_text_is_there_for_nobody() -> None:
    composed = {
        *(f"status_{value}" for value in (*Status, *PlanKind)),
        *(f"payment_{value}" for value in PaymentState),
        *(f"invoice_{value}" for value in InvoiceStatus),
        *(f"transfer_{value}{more}" for value in transfers.SHOWN for more in ("", "_how")),
        *(f"{name}_{value}" for name in ("price", "from", "billed", "size", "only") for value in Frequency),
        *(f"sandbox_{card}" for card in SANDBOX_CARDS),
    } | {f"{name}{more}" for name in ("disabled", "expired", "archived", "closed") for more in ("", "_reason")}

    assert [name for name in ENGLISH if not re.search(f"[\"']{name}[\"']", CODE) and name not in composed] == []


def test_every_status_that_a_client_sees_has_a_text() -> None:
    shown = {*Status, PlanKind.TRIAL, PlanKind.SANDBOX} - {Status.PENDING}

    assert {f"status_{value}" for value in shown} <= set(ENGLISH)
    assert {f"invoice_{value}" for value in InvoiceStatus} <= set(ENGLISH)
    assert {f"payment_{value}" for value in PaymentState} <= set(ENGLISH)


def test_what_is_filled_in_is_escaped_and_isolated_and_filled_in_once() -> None:
    text = texts.texts_in("en").html("account", name="<b>{name} & \"'")

    assert text == "Account <bdi>&lt;b&gt;{name} &amp; &#34;&#39;</bdi>"


@pytest.mark.parametrize(
    ("tag", "accept", "code"),
    [
        ("de-AT", "en", "de"),
        ("DE", None, "de"),
        ("pt-BR", "de", "en"),
        (None, "de", "de"),
        (None, "fr, de;q=0.5, en;q=0.4", "de"),
        (None, "de;q=0, en;q=0.1", "en"),
        (None, "de;q=much", "en"),
        (None, "," * 50 + "de", "en"),
        (None, "", "en"),
        (None, None, "en"),
    ],
)
def test_the_accounts_language_comes_before_the_browsers(tag: str | None, accept: str | None, code: str) -> None:
    assert texts.texts_in(tag, accept_language=accept).code == code


@pytest.mark.parametrize("code", texts.languages())
def test_each_language_names_every_country(code: str) -> None:
    assert set(texts.texts_in(code).countries()) == COUNTRY_CODES


@pytest.mark.parametrize("code", texts.languages())
def test_each_language_names_every_language_differently(code: str) -> None:
    names = texts.texts_in(code).language_names()

    assert set(names) == LANGUAGE_CODES
    assert len(set(names.values())) == len(names)


def test_countries_are_in_alphabetical_order_whatever_their_accents() -> None:
    names = list(texts.texts_in("de").countries().values())

    assert names.index("Oman") < names.index("Österreich") < names.index("Pakistan")


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.8", "de-AT"),
        ("fr;q=0.2, pt-br;q=0.7", "pt-BR"),
        ("*, xx-DE, en-XX", "en"),
        ("zh-Hant-TW, sr-Latn, hu", "hu"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_an_account_gets_the_language_that_the_browser_asks_for_first(accept: str | None, language: str) -> None:
    assert texts.wished_language(accept) == language
