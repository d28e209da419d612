"""One German word for each thing, whoever wrote the text (docs/decisions/translations.md)."""

import re
from pathlib import Path

import pytest

import chalicelib
from chalicelib import words

ROOT = Path(chalicelib.__file__).parent
FILES = sorted(
    path for path in ROOT.rglob("*.yaml") if "de" in (path.stem, path.parent.name) and path.parent.name != "countries"
)
INSTEAD = {
    r"[Vv]orausbezahlte?[ns]? (Geld|Guthaben)|Prepaid": "Guthaben",
    r"SMS-(Guthaben|Einheit)|Posteingangs": "SMS-Credits, Inbox-Previews",
    r"Testphase|Testkonto|Probezeit": "Testzeit",
    r"Kartendienst|Kartenabwickler|Zahlungsabwickler": "Zahlungsdienst",
    r"Zahlungsprofil": "Karte",
    r"Zusätze|SMS-Zusatz": "Zusatzleistungen",
    r"Rückbelast|Widerspruch|widersprochen|bestritten|Streitig": "Anfechtung, angefochten",
    r"[Ee]inbehalt": "zurückgehalten",
    r"Mitteilung": "Benachrichtigung",
    r"Periode": "Zeitraum",
    r"Umzugsrabatt": "Wechselrabatt",
    r"[Dd]eaktivier": "gesperrt",
    r"\bEinnahme": "Verdienst",
    r"\bBon(us|i)\b": "Prämie",
    r"[Gg]escheitert": "fehlgeschlagen",
    r"(?<![E]-)\bMails?\b": "E-Mail",
    r"\bId\b": "ID",
    r"\b[Dd]u\b|\b[Dd]ein": "Sie, Ihr",
}


@pytest.mark.parametrize("path", [pytest.param(path, id=str(path.relative_to(ROOT))) for path in FILES])
def test_each_thing_has_one_word(path: Path) -> None:
    said = list(texts(words.read(path)))

    other = [(text, instead) for text in said for word, instead in INSTEAD.items() if re.search(word, text)]

    assert other == []


def test_the_portal_calls_an_account_account_and_clients_pages_konto() -> None:
    portal = {text for path in FILES if "portal" in path.parts for text in texts(words.read(path))}
    pages = set(texts(words.read(ROOT / "api" / "pages" / "de.yaml")))

    assert [text for text in portal if re.search(r"\bKonto\b|\bKonten\b|\bKontos\b", text)] == []
    assert [text for text in pages if "Account" in text] == []


def texts(content: object) -> list[str]:
    if isinstance(content, dict):
        return [text for part in content.values() for text in texts(part)]
    if isinstance(content, list):
        return [text for part in content for text in texts(part)]
    return [str(content)]
