"""Which media type a client asks for: its Accept header."""

from collections.abc import Sequence
from typing import NamedTuple


class _Wish(NamedTuple):
    media: str
    quality: float


def preferred(accept: str | None, offered: Sequence[str]) -> str:
    """The offered media type the client prefers; the first if it has no preference or accepts none of them."""
    wishes = _wishes(accept or "")
    best = max(offered, key=lambda media: _quality(media, wishes))  # max keeps the first of equals
    return best if _quality(best, wishes) > 0 else offered[0]


def asks_first_for(accept: str | None, media: str) -> bool:
    """Whether the header names that type first: API Gateway sends bytes as bytes only then."""
    wishes = _wishes(accept or "")
    return bool(wishes) and wishes[0].media == media


def _wishes(accept: str) -> list[_Wish]:
    return [_wish(part) for part in accept.split(",") if part.strip()]


def _wish(part: str) -> _Wish:
    media, *parameters = (text.strip().lower() for text in part.split(";"))
    quality = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    try:
        return _Wish(media, min(max(float(quality), 0.0), 1.0))
    except ValueError:
        return _Wish(media, 0.0)


def _quality(media: str, wishes: Sequence[_Wish]) -> float:
    """The quality a type is accepted with: its own name counts before a wildcard."""
    for pattern in (media, media.partition("/")[0] + "/*", "*/*"):
        for wish in wishes:
            if wish.media == pattern:
                return wish.quality
    return 0.0
