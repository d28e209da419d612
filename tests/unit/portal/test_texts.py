"""The texts of the portal: the same in each language, and each of them used."""

import re
from pathlib import Path

import pytest

import chalicelib.portal
from chalicelib.portal.texts import FOLDER, Texts, texts_of
from chalicelib.portal.visits import LANGUAGES

PORTAL = Path(chalicelib.portal.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(FOLDER / "en").with_suffix("").parts) for path in (FOLDER / "en").rglob("*.yaml")
)
PLACE = re.compile(r"\{(\w+)\}")
SOURCES = [path.read_text(encoding="utf-8") for kind in ("py", "html") for path in PORTAL.rglob(f"*.{kind}")]
LITERALS = {text for source in SOURCES for text in re.findall(r"""["'`f]([a-z_]+\.[a-z_.]*)""", source)}
OF_REDIRECTS = set(re.findall(r'done="(\w+)"', "".join(SOURCES)))


def places(text: object) -> set[str]:
    return {
        place for part in (text.values() if isinstance(text, dict) else [text]) for place in PLACE.findall(str(part))
    }


@pytest.mark.parametrize("module", MODULES)
def test_each_language_has_the_same_texts_with_the_same_values(module: str) -> None:
    english = texts_of("en", module)

    for language in LANGUAGES:
        other = texts_of(language, module)
        assert other.keys() == english.keys()
        assert {name: places(text) for name, text in other.items()} == {
            name: places(text) for name, text in english.items()
        }
        assert not [name for name, text in other.items() if "ß" in str(text) and language == "en"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_written_as_text(language: str) -> None:
    """Without quotes YAML reads `On` and `No` as true and false, and 1 as a number."""
    values = {name: value for module in MODULES for name, value in texts_of(language, module).items()}
    parts = {name: value.values() if isinstance(value, dict) else value for name, value in values.items()}

    each = {name: [value] if isinstance(value, str | bool | int) else list(value) for name, value in parts.items()}
    assert [name for name, found in each.items() if not all(isinstance(text, str) for text in found)] == []


@pytest.mark.parametrize("module", MODULES)
def test_every_text_is_used(module: str) -> None:
    beginnings = tuple(literal for literal in LITERALS if literal.endswith("."))
    unused = [
        name
        for name in texts_of("en", module)
        if name not in LITERALS
        and not name.startswith(beginnings)
        and not (name.startswith(f"{module}.done.") and name.rpartition(".")[2] in OF_REDIRECTS)
    ]

    assert unused == []


def test_every_text_that_is_named_is_there() -> None:
    named = {
        text
        for source in SOURCES
        for text in re.findall(r"""\b(?:t|rich|plain|list)\("([a-z_]+\.[a-z_.]+[a-z_])"[,)]""", source)
    }

    assert {name for name in named if not Texts("en").has(name)} == set()


def test_values_are_filled_in_and_in_html_escaped() -> None:
    texts = Texts("en")

    assert texts.plain("accounts.overview.delete_view", name="<b>") == "Delete the view <b>"
    assert texts.rich("accounts.overview.delete_view", name="<b>") == "Delete the view &lt;b&gt;"
    assert texts.plain("accounts.overview.contacts", count=1) == "1 contact"
    assert texts.plain("accounts.overview.contacts", count="1,000") == "1,000 contacts"
    with pytest.raises(KeyError):
        texts.plain("accounts.nothing_like_it")
    assert texts_of("en", "../../../app") == {}
