"""How a walkthrough is written down: the same story gives the same page."""

from pathlib import Path

import pytest

from infra.walkthrough import __main__ as walkthroughs
from infra.walkthrough.recorder import Recorder

BASE = "http://127.0.0.1:4566/restapis/x/api/_user_request_"
FIRST, SECOND = "acct_01ARZ3NDEKTSV4RRFFQ69G5FAV", "acct_01BX5ZZKBKACTAV9WEVGEMMVRZ"


def told(text: str) -> str:
    return Recorder(BASE)._told(text)


def test_ids_are_numbered_in_their_order_and_stay_the_same() -> None:
    recorder = Recorder(BASE)

    assert recorder._told(f"{SECOND} {FIRST} {SECOND}") == "acct_1 acct_2 acct_1"
    assert recorder._told(f"{FIRST} prt_01ARZ3NDEKTSV4RRFFQ69G5FAV") == "acct_2 prt_1"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("eyJhbGciOi.eyJzdWIi-x_.sig-_na", "ey…"),
        ("sk_yXHso5V000vK157yqttyiZY76M1d8SlX5dLjIFjoxK4", "sk_…"),
        (f"{BASE}/public/x", "https://api.example.com/public/x"),
        ("2031-02-28T06:00:00Z", "2031-02-28T06:00:00Z"),
        ("2031-02-28T18:00:07.123Z", "2031-02-28T…Z"),
        ("2031-02-28T18:00:07Z", "2031-02-28T…Z"),
        ("2031-02-28", "2031-02-28"),
    ],
    ids=["token", "key", "address", "a midnight in Chicago", "a time", "to the second", "a date"],
)
def test_what_differs_from_run_to_run_is_left_out(text: str, written: str) -> None:
    assert told(text) == written


IN_THE_BROWSER = {"first-ten-minutes"}
"""Written by `make portal-pictures`."""


def test_every_story_has_its_page_and_every_page_its_story() -> None:
    assert {path.stem for path in Path(walkthroughs.PAGES).glob("*.md")} == {*walkthroughs.STORIES, *IN_THE_BROWSER}


@pytest.mark.prove
@pytest.mark.stack
@pytest.mark.parametrize("story", sorted(walkthroughs.STORIES))
def test_the_page_is_what_the_deployed_stack_answers_today(story: str) -> None:
    page = (walkthroughs.PAGES / f"{story}.md").read_text(encoding="utf-8")

    assert walkthroughs.told(story) == page
