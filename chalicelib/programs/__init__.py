"""The partner programs, each from a file (docs/programs.md).

A program file is YAML, which is checked whenever it is read. A package holds the programs as they were read, as JSON:
reading and checking costs a starting function a fifth of a second.
"""

from functools import cache, lru_cache
from pathlib import Path

from chalicelib import serialization
from chalicelib.domain.catalog.programs import Program

FOLDER = Path(__file__).parent


class UnknownProgram(LookupError):
    """No program file has that name."""


@lru_cache
def program(name: str) -> Program:
    """The program of that name; only its own file is read, once per process. Raises UnknownProgram."""
    if name not in program_names():
        raise UnknownProgram(f"there is no program {name!r}, only {', '.join(program_names())}")
    packaged = FOLDER / f"{name}.json"
    if packaged.exists():
        read: Program = serialization.load(Program, packaged.read_text(encoding="utf-8"))
        return read
    from chalicelib.programs import files

    return files.load(FOLDER / f"{name}.yaml")


@cache
def program_names() -> tuple[str, ...]:
    """The names of all programs, in alphabetical order."""
    return tuple(sorted({path.stem for kind in ("yaml", "json") for path in FOLDER.glob(f"*.{kind}")}))


@cache
def tiers() -> tuple[str, ...]:
    """Every tier that any program offers, `trial` and `sandbox` among them, in alphabetical order."""
    return tuple(sorted({offer.tier for name in program_names() for offer in program(name).plans}))


@cache
def add_ons() -> tuple[str, ...]:
    """Every add-on that any program offers, in alphabetical order."""
    return tuple(sorted({add_on.name for name in program_names() for add_on in program(name).add_ons}))
