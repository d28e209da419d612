"""Attribution: for how long a visit credits a sign-up to a partner, and which visits count (docs/rules.md §10)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from chalicelib.domain.catalog.programs import Program


def attributed_until(program: Program, *, now: datetime) -> datetime:
    """When a visit of now stops crediting sign-ups to the partner: after the program's attribution window.

    In whole seconds, which is what tokens are signed with.
    """
    assert program.commission is not None  # the program file is checked: a program that refers has a window
    return now.replace(microsecond=0) + timedelta(days=program.commission.attribution_days)


def is_visit(*, user_agent: str, purposes: Iterable[str]) -> bool:
    """Whether somebody looks at a page, as far as the request tells: not without an agent, and not to fetch it ahead.

    ``purposes`` are the values of the headers by which browsers announce that nobody looks at it yet.
    """
    return bool(user_agent.strip()) and not any(
        ahead in purpose.lower() for purpose in purposes for ahead in ("prefetch", "prerender", "preview")
    )
