"""An account's metadata as forms have it: a line `key: value` for each."""

from collections.abc import Mapping

from chalicelib.domain.refusals import Invalid
from chalicelib.portal.texts import Texts


def of_lines(text: str, *, texts: Texts) -> dict[str, str]:
    """The metadata in a text. Raises :class:`Invalid` for a line without a colon, and for a key that comes twice."""
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        key, colon, value = line.partition(":")
        if not colon or key.strip() in found:
            raise Invalid(errors=[("metadata", texts.plain("accounts.details.no_metadata", line=line[:80]))])
        found[key.strip()] = value.strip()
    return found


def as_lines(metadata: Mapping[str, str]) -> str:
    """The text that :func:`of_lines` reads, by keys."""
    return "\n".join(f"{key}: {value}" for key, value in sorted(metadata.items()))
