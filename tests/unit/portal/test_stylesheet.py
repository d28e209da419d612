"""The stylesheet of the portal: each class that a template uses is in it, and each class in it is used."""

import re
from pathlib import Path

import chalicelib.portal

PORTAL = Path(chalicelib.portal.__file__).parent
STYLE = (PORTAL / "static" / "portal.css").read_text(encoding="utf-8")
TEMPLATES = {str(path): path.read_text(encoding="utf-8") for path in (PORTAL / "templates").rglob("*.html")}
SCRIPTS = [path.read_text(encoding="utf-8") for kind in ("py", "js") for path in PORTAL.rglob(f"*.{kind}")]

ATTRIBUTE = re.compile(r'\b(?:class|css)="((?:\{\{.*?\}\}|\{%.*?%\}|[^"{])*)"')
EXPRESSION = re.compile(r"\{[{%].*?[}%]\}")
COMPARED = re.compile(r'(?:==|!=) "[^"]*"|\bin \([^)]*\)')
"""Texts in an expression that are no classes."""
OF_HTMX = {"htmx-request"}
WITHOUT_STYLE = {"plain"}
"""The usual button: what all have."""


def used_by(template: str) -> set[str]:
    """The classes that its attributes name, those in expressions too."""
    found: set[str] = set()
    for value in ATTRIBUTE.findall(template):
        texts = [
            text for each in EXPRESSION.findall(value) for text in re.findall(r'"([^"]*)"', COMPARED.sub("", each))
        ]
        found.update(" ".join([EXPRESSION.sub(" ", value), *texts]).split())
    return found


def styled() -> set[str]:
    rules = re.sub(r"(?s)/\*.*?\*/|\{[^{}]*\}", "", STYLE)
    return set(re.findall(r"\.([a-z][\w-]*)", rules))


def test_every_class_of_a_template_has_a_style() -> None:
    used = {name: file for file, template in TEMPLATES.items() for name in used_by(template)}

    assert {name: file for name, file in used.items() if name not in styled() | WITHOUT_STYLE} == {}


def test_every_class_with_a_style_is_used() -> None:
    sources = "".join([*TEMPLATES.values(), *SCRIPTS])
    beginnings = tuple(re.findall(r'"([a-z]+-)" ~', sources))

    unused = {name for name in styled() if not re.search(rf"(?<![\w-]){name}(?![\w-])", sources)}
    assert {name for name in unused if not name.startswith(beginnings)} == OF_HTMX
