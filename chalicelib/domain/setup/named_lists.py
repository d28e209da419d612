"""A shelf: the names of a few things kept in one place, each once (docs/rules.md §12)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from chalicelib.domain.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is kept for a partner (its snapshots) or an account (its templates): names by id."""

    id: str
    names: Mapping[str, str] = field(default_factory=dict)
    version: int = 0


class NameInUse(Refusal):
    """Another one on the same shelf has the name."""

    status = 409
    code = "name_in_use"
    title = "The name is in use"


class ShelfFull(Refusal):
    """So many can be kept and no more."""

    status = 409
    code = "too_many"
    title = "There are too many already"


def holding(shelf: Shelf, *, id: str, name: str, most: int, what: str) -> Shelf:
    """The shelf with one more on it. Raises :class:`NameInUse`, :class:`ShelfFull`.

    Names that differ in capitals only are the same name.
    """
    taken = {known.casefold(): other for other, known in shelf.names.items()}
    other = taken.get(name.casefold())
    if other is not None:
        raise NameInUse(f"{other} has the name {name!r}. Choose another, or delete that {what}.", extra={"id": other})
    if len(shelf.names) >= most:
        raise ShelfFull(f"{most} are kept at most. Delete a {what} first.")
    return replace(shelf, names={**shelf.names, id: name})


def with_copy(shelf: Shelf, *, id: str, name: str) -> Shelf:
    """The shelf with one more on it that nobody named for it: where the name is in use, it gets a number."""
    taken = {known.casefold() for known in shelf.names.values()}
    tried, number = name, 2
    while tried.casefold() in taken:
        tried, number = f"{name} ({number})", number + 1
    return replace(shelf, names={**shelf.names, id: tried})


def page(shelf: Shelf, *, limit: int, after: str) -> tuple[list[str], str | None]:
    """Up to ``limit`` ids on the shelf that sort behind ``after``, and where the next page starts, if there is one."""
    ids = sorted(id for id in shelf.names if id > after)
    return ids[:limit], ids[limit - 1] if len(ids) > limit else None


def without(shelf: Shelf, id: str) -> Shelf:
    """The shelf with that one taken off."""
    return replace(shelf, names={other: name for other, name in shelf.names.items() if other != id})
