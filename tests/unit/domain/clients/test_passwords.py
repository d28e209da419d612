"""Which passwords may be chosen (docs/rules.md §8)."""

import pytest

from chalicelib.domain.clients.passwords import LONGEST, fault, normalized


@pytest.mark.parametrize(
    "password", ["abcd123456", "  pässword with spaces ", "correct horse", "a" * 252 + "bcde", "ｐａｓｓｗｏｒｄ１２"]
)
def test_a_password_of_ten_characters_is_taken(password):
    assert fault(password, account_name="acme") is None


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("abcd12345", id="nine characters"),
        pytest.param(" " * 10, id="ten blanks"),
        pytest.param("\u00a0" * 10, id="ten blanks that do not break"),
        pytest.param("  abcd1234  ", id="blanks at the ends"),
        pytest.param("a" * 30, id="one character over and over"),
        pytest.param("\u200b" * 12, id="nothing to be seen"),
        pytest.param("ab" * 6, id="two in turn"),
        pytest.param("a          b", id="blanks between"),
        pytest.param("bright-agency", id="the account's name"),
        pytest.param(" Bright-Agency ", id="the account's name in other letters"),
        pytest.param("abcd" * 64 + "e", id="257 characters"),
    ],
)
def test_a_password_that_is_guessed_first_is_refused(password):
    assert fault(password, account_name="bright-agency") is not None


def test_a_password_of_a_megabyte_takes_no_longer_than_any_other() -> None:
    password = "a green bottle" + "\u0301" * 60_000 + "\u0316" * 60_000

    assert len(normalized(password)) <= LONGEST + 1
    assert fault(password, account_name="ann") == f"must have at most {LONGEST} characters"
    assert normalized("x" * LONGEST + "y") != normalized("x" * LONGEST)
