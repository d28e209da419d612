"""Text written by others, made safe for mails: on one line where needed, and without effect on the text around it."""

import re
import unicodedata

_LINE_ENDS = {"Zl", "Zp"}
_ORDERING = dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"))
"""Characters that control the direction of text. In a name, they would change it for the rest of a mail."""
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Those of them that affect all the text that follows, not only their neighbours."""
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)
"""Characters that are invisible and do not affect their neighbours. Joiners (U+200C, U+200D) and variation selectors
are not included: Persian, Hindi, Japanese and emoji need them."""
_MOST_MARKS = 30
"""As in Unicode's Stream-Safe Text Format: the time that normalizing takes grows with the square of their number."""
_RIGHT_TO_LEFT = {"R", "AL", "AN"}


def is_one_line(text: str) -> bool:
    """Whether the text has no control characters and no line breaks, so that it is safe in a header."""
    return not any(_breaks(character) for character in text)


def legible(text: str) -> str:
    """A name or other text for people, as it is stored: in normal form C and without invisible characters.

    Raises :class:`ValueError` if nothing visible is left, for characters that change the direction of the text around
    them, and for more marks on one letter than any language has.
    """
    if _TURNING.search(text):
        raise ValueError("must not contain characters that change the direction of text")
    shown = _INVISIBLE.sub("", text)
    if _is_piled_up(shown):
        raise ValueError(f"must not have more than {_MOST_MARKS} accents or other marks on one letter")
    shown = unicodedata.normalize("NFC", shown).strip()
    if text.strip() and not any(_is_visible(character) for character in shown):
        raise ValueError("must have a visible character")
    return shown


def one_line(text: str) -> str:
    """The text on one line. Line breaks and control characters become spaces, and several spaces become one."""
    return " ".join("".join(" " if _breaks(character) else character for character in text).split())


def isolated(text: str) -> str:
    """The text on one line. Text written from right to left is isolated, so that its neighbours stay in place."""
    plain = one_line(text.translate(_ORDERING))
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in plain):
        return f"\u2068{plain}\u2069"
    return plain


def _is_piled_up(text: str) -> bool:
    if text.isascii():
        return False
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > _MOST_MARKS:
            return True
    return False


def _is_visible(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS" and character != "\u2800"  # a Braille cell without dots


def _breaks(character: str) -> bool:
    return unicodedata.category(character) in _LINE_ENDS or unicodedata.category(character) == "Cc"
