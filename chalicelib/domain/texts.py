"""Text that others wrote, on its way into mails: one line where one is due, no power over what is around it."""

import unicodedata

_LINE_ENDS = {"Zl", "Zp"}
_ORDERING = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"))
"""Characters that turn the direction of the text after them; whoever writes them in a name turns the mail's."""
_RIGHT_TO_LEFT = {"R", "AL", "AN"}


def is_one_line(text: str) -> bool:
    """Whether it has no control characters and no line ends: safe as a header's value."""
    return not any(_breaks(character) for character in text)


def one_line(text: str) -> str:
    """The text on one line: what would break it becomes a space, and spaces in a row become one."""
    return " ".join("".join(" " if _breaks(character) else character for character in text).split())


def isolated(text: str) -> str:
    """The text on one line, its direction its own: written from right to left, it leaves its neighbours in place."""
    plain = one_line(text.translate(_ORDERING))
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in plain):
        return f"\u2068{plain}\u2069"
    return plain


def _breaks(character: str) -> bool:
    return unicodedata.category(character) in _LINE_ENDS or unicodedata.category(character) == "Cc"
