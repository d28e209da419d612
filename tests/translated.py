"""What services may say to people: found in their source, and watched while tests run.

A refusal or a fault that a page can meet needs a German text. Those written where they are raised are read from the
source (tests/unit/api/test_translations.py). Those put together elsewhere are known only once they are said, so each
that a service says while tests run is looked up, and the test fails at once if a part of it would stay English.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, wraps
from itertools import chain
from pathlib import Path
from typing import Any

import chalicelib
from chalicelib.api.parsing import Faults
from chalicelib.api.translations import findings_in, translations_in
from chalicelib.documents.translations import Written
from chalicelib.domain.audit.findings import Finding
from chalicelib.domain.refusals import Refusal

ROOT = Path(chalicelib.__file__).parent
FOR_PROGRAMS = (
    "api.authorizer", "api.entry_point", "api.etags", "api.idempotency", "api.openapi", "api.parsing", "api.routes",
    "domain.accounts.provisioning", "domain.audit", "domain.clients.logins", "domain.request_limits", "handlers",
    "services.accounts.usage", "services.billing.processor_webhooks", "services.clients.sessions",
    "services.earnings.payout_reports", "services.request_limits", "services.setup.provisioning",
)  # fmt: skip
"""Modules whose refusals no page meets: keys, bodies and headers of the API, reports of the platform and of processors,
tokens of the product; and a log-in that is refused with what the partner has written for its client."""
SILENT = ("api.pages", "domain.audit", "domain.billing.invoice_documents", "services.events.payloads")
"""Modules full of texts that are no refusals, which need not be read."""
OF_FIELDS = ("api.base", "api.bodies", "api.hosts", "domain.texts", "domain.people.persons")
"""Modules whose ValueErrors become faults of a field of a body."""
OF_OTHERS = ("Faults", "PaymentMethodRefused")
"""What else becomes faults of a field."""
VALUE = "…"
_known: set[str] = set()


class NotTranslated(BaseException):
    """A service said what has no German. No Exception: the worker would park the account."""


class _Any(dict[str, Any]):
    def __missing__(self, way: str) -> Any:
        return lambda value: value


WRITTEN: Written = _Any()


GERMAN = translations_in("de")
GERMAN_FINDINGS = findings_in("de")


def skeleton(text: str) -> str:
    """A text with nothing but the places of its values."""
    return re.sub(r"\{[^{}]*\}", "{}", text)


def watch() -> None:
    """Let whatever a service refuses in words that have no German fail, from now on."""
    refuse, find_faults = Refusal.__init__, Faults.__init__

    @wraps(refuse)
    def refused(self: Refusal, *args: Any, **kwargs: Any) -> None:
        refuse(self, *args, **kwargs)
        if _is_for_people(sys._getframe(1)):
            errors = [message for _, message in self.errors]
            _need([] if self.code in GERMAN.codes else errors or [self.detail])

    @wraps(find_faults)
    def found(self: Faults, *args: Any, **kwargs: Any) -> None:
        find_faults(self, *args, **kwargs)
        if sys._getframe(1).f_globals["__name__"] == "chalicelib.api.parsing":
            _need(error.message for error in self.errors)

    find = Finding.__init__

    @wraps(find)
    def finds(self: Finding, *args: Any, **kwargs: Any) -> None:
        find(self, *args, **kwargs)
        by_audit = sys._getframe(1).f_globals["__name__"].startswith("chalicelib.")
        if by_audit and GERMAN_FINDINGS.find(self.message, written=WRITTEN) is None:
            raise NotTranslated(self.message)

    Finding.__init__ = finds  # type: ignore[method-assign]
    Refusal.__init__ = refused  # type: ignore[method-assign]
    Faults.__init__ = found  # type: ignore[method-assign]


def _is_for_people(frame: Any) -> bool:
    """Whether a refusal was made in a module that pages ask; what makes it for others does not count. Pages themselves
    take most of what they say from their texts."""
    while frame.f_globals["__name__"] == Refusal.__module__ or isinstance(frame.f_locals.get("self"), Refusal):
        frame = frame.f_back
    name = frame.f_globals["__name__"]
    return name.startswith("chalicelib.") and not name.removeprefix("chalicelib.").startswith((*FOR_PROGRAMS, "portal"))


def _need(texts: Iterable[str]) -> None:
    for text in texts:
        if text not in _known:
            if GERMAN.find(text, written=WRITTEN) is None:
                raise NotTranslated(text)
            _known.add(text)


@dataclass(frozen=True)
class Source:
    """What the source of a module has of texts."""

    module: str
    classes: list[ast.ClassDef] = field(default_factory=list)
    calls: list[ast.Call] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Declared:
    """A class of refusals, as its source declares it."""

    module: str
    code: str
    title: str


@cache
def sources() -> Sequence[Source]:
    """The modules that may say something to people."""
    found = []
    for layer in ("domain", "models", "gateways", "services", "api", "portal", "handlers"):
        for path in sorted((ROOT / layer).rglob("*.py")):
            source = Source(".".join(path.relative_to(ROOT).with_suffix("").parts))
            if not source.module.startswith(SILENT):
                _read(ast.parse(path.read_text(encoding="utf-8")), source)
                found.append(source)
    return found


def _read(tree: ast.AST, source: Source) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            source.classes.append(node)
        elif isinstance(node, ast.Call):
            source.calls.append(node)
        elif isinstance(node, ast.Constant | ast.JoinedStr):
            source.texts.update(skeleton(text) for text in _texts(node))


def audit_texts() -> set[str]:
    """The sentences that an audit is made of, and the parts put into them; their values left out."""
    files = (*(ROOT / "domain" / "audit").glob("*.py"), *(ROOT / "services" / "audit").glob("*.py"))
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))]
    return {skeleton(text) for node in nodes if isinstance(node, ast.Constant | ast.JoinedStr) for text in _texts(node)}


def all_texts() -> set[str]:
    """Each string in the source, its values left out."""
    return set().union(*(source.texts for source in sources()))


@cache
def refusals() -> Mapping[str, Sequence[Declared]]:
    """The classes of refusals by their names, which several may share."""
    classes = [(source.module, each) for source in sources() for each in source.classes]
    names: set[str] = set()
    more = {"Refusal"}
    while more - names:
        names |= more
        more = {each.name for _, each in classes if any(_name(base) in names for base in each.bases)}
    found: dict[str, list[Declared]] = {"Problem": []}
    for module, each in classes:
        if each.name in names:
            found.setdefault(each.name, []).append(Declared(module, _given(each, "code"), _given(each, "title")))
    return found


def titles() -> Iterator[str]:
    """What every class of refusals is about."""
    for each in chain.from_iterable(refusals().values()):
        if each.title and not each.module.startswith(FOR_PROGRAMS):
            yield each.title


def refused_texts() -> Iterator[tuple[str, str]]:
    """Where, and what: the sentences written where a refusal or a fault is made, that no text by its code replaces."""
    for source in sources():
        if source.module.startswith(FOR_PROGRAMS):
            continue
        for call in source.calls:
            of_kind = isinstance(call.func, ast.Attribute) and call.func.attr == "of"  # `NotFound.of("invoice", …)`
            name = _name(call.func.value if isinstance(call.func, ast.Attribute) and of_kind else call.func)
            if _is_said(name, source.module):
                texts = list(_texts(call))
                codes = {*texts, *(each.code for each in refusals().get(name, ()))}
                if not of_kind and not codes & GERMAN.codes.keys():
                    yield from ((f"{source.module}:{call.lineno}", text) for text in texts if " " in text.strip(" ,"))


def _is_said(name: str, module: str) -> bool:
    """Whether what is made by that name ends up before people."""
    return name in {*refusals(), *OF_OTHERS} or (name == "ValueError" and module.startswith(OF_FIELDS))


def is_part_of(entry: str, text: str) -> bool:
    """Whether an entry of a language's file is what this text of the source may say, with more of its values known."""
    pieces = text.split("{}")
    return len("".join(pieces).strip()) > 8 and bool(re.fullmatch(".*".join(map(re.escape, pieces)), entry, re.DOTALL))


def _given(declared: ast.ClassDef, name: str) -> str:
    """The text that a class gives an attribute; empty if none."""
    for line in declared.body:
        targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", line)]
        value = getattr(line, "value", None)
        if isinstance(value, ast.Constant) and name in map(_name, targets):
            return str(value.value)
    return ""


def _texts(tree: ast.AST) -> Iterator[str]:
    """The strings in a part of the source; those in f-strings with `VALUE` for each value."""
    if isinstance(tree, ast.Constant):
        if isinstance(tree.value, str):
            yield tree.value
    elif isinstance(tree, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else f"{{{VALUE}}}" for part in tree.values]
        yield "".join(map(str, parts))
    else:
        for child in ast.iter_child_nodes(tree):
            yield from _texts(child)


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
