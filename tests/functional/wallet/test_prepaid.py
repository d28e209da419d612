"""Credits over HTTP: bought for an account, used, taken back; prepaid money granted; what the next tier would save."""

from typing import Any

import pytest

from chalicelib.services.partners import partners
from tests.functional.conftest import OPERATOR, SANDBOX, Api, Partner


def used(api: Api, account: dict[str, Any], **body: Any) -> Any:
    path = f"/v1/operator/accounts/{account['id']}/credits/inbox-preview/uses"
    return api.ask("POST", path, {"report_id": "r-1", "quantity": 5} | body, key=OPERATOR)


def test_credits_are_bought_for_an_account_used_and_taken_back(api: Api, partner: Partner) -> None:
    account = partner.create()
    pack = {"billing_profile_id": partner.card(), "quantity": 25, "account_id": account["id"]}

    bought = partner.post("/v1/credits/inbox-preview/purchases", pack)
    first, again = used(api, account), used(api, account)
    left = partner.get(f"/v1/accounts/{account['id']}/usage")["credits"]
    back = partner.ask("DELETE", f"/v1/credits/inbox-preview/allocations/{account['id']}")

    assert (bought.status, bought.json["account_id"]) == (201, account["id"])
    assert (first.status, first.json) == (201, again.json)
    assert (first.json["kind"], first.json["amount"], first.json["account_change"]) == ("used", 0, -5)
    assert left == [{"kind": "inbox_preview", "left": 20}]
    assert (back.status, back.json["kind"], back.json["amount"]) == (200, "take_back", 20)
    api.stream()
    told = [each["type"] for each in partner.all("/v1/events") if each["type"].startswith("inbox_preview.")]
    assert sorted(told) == [f"inbox_preview.{what}" for what in ("allocated", "purchased", "taken_back", "used")]


def test_a_report_counts_once_however_exactly_it_says_when(api: Api, partner: Partner) -> None:
    account = partner.create()
    partner.post(
        "/v1/credits/inbox-preview/purchases",
        {"billing_profile_id": partner.card(), "quantity": 25, "account_id": account["id"]},
    )
    first, again = (used(api, account, at="2026-01-01T10:00:00.123456+01:00") for _ in range(2))

    assert (first.status, again.status) == (201, 201)
    assert first.json == again.json
    other = used(api, account, at="2026-01-01T10:00:00Z")
    assert other.code == "report_id_reused"
    assert "said 5 at 2026-01-01T09:00:00Z." in other.json["detail"]


def test_more_than_is_left_is_refused_saying_what_is(api: Api, partner: Partner) -> None:
    told = used(api, partner.create())

    assert (told.status, told.code, told.json["credits_left"]) == (409, "not_enough_credits", 0)


@pytest.mark.parametrize("report_id", ["", "a" * 101, "a b", "é"])
def test_a_report_needs_a_plain_id(api: Api, partner: Partner, report_id: str) -> None:
    assert "report_id" in used(api, partner.create(plan=SANDBOX), report_id=report_id).faults


def test_an_operator_grants_prepaid_money(api: Api) -> None:
    headquarters = api.partner(program="franchise")
    path = f"/v1/operator/partners/{headquarters.id}/credits/prepaid/grants"

    told = api.ask("POST", path, {"amount": 12_300}, key=OPERATOR)

    assert (told.status, told.json["kind"], told.json["balance_after"]) == (201, "grant", 12_300)
    assert headquarters.get("/v1/credits")["prepaid"]["balance"] == 12_300
    assert api.ask("POST", path, {"amount": 0}, key=OPERATOR).status == 422
    assert api.ask("POST", path.replace(headquarters.id, "prt_x"), {"amount": 1}, key=OPERATOR).status == 404


def test_the_saving_is_not_summed_beyond_the_accounts_of_one_read(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner.create()
    partner.create(plan=SANDBOX)
    for most, expected in ((2, 1225), (1, None)):
        monkeypatch.setattr(partners, "MOST_SUMMED", most)
        discount = partner.get("/v1/partner")["discount"]
        assert discount["next_tier_saves_per_month"] == expected
        assert discount["next_tier_saves_percent"] == "25"
