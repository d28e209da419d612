"""Notices in words: both parts, in each language, whatever names people have."""

import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
import yaml

from chalicelib.documents import mails, reset_mail
from chalicelib.documents.mails.layout import Letter
from chalicelib.domain.earnings.payout_causes import Cause
from chalicelib.domain.events.notices.composition import Notice
from chalicelib.domain.events.notices.facts import Moment
from chalicelib.domain.events.notices.kinds import (
    ABOUT_A_CARD,
    ABOUT_A_PERSON,
    ABOUT_A_SIGN_IN,
    ABOUT_PAYING_FOR_THE_ACCOUNT,
    ABOUT_THE_ACCOUNT,
    TO_BE_ANSWERED,
    Kind,
)
from chalicelib.domain.events.notices.places import Errand
from chalicelib.domain.events.notices.recipients import Reason, Recipient
from chalicelib.domain.money import Money
from chalicelib.domain.people.roles import Role
from chalicelib.domain.setup.branding import Branding
from chalicelib.domain.texts import is_one_line

FACTS: dict[str, Any] = {
    "account": "acme",
    "client": "Acme Inc",
    "partner": "Bright Agency",
    "plan": "Plus",
    "date": date(2026, 12, 21),
    "retry_on": date(2026, 12, 22),
    "ended_on": date(2026, 12, 21),
    "paid_until": date(2027, 1, 21),
    "last_day": date(2026, 12, 31),
    "price": Money(123_456_00, "USD"),
    "amount": Money(4_900, "EUR"),
    "balance": Money(1_000, "CHF"),
    "archived_after_days": 30,
    "card": "Visa •••• 4242",
    "profile": "Company card",
    "credit": "sms",
    "credits_left": 1_200,
    "number": "000007",
    "invoice_count": 1_234,
    "subject": "Many addresses bounced",
    "answer_by": date(2026, 12, 31),
    "payout": "pay_1",
    "given_back": Money(4_900, "EUR"),
    "recipient": "pay@bright.example",
    "reference": "Wire 42",
    "reason": Cause.UNREGISTERED,
    "claim_by": date(2026, 12, 31),
    "at": Moment(datetime(2026, 12, 21, 23, 5, tzinfo=UTC), "Europe/Dublin"),
    "team": "Bright Agency",
    "role": "read_only",
    "codes_left": 0,
}
LONG = "Ärztegemeinschaft für Physiotherapie und Ōsteopathie Müller-Lüdenscheidt & Söhne (Niederlassung Süd) " * 3


LOG_IN = "https://acme.example.com"
ANSWER_AT = "https://api.example/public/management-requests/ey"
PAGE = "https://api.example/portal/billing"


def write(
    kind: Kind = Kind.RENEWAL_UPCOMING,
    *,
    language: str = "en",
    reason: Reason | None = None,
    branding: Branding | None = None,
    paragraphs: tuple[str, ...] = ("Please clean the list.", "Regards\nThe deliverability team"),
    **facts: Any,
) -> Letter:
    reason = reason or readers(kind)[0]
    to = Recipient("ops@bright.example", language, reason)
    asks = kind in TO_BE_ANSWERED
    log_in = LOG_IN if to.logs_in and not asks else None
    about = {"paragraphs": paragraphs} if kind is Kind.MESSAGE else {}
    notice = Notice(
        kind,
        to,
        {**FACTS, **facts},
        branding or Branding(),
        log_in=log_in,
        answer_at=ANSWER_AT if asks else None,
        errand=None if to.logs_in else Errand.PAY,
        page=None if to.logs_in else PAGE,
        **about,
    )
    return mails.write(notice, product_name="Sublet")


class Page(HTMLParser):
    """What a reader of the HTML part sees, and its elements and attributes."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        assert self.open == []
        return " ".join("".join(self.words).split())


def readers(kind: Kind) -> list[Reason]:
    """Everybody who may get a notice of this kind."""
    if kind in ABOUT_THE_ACCOUNT:
        paying = [Reason.PAYER] if kind in (*ABOUT_PAYING_FOR_THE_ACCOUNT, Kind.PASSWORD_CHANGED) else []
        return [Reason.MANAGED, Reason.CLIENT, *paying]
    if kind in TO_BE_ANSWERED:
        return [Reason.CLIENT]
    if kind in ABOUT_A_PERSON:
        return [Reason.PERSON]
    return [Reason.PARTNER, *([Reason.CLIENT, Reason.PAYER] if kind in ABOUT_A_CARD else [])]


EVERY = pytest.mark.parametrize(
    ("language", "kind", "reason"),
    [(code, kind, reason) for code in mails.languages() for kind in Kind for reason in readers(kind)],
)


@EVERY
def test_every_notice_is_written_whole_in_every_language(language: str, kind: Kind, reason: Reason) -> None:
    letter = write(kind, language=language, reason=reason)

    page = Page(letter.html)
    for part in (letter.subject, letter.text, page.text):
        assert not re.search(r"[{}]|None|\$[a-z]", part), part
    assert letter.subject in page.text
    assert letter.text.startswith(letter.subject)
    for paragraph in letter.text.split("\n"):
        assert paragraph.removeprefix("-- ").partition(": ")[2] in f"{page.text} {LOG_IN} {ANSWER_AT} {PAGE}"
    assert dict(page.elements[0][1])["lang"] == language


@EVERY
def test_long_names_and_accents_are_kept_but_in_the_subject(language: str, kind: Kind, reason: Reason) -> None:
    letter = write(
        kind, language=language, reason=reason, account=LONG, client=LONG, partner=LONG, profile=LONG, team=LONG
    )

    name = " ".join(LONG.split())
    assert len(letter.subject) <= 150
    if kind in ABOUT_A_SIGN_IN:
        return  # nobody else's name is in these
    assert name in letter.text
    assert name in Page(letter.html).text


def test_languages_say_the_same() -> None:
    """Same notices, and the same facts in each."""
    places = {
        code: {
            kind: sorted(set(re.findall(r"\{(\w+)\}", yaml.safe_dump(words))))
            for kind, words in mails.language_of(code).words["notices"].items()
        }
        for code in mails.languages()
    }

    variants = {
        code: {kind: sorted(words) for kind, words in mails.language_of(code).words["notices"].items()}
        for code in mails.languages()
    }

    assert mails.languages() == ("de", "en")
    assert set(places["en"]) == set(Kind)
    assert places["de"] == places["en"]
    assert variants["de"] == variants["en"]


class TestClients:
    """A client acts by logging in, and reads what it can do itself."""

    @pytest.mark.parametrize("reason", [Reason.CLIENT, Reason.PAYER])
    def test_there_is_a_link_to_its_log_in(self, reason: Reason) -> None:
        letter = write(Kind.PAYMENT_FAILED, reason=reason)

        (link,) = [attributes["href"] for tag, attributes in Page(letter.html).elements if tag == "a"]
        assert link == LOG_IN
        assert f"Log in: {LOG_IN}\n" in letter.text

    @pytest.mark.parametrize("reason", [Reason.MANAGED, Reason.PARTNER])
    def test_nobody_else_has_one(self, reason: Reason) -> None:
        assert "Log in" not in write(Kind.PAYMENT_FAILED, reason=reason).text

    @pytest.mark.parametrize("kind", [Kind.PAYMENT_FAILED, Kind.CARD_EXPIRING])
    def test_it_is_asked_for_a_card_not_for_a_billing_profile(self, kind: Kind) -> None:
        assert "profile" not in write(kind, reason=Reason.CLIENT).text
        assert "log in and enter" in write(kind, reason=Reason.CLIENT).text

    @pytest.mark.parametrize("kind", [Kind.RENEWAL_UPCOMING, Kind.ACCOUNT_EXPIRED_UNPAID])
    def test_who_pays_for_a_managed_account_is_referred_to_its_partner(self, kind: Kind) -> None:
        assert "Bright Agency" in write(kind, reason=Reason.PAYER).text
        assert "Bright Agency" not in write(kind, reason=Reason.CLIENT).text

    @pytest.mark.parametrize("language", mails.languages())
    @pytest.mark.parametrize("reason", [Reason.CLIENT, Reason.PAYER])
    def test_no_line_is_lost_for_want_of_its_own_name(self, language: str, reason: Reason) -> None:
        for kind in (kind for kind in Kind if reason in readers(kind)):
            named = write(kind, language=language, reason=reason, client="ITS NAME", profile="ITS CARD").text

            bare = write(kind, language=language, reason=reason, client=None, profile=None).text

            assert bare == named.replace(" (ITS NAME)", "")
            assert "ITS CARD" not in bare


@pytest.mark.parametrize("language", mails.languages())
def test_a_link_for_a_forgotten_password_is_mailed_in_the_clients_language(language: str) -> None:
    link = "https://api.example/public/password-resets/ey"

    letter = reset_mail.write(
        account_name="acme", product_name="{Bright} & Co", link=link, language=language, branding=Branding()
    )

    page = Page(letter.html)
    assert dict(page.elements[0][1])["lang"] == language
    assert link in letter.text
    assert link in [attributes.get("href") for _, attributes in page.elements]
    assert letter.text.startswith({"en": "We received", "de": "Für das Konto acme"}[language])
    for part in (letter.subject, letter.text, page.text):
        assert "{Bright} & Co" in part


@pytest.mark.parametrize(("tag", "code"), [("de", "de"), ("de-AT", "de"), ("DE", "de"), ("fr", "en"), ("", "en")])
def test_who_has_no_file_reads_english(tag: str, code: str) -> None:
    assert mails.language_of(tag).code == code


@pytest.mark.parametrize(
    ("language", "fact", "written"),
    [
        ("en", date(2026, 3, 1), "1 March 2026"),
        ("de", date(2026, 3, 1), "1. März 2026"),
        ("en", Money(123_456, "USD"), "$1,234.56"),
        ("de", Money(123_456, "USD"), "1.234,56 $"),
        ("en", Money(123_456, "CHF"), "CHF 1,234.56"),
        ("de", Money(123_456, "CHF"), "1.234,56 CHF"),
        ("en", Money(123_456, "JPY"), "JPY 123,456"),
        ("de", Money(-5, "EUR"), "-0,05 €"),
        ("en", Cause.UNDER_REVIEW, "PayPal is reviewing the payment."),
        ("de", Cause.UNDER_REVIEW, "PayPal prüft die Zahlung."),
        ("en", Moment(datetime(2026, 3, 1, 23, 5, tzinfo=UTC), "Europe/Berlin"), "2 March 2026, 00:05 (Europe/Berlin)"),
        ("de", Moment(datetime(2026, 3, 1, 23, 5, tzinfo=UTC), "UTC"), "1. März 2026, 23:05 Uhr (UTC)"),
        ("en", 12_345, "12,345"),
        ("de", 12_345, "12.345"),
    ],
)
def test_dates_and_amounts_are_written_as_the_language_does(language: str, fact: Any, written: str) -> None:
    assert mails.language_of(language).written(fact) == written


@pytest.mark.parametrize("code", mails.languages())
def test_every_language_has_a_word_for_each_role(code: str) -> None:
    assert mails.language_of(code).words["roles"].keys() == set(Role)


@pytest.mark.parametrize("code", [code for code in mails.languages() if code != "en"])
def test_every_other_language_says_why_a_payout_did_not_arrive(code: str) -> None:
    assert mails.language_of(code).words["causes"].keys() == set(Cause)


def test_a_line_that_lacks_a_fact_is_left_out() -> None:
    letter = write(Kind.PAYMENT_FAILED, retry_on=None, amount=None)

    assert "tried again on" not in letter.text
    assert "Amount due" not in letter.text + letter.html


class TestNamesOfOthers:
    def test_markup_in_a_name_is_shown_not_obeyed(self) -> None:
        name = '<img src=x onerror="alert(1)"> & {date} $title'

        letter = write(account=name, client=name)

        page = Page(letter.html)
        assert name in letter.text
        assert name in page.text
        assert "img" not in [tag for tag, _ in page.elements]

    @pytest.mark.parametrize("end", ["\r\nBcc: all@bright.example", "\n", "\x00", "\u2028", "\x85"])
    def test_a_name_stays_on_its_line(self, end: str) -> None:
        letter = write(account=f"acme{end}x", branding=Branding(product_name=f"Bright{end}Mail"))

        assert letter.subject.startswith("acme ")
        assert letter.subject.endswith("x renews on 21 December 2026")
        assert not re.search(r"[\r\n\x00\x85\u2028]", letter.subject)
        assert "\nBcc" not in letter.text

    def test_a_name_written_from_right_to_left_keeps_that_to_itself(self) -> None:
        letter = write(client="شركة النور")

        assert "(\u2068شركة النور\u2069)" in letter.text
        assert "<bdi>\u2068شركة النور\u2069</bdi>" in letter.html

    def test_a_name_cannot_turn_the_text_around_it(self) -> None:
        letter = write(client="Acme\u202e gnp.exe\u2066")

        assert "Acme gnp.exe" in letter.text
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", letter.text + letter.html + letter.subject)


class TestOperatorsWords:
    def test_a_message_keeps_its_paragraphs_and_lines(self) -> None:
        letter = write(Kind.MESSAGE, paragraphs=("One.", "Two,\nthree."))

        assert letter.subject == "Many addresses bounced"
        assert "\n\nOne.\n\nTwo,\nthree.\n\n" in letter.text
        assert "<bdi>Two,</bdi><br><bdi>three.</bdi>" in letter.html

    def test_markup_braces_and_directions_in_it_are_shown_as_text(self) -> None:
        text = '<a href="https://x.example">{account} $title</a>'

        letter = write(Kind.MESSAGE, subject=f"{text}\r\nBcc: all@x.example", paragraphs=(f"{text}\u202e",))

        page = Page(letter.html)
        assert text in letter.text
        assert text in page.text
        assert [attributes["href"] for tag, attributes in page.elements if tag == "a"] == [PAGE]
        assert "\u202e" not in letter.text + letter.html
        assert is_one_line(letter.subject)


class TestBranding:
    def test_a_mail_wears_what_the_partner_has_set(self) -> None:
        branding = Branding(
            product_name="Bright & Co", logo_url="https://bright.example/logo.png?a=1&b=2", color="#AA00cc"
        )

        letter = write(branding=branding)

        page = Page(letter.html)
        (logo,) = [attributes for tag, attributes in page.elements if tag == "img"]
        assert (logo["src"], logo["alt"]) == (branding.logo_url, "Bright & Co")
        assert "#AA00cc" in letter.html
        assert "Bright & Co sends this" in letter.text
        assert "Sublet" not in letter.text + letter.html

    def test_a_logos_address_stays_in_its_attribute(self) -> None:
        letter = write(branding=Branding(logo_url='https://x.example/"onerror="alert(1)'))

        (logo,) = [attributes for tag, attributes in Page(letter.html).elements if tag == "img"]
        assert "onerror" not in logo
