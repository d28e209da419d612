"""Account names: which can be one, which are free (docs/rules.md §2)."""

import re
from collections.abc import Iterable

from chalicelib.domain.accounts import names as domain
from chalicelib.domain.refusals import Invalid, Refusal
from chalicelib.models.accounts import names as name_rows


class NameTaken(Refusal):
    """Account names are unique over the whole installation (§2)."""

    code = "name_taken"
    title = "The name is taken"


def suggestions(name: str) -> list[str]:
    """Free names like ``name``."""
    root = re.sub(r"-+", "-", re.sub(r"[^a-z0-9-]", "-", name.lower())).strip("-")[:55] or "account"
    root = root if len(root) >= 3 else f"{root}-account"
    possible = [f"{root}-{suffix}" for suffix in ("hq", "team", "online", "2", "3", "4")]
    candidates = [name for name in possible if domain.fault(name) is None]
    taken = name_rows.taken(candidates)
    return [candidate for candidate in candidates if candidate not in taken][:3]


def available(name: str) -> bool:
    """Whether an account may be created under ``name``. Raises :class:`Invalid` for what can never be one."""
    if found := list(faults(name)):
        raise Invalid(errors=found)
    return name_rows.owner(name) is None


def faults(name: str) -> Iterable[tuple[str, str]]:
    if found := domain.fault(name):
        yield "name", found


def refused(name: str) -> NameTaken:
    free_ones = suggestions(name)
    free = f" Free are: {', '.join(free_ones)}." if free_ones else ""
    return NameTaken(
        f"The name {name} belongs to another account.{free}",
        extra={"suggestions": free_ones},
    )
