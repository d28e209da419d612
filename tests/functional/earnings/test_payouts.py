"""A partner reads its payouts, and operators run them (docs/rules.md §10)."""

from typing import Any

from chalicelib.gateways.sandbox_payouts import SentBatchRow
from tests.functional.conftest import OPERATOR, Api, Partner
from tests.functional.earnings.test_earnings import decide

PATHS = "/v1/operator/payout-runs"


def earning(api: Api, *amounts: int, address: str | None = "money@bright.example", **about: Any) -> Partner:
    """A partner that has earned this, with a PayPal address that is old enough."""
    partner = api.partner(program="solutions", **about)
    for amount in amounts:
        decide(partner, f"partners/{partner.id}/earnings", {"amount": amount, "reason": "For May."}, expect=201)
    if address is not None:
        assert partner.ask("PUT", "/v1/earnings/settings", {"paypal_email": address}).status == 200
    api.forward(hours=73)
    return partner


def run_today(api: Api, partner: Partner) -> Any:
    """The run that an operator starts, and what the worker makes of it."""
    run = decide(partner, "payout-runs", {"program": "solutions"}, expect=201)
    for _ in range(2):
        api.run_schedules()
    api.stream()
    return run


def test_a_partner_is_paid_and_reads_what_and_why(api: Api) -> None:
    partner = earning(api, 6_000, -500)
    other = earning(api, 4_000)
    summary = partner.get("/v1/earnings/summary")
    assert (summary["payable"], summary["next_payout_on"][-3:]) == (5_500, "-15")

    run = run_today(api, partner)

    (payout,) = partner.get("/v1/payouts")["data"]
    assert partner.get(f"/v1/payouts/{payout['id']}") == payout
    assert (payout["status"], payout["amount"], payout["currency"]) == ("paid", 5_500, "USD")
    assert (payout["recipient"], payout["lines"], payout["reason"]) == ("money@bright.example", 2, None)
    assert partner.get("/v1/earnings/summary")["paid_out"] == 5_500
    lines = partner.get("/v1/earnings?status=settled")["data"]
    assert (lines[0]["kind"], lines[0]["amount"]) == ("payout", -5_500)
    assert {line["payout_id"] for line in lines} == {payout["id"]}
    events = [event["type"] for event in partner.get("/v1/events")["data"] if event["type"].startswith("payout.")]
    assert events == ["payout.paid", "payout.sent", "payout.scheduled"]

    (held,) = other.get("/v1/payouts?status=held")["data"]
    assert (held["amount"], held["advice"]) == (4_000, "wait")
    assert held["reason"] == "It is less than the smallest payout. It is added to the next one."
    assert other.ask("GET", f"/v1/payouts/{payout['id']}").status == 404
    (event,) = other.get("/v1/events?type=payout.held")["data"]
    assert event["data"]["reason"] == held["reason"]

    (listed,) = partner.ask("GET", PATHS, key=OPERATOR).json["data"]
    assert (listed["id"], listed["payouts"], listed["amount"], listed["by_hand"]) == (run["id"], 2, 5_500, True)
    assert {each["status"]: each["payouts"] for each in listed["by_status"]} == {"paid": 1, "held": 1}
    everybody = partner.ask("GET", f"/v1/operator/payouts?run_id={run['id']}", key=OPERATOR).json["data"]
    assert {each["partner_id"] for each in everybody} == {partner.id, other.id}
    (one,) = partner.ask("GET", f"/v1/operator/payouts?partner_id={partner.id}", key=OPERATOR).json["data"]
    assert (one["asks"], one["items"][0]["amount"], one["is_undecided"]) == (1, 5_500, False)


def test_operators_start_a_run_once_and_mark_what_was_paid_by_other_means(api: Api) -> None:
    partner = earning(api, 6_000, address=None)
    run_today(api, partner)
    (payout,) = partner.get("/v1/payouts")["data"]
    assert (payout["status"], payout["cause"], payout["advice"]) == ("held", "no_address", "fix")
    path = f"payouts/{payout['id']}/mark-paid"
    assert decide(partner, path, {"reference": ""}, expect=422)["code"] == "invalid_request"
    assert decide(partner, "payouts/pay_1/mark-paid", {"reference": "x"}, expect=404)["code"] == "not_found"

    assert decide(partner, path, {"reference": "Wire 17", "amount": 1}, expect=409)["code"] == "cannot_be_marked_paid"

    for _ in range(2):
        marked = decide(partner, path, {"reference": "Wire 17", "amount": 6_000})
        assert (marked["status"], marked["paid_reference"], marked["lines"]) == ("paid", "Wire 17", 1)
    assert decide(partner, path, {"reference": "Wire 18"}, expect=409)["code"] == "cannot_be_marked_paid"
    assert decide(partner, f"payouts/{payout['id']}/give-up", expect=409)["code"] == "outcome_not_open"

    run = run_today(api, partner)
    assert len(partner.get("/v1/payouts")["data"]) == 1
    assert SentBatchRow.count() == 0
    assert decide(partner, f"payout-runs/{run['id']}/confirm", expect=409)["code"] == "nothing_to_confirm"
    assert decide(partner, "payout-runs/prun_1/confirm", expect=404)["code"] == "not_found"
    assert decide(partner, "payout-runs", {"program": "franchise"}, expect=409)["code"] == "pays_nothing_out"
    assert decide(partner, "payout-runs", {"program": "none"}, expect=422)["errors"][0]["field"] == "program"


def test_where_paypal_pays_nobody_its_webhook_is_not_there(api: Api) -> None:
    assert api.ask("POST", "/public/paypal/webhooks", {}, key=None).status == 404
