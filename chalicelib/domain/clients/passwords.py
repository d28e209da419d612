"""Which passwords a client or partner may choose (docs/rules.md §8, docs/decisions/passwords.md)."""

import unicodedata

SHORTEST, LONGEST = 10, 256
"""In characters; blanks at either end do not count towards the shortest."""
_FEWEST_DIFFERENT = 4


def fault(password: str, *, account_name: str) -> str | None:
    """What is wrong with a new password of this account, or None."""
    counted = normalized(password).strip()
    if len(counted) < SHORTEST:
        return f"must have at least {SHORTEST} characters, blanks at its ends not counted"
    if len(password) > LONGEST:
        return f"must have at most {LONGEST} characters"
    if len({character for character in counted if not character.isspace()}) < _FEWEST_DIFFERENT:
        return f"must have at least {_FEWEST_DIFFERENT} different characters besides blanks"
    if counted.casefold() == account_name.casefold():
        return "must not be the account's name"
    return None


def normalized(password: str) -> str:
    """The same characters in the same bytes, whatever keyboard they come from (NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", password)
