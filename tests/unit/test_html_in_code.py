"""HTML is in templates, which escape what they are given. Code has none, where somebody could forget to."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import chalicelib

FOLDER = Path(chalicelib.__file__).parent
MAILS = FOLDER / "documents"
"""Drawn in code, each with a plain text beside it; reportlab's paragraphs have tags of their own."""
_TAG = re.compile(r"(?<![.=P])(</?[a-z][a-z0-9]*(\s[^<>]*)?/?>|<[a-z]+ [a-z-]+=|<!(--|doctype))", re.IGNORECASE)
"""Not a place for a value, as in `metadata.<key>=<value>`, nor a group of a pattern, `(?P<name>…)`."""


def tags(source: str) -> list[str]:
    """The texts with a tag in them: not docstrings, nor the pattern that `Markup` fills in and escapes."""
    if not _TAG.search(source):  # most modules, and to parse them all takes seconds
        return []
    tree = ast.parse(source)
    apart = {id(part) for part in _prose_and_patterns(tree)}
    texts = (each for each in ast.walk(tree) if isinstance(each, ast.Constant) and id(each) not in apart)
    return [text.value for text in texts if isinstance(text.value, str) and _TAG.search(text.value)]


def _prose_and_patterns(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Markup":
            yield from node.args


def test_no_module_writes_html() -> None:
    modules = [path for path in FOLDER.rglob("*.py") if MAILS not in path.parents]
    found = {path.relative_to(FOLDER).as_posix(): tags(path.read_text(encoding="utf-8")) for path in modules}

    assert {name: texts for name, texts in found.items() if texts} == {}


@pytest.mark.parametrize(
    ("source", "number"),
    [
        pytest.param('f"<p>{name}</p>"', 2, id="filled in"),
        pytest.param("'<a href=\"' + address", 1, id="begun"),
        pytest.param('f"<img src={address}>"', 1, id="with an attribute"),
        pytest.param('Markup("<b>{}</b>").format(name)', 0, id="a pattern"),
        pytest.param('Markup(f"<b>{name}</b>")', 2, id="no pattern"),
        pytest.param('"<acct_7>; 2 < 3 > 1"', 0, id="no tag"),
        pytest.param('def page(): "A `<p>`."', 0, id="prose"),
    ],
)
def test_tags_are_found(source: str, number: int) -> None:
    assert len(tags(source)) == number
