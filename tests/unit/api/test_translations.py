"""What refusals say on pages: everything in German, and nothing that no service says any more."""

import re
from collections import Counter

import pytest

from chalicelib.api.translations import translations_in
from chalicelib.documents import mails
from chalicelib.documents.translations import PLACE, Translations
from tests import translated
from tests.translated import GERMAN, WRITTEN, skeleton

LANGUAGES = ["de", "en"]
ALL = translated.all_texts()
OF_SEVERAL_PARTS = {
    "{account} belongs to you.",
    "{number} character",
    "{number} characters",
    "{number} item",
    "{number} items",
    "must begin with a line of names of columns: {columns}",
    "must begin with https:// (outside production also http://)",
}


def test_every_sentence_written_where_something_is_refused_has_a_german_one() -> None:
    entries = {skeleton(english) for english in GERMAN.sentences}
    missing = [
        (where, text)
        for where, text in translated.refused_texts()
        if skeleton(text) not in entries
        and GERMAN.find(text, written=WRITTEN) is None
        and not any(translated.is_part_of(entry, skeleton(text)) for entry in entries)
    ]

    assert missing == []


def test_every_title_has_a_german_one() -> None:
    assert [title for title in translated.titles() if title not in GERMAN.sentences] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_is_there_that_no_service_says(language: str) -> None:
    unsaid = [
        english
        for english in translations_in(language).sentences
        if skeleton(english) not in ALL
        and english not in OF_SEVERAL_PARTS
        and not any(translated.is_part_of(skeleton(english), text) for text in ALL if "{}" in text)
    ]

    assert unsaid == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_code_is_there_that_no_refusal_has(language: str) -> None:
    others = {"unavailable", "insufficient_scope", "not_our_form"}  # problems that no service raises

    codes = {each.code for several in translated.refusals().values() for each in several}

    assert translations_in(language).codes.keys() - codes <= others


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_is_there_once_and_has_no_value_that_the_service_does_not_give(language: str) -> None:
    sentences = translations_in(language).sentences

    assert [text for text, times in Counter(map(skeleton, sentences)).items() if times > 1] == []
    for english, said in sentences.items():
        assert {name for name, _ in PLACE.findall(said)} <= {name for name, _ in PLACE.findall(english)}, english
        assert re.sub(PLACE, "", said).count("{") == 0, english


def test_the_ways_to_write_a_value_are_known() -> None:
    ways = {
        way
        for language in LANGUAGES
        for said in translations_in(language).sentences.values()
        for _, way in PLACE.findall(said)
    }

    assert ways <= {"", "said", "known", "either", "money", "day", "decline"}


def test_whatever_an_audit_finds_has_a_german_sentence_and_none_is_left_over() -> None:
    entries = [skeleton(english) for english in translated.GERMAN_FINDINGS.sentences]
    texts = {text for text in translated.audit_texts() if len(re.sub(r"[{}\W]", "", text)) > 1}
    sentences = {text for text in texts if "{}" in text and len(text.replace("{}", "").split()) > 2}

    assert [text for text in sentences if not any(holds(entry, text) for entry in entries)] == []
    assert [entry for entry in entries if "{}" in entry and not any(holds(entry, text) for text in texts)] == []


@pytest.mark.parametrize(
    ("english", "german"),
    [
        (
            "The account has 1,250.00 USD set aside, the journal 1,300.00 USD for it.",
            "Beim Account sind 1.250,00 USD zurückgelegt, nach dem Journal 1.300,00 USD.",
        ),
        (
            "Invoice 7 is for 2026-01-31 to 2026-02-28, though the account was invoiced up to 2026-02-28 already.",
            "Rechnung 7 ist für 2026-01-31 bis 2026-02-28, obwohl der Account schon bis 2026-02-28 berechnet war.",
        ),
        (
            "The wallet is overdrawn: held -5.00 USD, set aside -1.00 USD.",
            "Das Guthabenkonto ist überzogen: vorgemerkt -5,00 USD, zurückgelegt -1,00 USD.",
        ),
        (
            "The account is past due and owes for inv_1, inv_2; open is no invoice.",
            "Der Account ist überfällig und schuldet inv_1, inv_2; offen ist keine Rechnung.",
        ),
    ],
)
def test_what_an_audit_finds_is_said_with_its_figures(english: str, german: str) -> None:
    written = {"figures": mails.language_of("de").figures, "day": str}

    assert translated.GERMAN_FINDINGS.said(english, written=written) == german


def holds(entry: str, text: str) -> bool:
    """Whether a sentence may have this text of the source in it."""
    return bool(re.search(".*".join(map(re.escape, text.split("{}"))), entry))


TEXTS = Translations(
    codes={"busy": "Gleich noch einmal."},
    sentences={
        "is required": "ist erforderlich",
        "The name is taken": "Der Name ist vergeben",
        "{name} is taken": "{name} ist weg",
        "{name} is taken by {other}": "{other} hat {name}",
        "{id} has {count}, {id} needs more": "{count:said} reichen nicht",
        "{n} items": "{n} Dinge",
        "must be {choices}, not {value}": "muss {choices:either} sein, nicht {value}",
        "at least {amount}": "mindestens {amount:money}",
        "active": "aktiv",
    },
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("is required", "ist erforderlich", id="a whole sentence"),
        pytest.param("The name is taken.", "Der Name ist vergeben.", id="a title that stands for the detail"),
        pytest.param("acme is taken", "acme ist weg", id="with a value"),
        pytest.param("acme is taken by bolt", "bolt hat acme", id="the sentence with most words of its own"),
        pytest.param("a1 has 3 items, a1 needs more", "3 Dinge reichen nicht", id="one translated, one left out"),
        pytest.param("a1 has 3 items, a2 needs more", "a1 has 3 items, a2 needs more", id="one value in two places"),
        pytest.param("a1 has 3 what, a1 needs more", "a1 has 3 what, a1 needs more", id="a part that is unknown"),
        pytest.param("must be a, active or c, not x", "muss a, aktiv oder c sein, nicht x", id="an enumeration"),
        pytest.param("is required or must be a, not x", "ist erforderlich oder muss a sein, nicht x", id="one of two"),
        pytest.param("at least 1050", "mindestens 10,50", id="an amount"),
        pytest.param("at least many", "at least many", id="no amount where one belongs"),
        pytest.param("{name}\n<b> is taken", "{name}\n<b> ist weg", id="any text as a value, filled in once"),
        pytest.param("What nobody knows", "What nobody knows", id="unknown"),
    ],
)  # fmt: skip
def test_a_sentence_is_said_with_its_values(text: str, said: str) -> None:
    texts = Translations(TEXTS.codes, {**TEXTS.sentences, " or ": " oder "})

    assert texts.said(text, written={"money": lambda minor: f"{int(minor) / 100:.2f}".replace(".", ",")}) == said


def test_a_long_text_that_looks_like_many_sentences_takes_no_time() -> None:
    texts = Translations(sentences={"{a} is {b}: {c} is not {d}, {e}!": "{a}"})

    assert texts.find(" is : is , " * 100_000, written={}) is None


def test_in_english_a_part_may_stay_as_it_is() -> None:
    texts = Translations(sentences={"{id} cannot: {why}": "It can't be: {why:said}"}, is_english=True)

    assert texts.said("a1 cannot: it is old.", written={}) == "It can't be: it is old."


def test_a_refusal_is_said_by_its_code_or_else_by_its_detail() -> None:
    assert TEXTS.of_refusal("busy", "Others kept changing it.", written={}) == "Gleich noch einmal."
    assert TEXTS.of_refusal("name_taken", "acme is taken", written={}) == "acme ist weg"


def test_a_language_without_a_file_says_everything_as_it_is() -> None:
    assert translations_in("fr").said("is required", written={}) == "is required"
