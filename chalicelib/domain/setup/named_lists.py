"""Named lists: the few things that a partner or an account keeps, each name once (docs/rules.md §12)."""

from collections.abc import Mapping
from dataclasses import field, replace

from chalicelib.domain.refusals import Refusal
from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class NamedList:
    """What a partner (snapshots, saved views) or an account (templates) keeps: names by id."""

    id: str
    names: Mapping[str, str] = field(default_factory=dict)
    version: int = 0


class NameInUse(Refusal):
    """Another one on the same list has the name."""

    code = "name_in_use"
    title = "The name is in use"


class ListFull(Refusal):
    """The list is full."""

    code = "too_many"
    title = "There are too many already"


def holding(named_list: NamedList, *, id: str, name: str, most: int, what: str) -> NamedList:
    """The list with one more on it. Raises :class:`NameInUse`, :class:`ListFull`.

    Names that differ in capitals only are the same name.
    """
    taken = {known.casefold(): other for other, known in named_list.names.items()}
    other = taken.get(name.casefold())
    if other is not None:
        raise NameInUse(f"{other} has the name {name!r}. Choose another, or delete that {what}.", extra={"id": other})
    if len(named_list.names) >= most:
        raise ListFull(f"{most} are kept at most. Delete a {what} first.")
    return replace(named_list, names={**named_list.names, id: name})


def with_copy(named_list: NamedList, *, id: str, name: str) -> NamedList:
    """The list with a copy added; where the name is in use, the copy's name gets a number."""
    taken = {known.casefold() for known in named_list.names.values()}
    tried, number = name, 2
    while tried.casefold() in taken:
        tried, number = f"{name} ({number})", number + 1
    return replace(named_list, names={**named_list.names, id: tried})


def page(named_list: NamedList, *, limit: int, after: str) -> tuple[list[str], str | None]:
    """Up to ``limit`` ids on the list that sort behind ``after``, and where the next page starts, if there is one."""
    ids = sorted(id for id in named_list.names if id > after)
    return ids[:limit], ids[limit - 1] if len(ids) > limit else None


def without(named_list: NamedList, id: str) -> NamedList:
    """The list without that one."""
    return replace(named_list, names={other: name for other, name in named_list.names.items() if other != id})
