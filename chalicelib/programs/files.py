"""The program files themselves, in YAML: read and checked."""

import json
import re
from collections.abc import Hashable
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from chalicelib.domain.catalog.programs import Program
from chalicelib.programs import program_names
from chalicelib.programs.checks import Fault, faults_of


class ProgramFileError(ValueError):
    """A program file is not valid: the message names the file and every fault with its place in it."""

    def __init__(self, path: Path, faults: list[Fault]) -> None:
        super().__init__("\n".join([f"{path.name} is not a valid program file:", *(f"  {f}" for f in faults)]))
        self.faults = faults


def load(path: Path) -> Program:
    """The program in that file. Raises ProgramFileError with all faults."""
    content = _read(path)
    try:
        found = _adapter().validate_json(json.dumps(content, default=str), strict=True)
    except ValidationError as error:
        raise ProgramFileError(path, [_fault(detail) for detail in error.errors(include_url=False)]) from error
    faults = list(faults_of(found))
    if found.name != path.stem:
        faults.append(Fault("name", f"must be that of the file, {path.stem!r}, not {found.name!r}"))
    if found.direct_program not in (None, *program_names()):
        faults.append(Fault("direct_program", f"must be one of {', '.join(program_names())}"))
    if faults:
        raise ProgramFileError(path, faults)
    return found


class _PlainLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML with whole numbers, true, false and null; every other word is text.

    So the country `NO` is not false, a date is what was written, a percentage never becomes a float, and a key that
    appears twice is a fault.
    """

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for (key_node, _), key in zip(node.value, keys, strict=True):
            if keys.count(key) > 1:
                raise yaml.MarkedYAMLError(problem=f"the key {key!r} appears twice", problem_mark=key_node.start_mark)
        return super().construct_mapping(node, deep=deep)  # type: ignore[no-any-return]


_PlainLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?(0|[1-9][0-9]*)$"), list("-0123456789"))
_PlainLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
_PlainLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^null$"), ["n"])


def _read(path: Path) -> Any:
    try:
        return yaml.load(path.read_bytes(), Loader=_PlainLoader)  # noqa: S506 (it is a safe one)
    except yaml.YAMLError as error:
        raise ProgramFileError(path, [Fault("", str(error))]) from error


@cache
def _adapter() -> TypeAdapter[Program]:
    return TypeAdapter(Program)


def _fault(detail: Any) -> Fault:
    """A fault that pydantic found, placed as `plans[2].prices[0].monthly`."""
    place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in detail["loc"])
    words = {"missing": "is missing", "unexpected_keyword_argument": "is not a key of a program file"}
    return Fault(place.removeprefix("."), words.get(detail["type"], f"{detail['msg']}, not {detail['input']!r}"))
