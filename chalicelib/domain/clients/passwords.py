"""Which passwords clients, partners and their people may choose (docs/rules.md §8, docs/decisions/passwords.md)."""

import unicodedata

SHORTEST, LONGEST = 10, 256
"""In characters. Blanks at either end do not count towards the minimum."""
_FEWEST_DIFFERENT = 4


def fault(password: str, *, account_name: str) -> str | None:
    """Why this cannot be a new password, or None if it can. ``account_name`` is an account's name, or an email address:
    what is entered beside it."""
    counted = normalized(password).strip()
    if len(counted) < SHORTEST:
        return f"must have at least {SHORTEST} characters, blanks at its ends not counted"
    if len(password) > LONGEST:
        return f"must have at most {LONGEST} characters"
    if len({character for character in counted if not character.isspace()}) < _FEWEST_DIFFERENT:
        return f"must have at least {_FEWEST_DIFFERENT} different characters besides blanks"
    if counted.casefold() == account_name.casefold():
        return "must not be the name you sign in with"
    return None


def normalized(password: str) -> str:
    """The password in Unicode normal form KC, so that it is the same from every keyboard (NIST SP 800-63B).

    Of one that is too long to be anybody's only the beginning, which is nobody's either: normalizing a megabyte of
    accents would take minutes.
    """
    return unicodedata.normalize("NFKC", password[: LONGEST + 1])
