"""For how long a visit is credited, and which visits count (docs/rules.md §10)."""

from datetime import UTC, datetime

import pytest

from chalicelib.domain.referrals.attribution import attributed_until, is_visit
from tests.builders import agency


def test_a_visit_is_credited_for_the_programs_window() -> None:
    now = datetime(2026, 1, 31, 15, 0, 0, 999, tzinfo=UTC)

    assert attributed_until(agency(), now=now) == datetime(2026, 5, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize("purpose", ["prefetch", "Prefetch;prerender", "prerender", "preview"])
def test_what_a_browser_fetches_ahead_is_no_visit(purpose: str) -> None:
    assert not is_visit(user_agent="Mozilla/5.0", purposes=[purpose])


def test_somebody_with_a_browser_is_a_visit_and_nobody_without_an_agent() -> None:
    assert is_visit(user_agent="Mozilla/5.0", purposes=[])
    assert not is_visit(user_agent=" ", purposes=[])
