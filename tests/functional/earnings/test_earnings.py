"""A partner reads what it earns, and operators decide about it (docs/rules.md §10)."""

from typing import Any

from chalicelib.gateways import sandbox_mail
from tests.functional.conftest import OPERATOR, Api, Partner
from tests.functional.events.test_messages import mail_notices
from tests.functional.referrals.test_sign_ups import sign_up, wanted

LITE = {
    "pricing_version": "S1",
    "product": "email",
    "tier": "lite",
    "contacts": 1000,
    "billing_frequency": "monthly",
}


def referred(api: Api, partner: Partner, *, name: str = "acme", email: str = "owner@acme.example") -> dict[str, Any]:
    """An account that a client has bought through the partner's link; what it brings is posted."""
    pn = partner.get("/v1/invite-link")["pn"]
    body = wanted(name, email=email, plan=LITE, program="solutions", pn=pn, payment_method="pm_card_visa")
    answer = sign_up(api, body)
    assert answer.status == 201, answer.text
    post(api)
    account: dict[str, Any] = answer.json["account"]
    return account


def post(api: Api) -> None:
    api.stream()
    api.run_schedules()
    api.stream()


def decide(partner: Partner, path: str, body: Any = None, *, expect: int = 200) -> Any:
    answer = partner.ask("POST", f"/v1/operator/{path}", body, key=OPERATOR)
    assert answer.status == expect, answer.text
    return answer.json


def test_a_partner_reads_its_lines_its_totals_and_what_an_account_has_earned(api: Api) -> None:
    partner = api.partner(program="solutions", email="books@bright.example")
    account = referred(api, partner)

    bonus, commission = partner.get("/v1/earnings")["data"]
    assert (commission["kind"], commission["title"], commission["status"]) == ("commission", "Commission", "pending")
    assert commission["amount"] == round(commission["base"] * 0.2)
    assert (commission["percent"], commission["balance_after"]) == ("20", commission["amount"])
    assert (bonus["amount"], bonus["balance_after"]) == (5000, commission["amount"] + 5000)
    summary = partner.get("/v1/earnings/summary")
    assert summary["balance"] == summary["pending"] == bonus["balance_after"]
    assert (summary["payable"], summary["held"], summary["accounts_earning"]) == (0, 0, 1)
    earned = {"amount": summary["balance"], "currency": "USD"}
    assert partner.get(f"/v1/accounts/{account['id']}")["earned"] == earned
    assert partner.get("/v1/accounts")["data"][0]["earned"] == earned
    events = partner.get("/v1/events?type=earning.posted")["data"]
    assert {event["data"]["earning_id"] for event in events} == {bonus["id"], commission["id"]}

    api.forward(days=31)
    assert partner.get("/v1/earnings/summary")["payable"] == summary["balance"]
    assert partner.get("/v1/earnings?status=pending")["data"] == []
    assert len(partner.get(f"/v1/earnings?status=payable&account_id={account['id']}")["data"]) == 2
    assert partner.get("/v1/earnings?kind=bonus&from=2020-01-01")["data"][0]["id"] == bonus["id"]
    assert partner.get("/v1/earnings?to=2020-01-01")["data"] == []
    page = partner.get("/v1/earnings?limit=1")
    assert partner.get(f"/v1/earnings?limit=1&cursor={page['next_cursor']}")["data"][0]["id"] == commission["id"]
    as_csv = partner.ask("GET", "/v1/earnings", Accept="text/csv").text.splitlines()
    assert as_csv[0].startswith("id,at,kind,title,account_id")
    assert len(as_csv) == 3


def test_operators_release_and_refuse_what_is_held(api: Api) -> None:
    partner = api.partner(program="solutions", email="books@bright.example")
    referred(api, partner, email="someone@bright.example")
    held = partner.get("/v1/earnings?status=held")["data"]
    assert {line["held_because"] for line in held} == {
        "The client's email address is yours or on your domain. An operator will look at it."
    }
    assert partner.get("/v1/earnings/summary")["held"] == sum(line["amount"] for line in held)
    bonus, commission = held
    listed = partner.ask("GET", "/v1/operator/earnings", key=OPERATOR).json["data"]
    assert {(line["id"], line["partner_id"]) for line in listed} == {(line["id"], partner.id) for line in held}

    released = decide(partner, f"earnings/{commission['id']}/release")
    refused = decide(partner, f"earnings/{bonus['id']}/refuse")

    assert (released["status"], released["held_because"]) == ("pending", None)
    assert refused["amount"] == 5000
    summary = partner.get("/v1/earnings/summary")
    assert (summary["held"], summary["pending"], summary["balance"]) == (0, commission["amount"], commission["amount"])
    assert decide(partner, f"earnings/{bonus['id']}/release", expect=404)["code"] == "not_found"
    mail_notices(api)
    sent = [mail.subject for mail in sandbox_mail.kept()]
    assert sent.count("An earning of Bright Agency is held") == 2


def test_operators_adjust_and_suspend(api: Api) -> None:
    partner = api.partner(program="solutions", email="books@bright.example")
    path, body = f"partners/{partner.id}/earnings", {"amount": -250, "reason": "Paid twice in May."}

    line = decide(partner, path, body, expect=201)
    assert (line["amount"], line["status"], line["reason"]) == (-250, "payable", "Paid twice in May.")
    assert partner.get("/v1/earnings/summary")["balance"] == -250
    assert decide(partner, path, {"amount": 1, "reason": ""}, expect=422)["code"] == "invalid_request"

    assert decide(partner, f"partners/{partner.id}/suspend")["suspended_at"]
    account = referred(api, partner)
    assert [each["kind"] for each in partner.get("/v1/earnings")["data"]] == ["adjustment"]
    (event,) = partner.get("/v1/events?type=earning.withheld")["data"]
    assert event["data"]["account_id"] == account["id"]
    assert partner.get("/v1/partner")["suspended_at"]
    assert decide(partner, f"partners/{partner.id}/resume")["suspended_at"] is None


def test_a_changed_paypal_address_is_mailed_to_the_old_one(api: Api) -> None:
    first, second = (api.partner(program="solutions", email=f"books@{name}.example") for name in ("one", "two"))
    url = "/v1/earnings/settings"
    assert first.get(url) == {"paypal_email": None, "set_at": None, "held_because": None}

    for address in ("old@one.example", "new@one.example"):
        assert first.ask("PUT", url, {"paypal_email": address}).status == 200
    shared = second.ask("PUT", url, {"paypal_email": "NEW@one.example"}).json

    mail_notices(api)
    told = [
        mail.to for mail in sandbox_mail.kept() if mail.subject == "The PayPal address of Bright Agency has changed"
    ]
    assert sorted(told) == ["books@one.example", "books@two.example", "old@one.example"]
    assert shared["held_because"] == "Another partner has used this PayPal address. An operator will look at it."
    assert first.get(url)["held_because"] is None
    released = decide(second, f"partners/{second.id}/paypal-address/release")
    assert released["held_because"] is None
    assert decide(second, f"partners/{second.id}/paypal-address/release", expect=409)["code"] == "not_held"
    assert first.ask("PUT", url, {"paypal_email": "nonsense"}).status == 422
