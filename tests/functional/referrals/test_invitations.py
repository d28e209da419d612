"""The page of an invite link, as clients open it (docs/rules.md §10)."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from chalicelib.api import invite_page
from chalicelib.config import Settings
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


class Fields(HTMLParser):
    """The names of a page's fields, and the values of its choices."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.choices: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in {"input", "select"} and (name := given.get("name")):
            self.names.add(name)
            if name == "choice":
                self.choices.append(given["value"] or "")


def test_a_browser_gets_a_page_with_the_partner_the_prices_and_a_form(api: Api, partner: Partner) -> None:
    page = opened(api, prepared(partner, highlighted_plans=[PLUS]))

    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<bdi>Bright Agency</bdi> invites you to" in page.text
    assert "14 days" in page.text
    assert "from USD 34.00 a month" in page.text
    assert 'name="viewport"' in page.text
    fields = Fields(page.text)
    assert fields.choices == ["trial", "0"]
    assert {"client_name", "email", "account_name", "country", "password", "payment_method"} <= fields.names


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
    ("experiences", "choices"), [(["trial"], ["trial"]), (["buy_now"], ["0"]), (["buy_now", "trial"], ["trial", "0"])]
)
def test_it_offers_what_the_partner_chose(
    api: Api, partner: Partner, experiences: list[str], choices: list[str]
) -> None:
    pn = prepared(partner, highlighted_plans=[PLUS], experiences=experiences)

    assert Fields(opened(api, pn).text).choices == choices
    assert (data(api, pn)["trial"] is not None) is ("trial" in experiences)


def test_nothing_runs_but_the_pages_own_script_and_nothing_is_fetched_from_elsewhere(
    api: Api, partner: Partner
) -> None:
    page = opened(api, prepared(partner))
    policy = page.headers["Content-Security-Policy"]
    (nonce,) = set(re.findall(r"'nonce-([^']+)'", policy))

    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "connect-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.text.count(f'<script nonce="{nonce}">') == 1
    assert not re.search(r"\son\w+=|\sstyle=|https?://", page.text.partition("<script")[0])
    assert nonce not in opened(api, "brighter").text


def test_a_partners_name_cannot_become_part_of_the_page(api: Api) -> None:
    partner = api.partner(name='</script><script>alert("x")</script>')
    page = opened(api, prepared(partner))

    assert "<script>alert" not in page.text
    assert page.text.count("</script>") == 2
    offer = re.search(r'id="offer">(.*?)</script>', page.text, re.DOTALL)
    assert offer
    assert json.loads(offer[1])["partner"]["name"] == '</script><script>alert("x")</script>'


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
    assert "leads to nobody" in page.text
    assert opened(api, "nobody", "application/json").code == "not_found"


def test_in_production_no_test_card_is_offered_and_no_plan_can_be_bought_on_the_page(
    api: Api, partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    pn = prepared(partner)
    monkeypatch.setattr(invite_page, "settings", lambda: Settings({"STAGE": "prod"}))

    page = opened(api, pn)

    assert page.status == 200
    assert "pm_card_" not in page.text
    assert Fields(page.text).choices == ["trial"]
    partner.ask("PATCH", "/v1/invite-link", {"experiences": ["buy_now"]})
    assert "<form>" not in opened(api, pn).text
