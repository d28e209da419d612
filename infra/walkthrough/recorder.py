"""Asks the API and writes down what was asked and answered, so that the same story gives the same page."""

import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

_ID = re.compile(r"\b([a-z]{2,5})_[0-7][0-9A-HJKMNP-TV-Z]{25}\b")
_TOKEN = re.compile(r"\bey[\w-]+\.[\w-]+\.[\w-]+")
_KEY = re.compile(r"\bsk_[\w-]{20,}")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?Z")
_MIDNIGHT = re.compile(r"T0[0-9]:00:00Z")
_SECONDS = 60


class StoryEnded(Exception):
    """The API answered otherwise than the story says; the message has its answer."""


@dataclass
class Caller:
    """Somebody who asks: with an API key, a session's token, or nothing."""

    name: str
    token: str = ""


@dataclass
class Recorder:
    """The page so far. Ids are numbered in their order; tokens, keys and times of day are left out."""

    base_url: str
    lines: list[str] = field(default_factory=list)
    _known: dict[str, str] = field(default_factory=dict)

    def heading(self, text: str, *, level: int = 2) -> None:
        self.lines += ["#" * level + " " + text, ""]

    def say(self, text: str) -> None:
        self.lines += [textwrap.fill(" ".join(text.split()), 118, break_long_words=False, break_on_hyphens=False), ""]

    def write(self, *lines: str) -> None:
        """Write lines as they are, such as those of a table, with ids and times shortened."""
        self.lines += [*map(self._told, lines), ""]

    def ask(
        self,
        caller: Caller,
        method: str,
        path: str,
        body: Any = None,
        *,
        status: int = 200,
        shown: Sequence[str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer's document, or its content if it is none. ``shown`` are the parts of it to write down, by dotted
        name; None: all of it. Raises :class:`StoryEnded` for another status.
        """
        sent = dict(headers or {})
        if caller.token:
            sent["Authorization"] = f"Bearer {caller.token}"
        answer = requests.request(
            method, self.base_url + path, json=body, headers=sent, timeout=_SECONDS, allow_redirects=False
        )
        if answer.status_code != status:
            raise StoryEnded(f"{method} {path}: {answer.status_code} {answer.text}")
        is_document = "json" in answer.headers.get("Content-Type", "")
        told = answer.json() if is_document else answer.content
        self._write_down(caller, f"{method} {path}", body, answer, told if is_document else None, shown)
        return told

    def page(self) -> str:
        return "\n".join(self.lines).rstrip() + "\n"

    def _write_down(
        self, caller: Caller, asked: str, body: Any, answer: requests.Response, told: Any, shown: Sequence[str] | None
    ) -> None:
        self.lines += [f"{caller.name} asks:", "", "```", self._told(asked)]
        if body is not None:
            self.lines.append(self._written(body))
        self.lines += ["", f"{answer.status_code} {answer.reason}"]
        if told is None:
            media = answer.headers.get("Content-Type", "").partition(";")[0]
            begins = answer.content[:15].splitlines()[0].decode("ascii", errors="replace")
            self.lines.append(f"({media}, begins with {begins})")
        elif shown is None or shown:
            self.lines.append(self._written(told if shown is None else _parts(told, shown)))
        self.lines += ["```", ""]

    def _written(self, document: Any) -> str:
        return _laid_out(json.loads(self._told(json.dumps(document, ensure_ascii=False))), indent=0)

    def _told(self, text: str) -> str:
        text = _KEY.sub("sk_…", _TOKEN.sub("ey…", text)).replace(self.base_url, "https://api.example.com")
        return _TIME.sub(_day, _ID.sub(lambda found: self._numbered(found[0], found[1]), text))

    def _numbered(self, id: str, prefix: str) -> str:
        if id not in self._known:
            number = sum(1 for known in self._known if known.startswith(f"{prefix}_")) + 1
            self._known[id] = f"{prefix}_{number}"
        return self._known[id]


def _day(found: re.Match[str]) -> str:
    """A midnight somewhere is a matter of rules and stays; other times are those of the run."""
    return found[0] if _MIDNIGHT.search(found[0]) else f"{found[1]}T…Z"


def _parts(told: Any, names: Sequence[str]) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for name in names:
        value = told
        for step in name.split("."):
            value = value[int(step)] if isinstance(value, list) else value[step]
        parts[name] = value
    return parts


def _laid_out(value: Any, *, indent: int) -> str:
    """JSON as people write it: what fits on a line stands on one."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + indent <= 100 or not isinstance(value, (dict, list)) or not value:
        return flat
    inner, outer = " " * (indent + 2), " " * indent
    if isinstance(value, list):
        parts = [_laid_out(each, indent=indent + 2) for each in value]
        return "[\n" + ",\n".join(inner + part for part in parts) + f"\n{outer}]"
    named = [f"{json.dumps(name)}: {_laid_out(each, indent=indent + 2)}" for name, each in value.items()]
    return "{\n" + ",\n".join(inner + part for part in named) + f"\n{outer}}}"
