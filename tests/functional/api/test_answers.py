"""How answers look, and how numbers, names and domains in requests may be written."""

import json

import pytest

from tests.functional.conftest import PLUS, TRIAL, Partner


def test_json_is_indented_if_asked_for_and_every_answer_ends_with_a_newline(partner: Partner) -> None:
    compact = partner.ask("GET", "/v1/partner")
    pretty = partner.ask("GET", "/v1/partner?pretty=true")
    problem = partner.ask("GET", "/v1/accounts/acct_x?pretty=true")

    assert (compact.text.count("\n"), compact.text[-1]) == (1, "\n")
    assert pretty.text == json.dumps(compact.json, ensure_ascii=False, indent=2) + "\n"
    assert problem.text.startswith('{\n  "type"')
    assert partner.ask("GET", "/v1/partner?pretty=false").text == compact.text
    assert partner.ask("GET", "/v1/partner?pretty=perhaps").faults == {"pretty": "must be true or false"}
    assert partner.ask("GET", "/v1/invoices", Accept="text/csv").text.endswith("\r\n")


def test_indenting_changes_no_cursor_tag_or_repetition(partner: Partner) -> None:
    key = {"Idempotency_Key": "once"}
    body = {"name": "Company card", "payment_method": "pm_card_visa"}
    partner.card()

    first = partner.post("/v1/billing-profiles", body, **key)
    again = partner.post("/v1/billing-profiles?pretty=true", body, **key)
    page = partner.get("/v1/billing-profiles?limit=1&pretty=true")
    rest = partner.ask("GET", f"/v1/billing-profiles?limit=1&cursor={page['next_cursor']}")
    tags = {
        partner.ask("GET", f"/v1/billing-profiles/{first.json['id']}{query}").headers["ETag"]
        for query in ("", "?pretty=true")
    }

    assert (again.json, again.headers["Idempotent-Replayed"]) == (first.json, "true")
    assert rest.status == 200
    assert len(tags) == 1


@pytest.mark.parametrize("written", ["1000", "1000.0", "1e3", "100000e-2"])
def test_a_whole_number_may_be_written_in_any_way(partner: Partner, written: str) -> None:
    raw = f'{{"billing_profile_id": "{partner.card()}", "amount": {written}}}'.encode()

    assert partner.post("/v1/credits/prepaid/purchases", raw=raw).json["amount"] == 1000


@pytest.mark.parametrize(
    ("written", "status"),
    [("1000.5", 422), ("1000.0000000000000000000001", 422), ("1e12", 422), ("1e400", 400), ("NaN", 400)],
)
def test_a_number_that_is_not_whole_or_far_too_large_is_refused(partner: Partner, written: str, status: int) -> None:
    raw = f'{{"billing_profile_id": "bp_x", "amount": {written}}}'.encode()

    assert partner.post("/v1/credits/prepaid/purchases", raw=raw).status == status


@pytest.mark.parametrize("domain", ["post.acme.xn--p1ai", "Post.Bücher.example.", "بريد.مثال.example"])
def test_a_new_account_takes_the_domains_that_an_existing_one_takes(partner: Partner, domain: str) -> None:
    created = partner.create(plan=TRIAL, custom_domain=domain)
    other = partner.create(plan=TRIAL)

    changed = partner.ask("PUT", f"/v1/accounts/{other['id']}/domain", {"domain": domain})

    assert created["custom_domain"] == changed.json["domain"]


@pytest.mark.parametrize("domain", ["127.0.0.1", "acme", "-a.example", "acme.123"])
def test_a_new_account_refuses_the_domains_that_an_existing_one_refuses(partner: Partner, domain: str) -> None:
    account = partner.create(plan=TRIAL)

    at_creation = partner.post("/v1/accounts", partner.wanted(plan=TRIAL, custom_domain=domain))
    afterwards = partner.ask("PUT", f"/v1/accounts/{account['id']}/domain", {"domain": domain})

    assert at_creation.faults["custom_domain"] == afterwards.faults["domain"]


def test_a_name_is_kept_without_what_shows_nothing(partner: Partner) -> None:
    client = {"name": "\ufeffJose\u0301\u200b", "email": "owner@example.xn--p1ai"}

    assert partner.create(plan=TRIAL, client=client)["client"] == {**client, "name": "José"}
    refused = partner.post("/v1/accounts", partner.wanted(plan=PLUS, client=client | {"name": "\u200b"}))
    assert refused.faults == {"client.name": "must have a visible character"}


@pytest.mark.parametrize(("below", "status"), [(100_000, 200), (100_001, 422), (999_999_999_999, 422)])
def test_a_top_up_buys_its_amount_a_hundred_times_at_most(partner: Partner, below: int, status: int) -> None:
    body = {"below": below, "amount": 1000, "billing_profile_id": partner.card()}

    assert partner.ask("PUT", "/v1/credits/prepaid/auto-top-up", body).status == status
