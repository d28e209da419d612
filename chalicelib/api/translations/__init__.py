"""What refusals and faults say on pages: in the reader's language, and without what only programs understand.

A service says why in one English sentence, and the API answers with it. A language's file beside this module has what
pages say instead: by the refusal's code (`codes`), or else by the sentence (`sentences`); how these are written, see
`documents/translations.py`. German has a text for all that a service can say to people, and tests see to it
(tests/translated.py); English has only what pages say otherwise than the API.
"""

from functools import cache
from pathlib import Path

from chalicelib.documents.translations import Translations, read

FOLDER = Path(__file__).parent


@cache
def translations_in(language: str) -> Translations:
    """What is said in a language; in one without a file, everything as it is."""
    return read(FOLDER / f"{language}.yaml")


@cache
def findings_in(language: str) -> Translations:
    """What audits find, which vendor's pages show; written once, in English, as the command and the log have it."""
    return read(FOLDER / "findings" / f"{language}.yaml")
