"""Visits with ?pn=, and what they credit (docs/rules.md §10)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.functional.conftest import Answer, Api, Partner, table_rows

BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML) Safari/604.1"


def visit(api: Api, pn: str, attribution: str | None = None, *, agent: str = BROWSER, **headers: str) -> Answer:
    body: dict[str, Any] = {"pn": pn} | ({"attribution": attribution} if attribution else {})
    return api.ask("POST", "/public/visits", body, key=None, User_Agent=agent, **headers)


def named(partner: Partner, pn: str) -> str:
    assert partner.ask("PATCH", "/v1/invite-link", {"pn": pn}).status == 200
    return pn


def visits_of(partner: Partner) -> int:
    visits: int = partner.get("/v1/invite-link")["visits"]
    return visits


def test_a_visit_is_credited_for_90_days_and_counted(api: Api, partner: Partner) -> None:
    answer = visit(api, named(partner, "brighter"))

    assert answer.status == 200, answer.text
    assert answer.json["partner"] == {"name": "Bright Agency"}
    left = datetime.fromisoformat(answer.json["expires_at"]) - datetime.now().astimezone()
    assert timedelta(days=89, hours=23) < left <= timedelta(days=90)
    assert visits_of(partner) == 1


def test_the_first_partner_wins_until_its_window_is_over(api: Api, partner: Partner) -> None:
    later = api.partner(name="Later Agency")
    first = visit(api, named(partner, "brighter")).json
    named(later, "later")

    again = visit(api, "later", first["attribution"]).json
    api.forward(days=91)
    over = visit(api, "later", first["attribution"]).json

    assert again == first
    assert over["partner"] == {"name": "Later Agency"}
    assert over["attribution"] != first["attribution"]
    assert visits_of(later) == 2


def test_an_earlier_name_leads_to_the_partner_as_well_however_it_is_typed(api: Api, partner: Partner) -> None:
    named(partner, "brighter")
    named(partner, "brightest")

    assert [visit(api, pn).status for pn in ("brighter", "brightest", " Brighter ")] == [200, 200, 200]
    assert visits_of(partner) == 3


@pytest.mark.parametrize("pn", ["nobody", "x", "%00", "prt_1", "pn#brighter", "💩", "a" * 200])
def test_a_name_nobody_has_is_refused(api: Api, partner: Partner, pn: str) -> None:
    named(partner, "brighter")

    assert "leads to no partner" in visit(api, pn).faults["pn"]


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "x" * 2000])
def test_a_token_that_is_not_ours_counts_for_nothing(api: Api, partner: Partner, token: str) -> None:
    answer = visit(api, named(partner, "brighter"), token)

    assert answer.status == 200
    assert answer.json["attribution"] != token


@pytest.mark.parametrize(
    ("agent", "headers"),
    [
        ("", {}),
        (" ", {}),
        ("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", {}),
        ("WhatsApp/2.23.20.0", {}),
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", {}),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", {}),
        ("curl/8.5.0", {}),
        (BROWSER, {"Sec_Purpose": "prefetch;prerender"}),
        (BROWSER, {"Purpose": "prefetch"}),
        (BROWSER, {"X_Purpose": "preview"}),
    ],
)
def test_what_nobody_looks_at_is_no_visit(api: Api, partner: Partner, agent: str, headers: dict[str, str]) -> None:
    answer = visit(api, named(partner, "brighter"), agent=agent, **headers)

    assert answer.status == 200
    assert visits_of(partner) == 0


def test_nothing_of_a_visitor_is_kept(api: Api, partner: Partner) -> None:
    visit(api, named(partner, "brighter"), X_Forwarded_For="203.0.113.77")

    kept = str(table_rows())
    assert "203.0.113" not in kept
    assert "iPhone" not in kept


def test_a_visit_is_no_event_and_does_not_get_in_the_way_of_a_change(api: Api, partner: Partner) -> None:
    named(partner, "brighter")
    api.stream()
    before = partner.get("/v1/events")["data"]
    visit(api, "brighter")
    api.stream()

    assert partner.get("/v1/events")["data"] == before
    assert partner.ask("PATCH", "/v1/invite-link", {"experiences": ["trial"]}).json["visits"] == 1


def test_other_sites_may_read_the_answer(api: Api, partner: Partner) -> None:
    answer = api.ask("POST", "/public/visits", raw=b'{"pn": "%s"}' % named(partner, "brighter").encode(), key=None)

    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_the_script_for_the_vendors_pages_may_be_cached(api: Api) -> None:
    script = api.ask("GET", "/public/pn.js", key=None)

    assert script.status == 200
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert script.headers["Cache-Control"] == "public, max-age=3600"
    assert "form[data-sign-up]" in script.text
