"""The page of an invite link, as clients open it (docs/rules.md §10)."""

import re
from typing import Any

import pytest

from tests.functional.conftest import Answer, Api, Partner

PLUS = {"pricing_version": "V3", "product": "marketing", "tier": "plus"}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def opened(api: Api, pn: str, accept: str = BROWSER) -> Answer:
    return api.ask("GET", f"/public/invites/{pn}", key=None, Accept=accept)


def data(api: Api, pn: str) -> Any:
    return opened(api, pn, "application/json").json


def prepared(partner: Partner, **changes: Any) -> str:
    answer = partner.ask("PATCH", "/v1/invite-link", {"pn": "brighter", **changes})
    assert answer.status == 200, answer.text
    return "brighter"


def begun_with(page: Answer, pn: str = "brighter") -> list[str]:
    """What the page has a form for."""
    return re.findall(rf'href="{pn}/([^"]+)"', page.text)


def test_a_browser_gets_a_page_with_the_partner_the_prices_and_what_to_begin_with(api: Api, partner: Partner) -> None:
    page = opened(api, prepared(partner, highlighted_plans=[PLUS]))

    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<h1>Bright Agency invites you to Sublet</h1>" in page.text
    assert "<bdi>14</bdi> days" in page.text
    assert "from $34.00 a month" in page.text
    assert 'name="viewport"' in page.text
    assert begun_with(page) == ["trial", "v3-marketing-plus"]


def test_it_is_in_the_language_of_the_browser(api: Api, partner: Partner) -> None:
    path = f"/public/invites/{prepared(partner)}"

    page = api.ask("GET", path, key=None, Accept=BROWSER, Accept_Language="de-AT,de;q=0.9,en;q=0.8")

    assert '<html lang="de">' in page.text
    assert "Bright Agency lädt Sie zu Sublet ein" in page.text
    assert "ab 34,00 $ pro Monat" in page.text


def test_without_a_wish_it_is_a_page_and_by_wish_data(api: Api, partner: Partner) -> None:
    pn = prepared(partner, highlighted_plans=[PLUS])

    assert opened(api, pn, "*/*").headers["Content-Type"].startswith("text/html")
    prices = data(api, pn)["plans"][0]["prices"]
    assert data(api, pn) == {
        "pn": "brighter",
        "partner": {"name": "Bright Agency"},
        "program": "agency",
        "currency": "USD",
        "experiences": ["trial", "buy_now"],
        "trial": {"pricing_version": "V1", "product": "EM", "tier": "trial", "days": 14},
        "plans": [{**PLUS, "billing_frequencies": ["monthly", "annual"], "prices": prices}],
    }
    assert prices[0] == {"contacts": 500, "monthly": 3400, "annual": 34000}


@pytest.mark.parametrize(
    ("experiences", "choices"),
    [
        (["trial"], ["trial"]),
        (["buy_now"], ["v3-marketing-plus"]),
        (["buy_now", "trial"], ["trial", "v3-marketing-plus"]),
    ],
)
def test_it_offers_what_the_partner_chose(
    api: Api, partner: Partner, experiences: list[str], choices: list[str]
) -> None:
    pn = prepared(partner, highlighted_plans=[PLUS], experiences=experiences)

    assert begun_with(opened(api, pn)) == choices
    assert (data(api, pn)["trial"] is not None) is ("trial" in experiences)


def test_nothing_runs_but_our_own_script_and_nothing_is_fetched_from_elsewhere(api: Api, partner: Partner) -> None:
    page = opened(api, prepared(partner))
    policy = page.headers["Content-Security-Policy"]
    (nonce,) = set(re.findall(r"'nonce-([^']+)'", policy))

    assert policy == (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
        "img-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    assert re.findall(r"<script [^>]*>", page.text) == [
        f'<script nonce="{nonce}" src="../pn.js" data-pn="brighter" data-program="agency">'
    ]
    assert not re.search(r"\son\w+=|\sstyle=|https?://", page.text)
    assert nonce not in opened(api, "brighter").text


def test_a_partners_name_cannot_become_part_of_the_page(api: Api) -> None:
    partner = api.partner(name='</script><script>alert("x")</script>')
    page = opened(api, prepared(partner))

    assert "<script>alert" not in page.text
    assert page.text.count("</script>") == 1


def test_an_earlier_name_opens_the_page_and_opening_it_counts_nothing(api: Api, partner: Partner) -> None:
    prepared(partner)
    partner.ask("PATCH", "/v1/invite-link", {"pn": "brightest"})

    assert opened(api, "brighter").status == 200
    assert data(api, "Brighter")["pn"] == "brightest"
    assert partner.get("/v1/invite-link")["visits"] == 0


def test_a_name_nobody_has_is_a_page_for_browsers_and_a_problem_for_programs(api: Api, partner: Partner) -> None:
    prepared(partner)

    page = opened(api, "nobody")
    assert (page.status, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "not valid" in page.text
    assert opened(api, "nobody", "application/json").code == "not_found"
