"""Too many requests with one key, or from one address to one public route, are a 429 (docs/rules.md §8)."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest

from chalicelib.api import clock
from chalicelib.config import settings
from tests.counting import requests_counted
from tests.functional.conftest import OPERATOR, TRIAL, Answer, Api, Partner
from tests.functional.documented import document

EXEMPT = {"/health", "/openapi.json", "/docs", "/public/stripe/webhooks"}


def limit(patch: pytest.MonkeyPatch, **rates: int) -> None:
    for name, rate in rates.items():
        patch.setenv(name.upper(), str(rate))
    settings.cache_clear()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The machine's clock, which stands still at its last moment."""
    moments = [datetime.now(UTC)]
    monkeypatch.setattr(clock, "machine_now", lambda: moments[-1])
    return moments


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, machine: list[datetime]) -> list[datetime]:
    """One request a second, three at once."""
    limit(monkeypatch, key_rate=1, key_burst=3, address_rate=1, address_burst=3)
    return machine


def statuses(partner: Partner, times: int, **options: str) -> list[int]:
    return [partner.ask("GET", "/v1/billing-profiles", **options).status for _ in range(times)]


def test_a_key_is_refused_at_its_limit_and_answered_again_when_it_is_told(
    partner: Partner, few: list[datetime]
) -> None:
    assert statuses(partner, 3) == [200] * 3

    refused = partner.ask("POST", "/v1/accounts", {"whatever": "it is"})

    assert (refused.status, refused.code) == (429, "too_many_requests")
    assert refused.headers["Retry-After"] == "1"
    assert (refused.json["requests_per_second"], refused.json["requests_at_once"]) == (1, 3)
    partner.api.forward(days=1)
    assert statuses(partner, 1) == [429], "a sandbox's clock is not the machine's"
    few.append(few[-1] + timedelta(seconds=1))
    assert statuses(partner, 2) == [200, 429]


@pytest.mark.usefixtures("few")
def test_keys_of_one_partner_and_operators_do_not_share_a_limit(partner: Partner) -> None:
    further = partner.post("/v1/api-keys", {"name": "Second", "scopes": ["read"]}).json["key"]
    assert statuses(partner, 3) == [200, 200, 429]

    assert statuses(partner, 3, key=further) == [200] * 3
    assert partner.api.ask("GET", "/v1/operator/partners", key=OPERATOR).status == 200


@pytest.mark.usefixtures("few")
def test_a_public_route_is_limited_by_address_whoever_asks(api: Api) -> None:
    def session(token: str) -> Answer:
        return api.ask("GET", "/public/session", key=token)

    assert [session(f"token-{number}").status for number in range(4)] == [401] * 3 + [429]
    assert api.ask("GET", "/client/account", key="token").status == 401, "another route"


@pytest.mark.usefixtures("few")
def test_on_a_page_for_browsers_the_refusal_is_a_page(api: Api) -> None:
    pages = [api.ask("GET", "/public/accounts/acme/login", key=None, Accept="text/html") for _ in range(4)]

    assert (pages[3].status, pages[3].headers["Retry-After"]) == (429, "1")
    assert pages[3].headers["Content-Type"].startswith("text/html")


@pytest.mark.usefixtures("few")
def test_what_reads_no_table_is_not_limited(api: Api) -> None:
    assert [api.ask("GET", "/health", key=None).status for _ in range(5)] == [200] * 5


def test_every_other_route_says_that_it_may_refuse() -> None:
    silent = {
        path
        for path, methods in document()["paths"].items()
        for each in methods.values()
        if "429" not in each["responses"]
    }

    assert silent == EXEMPT


def test_without_the_table_of_limits_requests_are_answered_and_the_failure_is_counted(
    partner: Partner, few: list[datetime], capsys: pytest.CaptureFixture[str]
) -> None:
    boto3.client("dynamodb").delete_table(TableName="sublet-guards")

    assert statuses(partner, 5) == [200] * 5

    printed = capsys.readouterr().out
    assert printed.count('"RequestLimitsUnknown":[1.0]') == 1, "for the next seconds nobody asks"
    few.append(few[-1] + timedelta(seconds=5))
    assert statuses(partner, 1) == [200]


def test_the_partner_is_told_its_limit(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    without = partner.get("/v1/partner")["limits"]
    limit(monkeypatch, key_rate=50, key_burst=100)

    told = partner.get("/v1/partner")["limits"]

    assert (without["requests_per_second"], without["requests_at_once"]) == (None, None)
    assert (told["requests_per_second"], told["requests_at_once"]) == (50, 100)


def test_by_default_seven_of_eight_requests_cost_no_more(
    partner: Partner, machine: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    limit(monkeypatch, key_rate=50, key_burst=100)

    with requests_counted() as asked:
        for _ in range(8):
            assert partner.post("/v1/accounts", partner.wanted(plan=TRIAL)).status == 201

    counted = [each for each in asked if "guards" in each]
    assert counted == ["GetItem guards", "PutItem guards"]
    assert len([each for each in asked if "api-keys" not in each]) == 8 * 2 + 2
