"""Texts that others wrote: what is kept of a name, and what is no name."""

import pytest

from chalicelib.domain.texts import legible


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Acme Inc", id="Latin"),
        pytest.param("ООО Ромашка", id="Cyrillic"),
        pytest.param("می\u200cخواهم", id="Persian with a non-joiner"),
        pytest.param("क्\u200dष", id="Devanagari with a joiner"),
        pytest.param("👩\u200d👧", id="an emoji of two"),
        pytest.param("辻\U000e0100", id="a variant of a Japanese character"),
        pytest.param("7", id="a digit"),
    ],
)
def test_keeps_what_people_can_read(text: str) -> None:
    assert legible(text) == text


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param("\ufeffAcme\u200b Inc\u200b", "Acme Inc", id="zero-width characters"),
        pytest.param(" \u200b Acme ", "Acme", id="blanks around them"),
        pytest.param("Ac\u00adme", "Acme", id="a soft hyphen"),
        pytest.param("Jose\u0301", "José", id="a letter and its accent apart"),
        pytest.param("\u05d1\u05e2\u05de\u200e", "\u05d1\u05e2\u05de", id="a mark of direction"),
    ],
)
def test_leaves_out_what_shows_nothing(text: str, kept: str) -> None:
    assert legible(text) == kept


@pytest.mark.parametrize("text", ["\u200b", "\u3164", "\u2800", "\u200d", "\u0301", " \ufeff "])
def test_refuses_a_name_in_which_nothing_can_be_seen(text: str) -> None:
    with pytest.raises(ValueError, match="must have a visible character"):
        legible(text)


@pytest.mark.parametrize("character", ["\u202a", "\u202e", "\u2066", "\u2069"])
def test_refuses_a_name_that_turns_the_text_around_it(character: str) -> None:
    with pytest.raises(ValueError, match="change the direction"):
        legible(f"Acme {character}gnp.exe")


def test_refuses_more_marks_than_a_letter_can_carry_at_once() -> None:
    piled_up = "e" + "\u0301" * 60_000 + "\u0316" * 60_000  # in normal form, their order takes minutes

    with pytest.raises(ValueError, match="more than 30 accents"):
        legible(piled_up)

    assert legible("e" + "\u0316\u0301" * 15)
    with pytest.raises(ValueError, match="more than 30 accents"):
        legible("e" + "\u0316\u034f" * 31)  # what joins them is left out
