"""Disputes over HTTP: what operators list, what the partner sees of its own, and what it can't have refunded."""

from tests.functional.conftest import OPERATOR, Api, Partner

LOST, WON = "pm_card_createDisputeLost", "pm_card_createDispute"


def with_disputes(partner: Partner, *cards: str) -> list[str]:
    """The invoices of accounts whose cards lead to disputes, which are open."""
    found = []
    for card in cards:
        account = partner.create(billing_profile_id=partner.card(card))
        found.append(partner.get(f"/v1/invoices?account_id={account['id']}")["data"][0]["id"])
    partner.api.run_schedules()
    return found


def test_a_dispute_from_its_opening_to_its_loss(partner: Partner) -> None:
    (invoice_id,) = with_disputes(partner, LOST)
    path = f"/v1/operator/partners/{partner.id}/invoices/{invoice_id}/refunds"

    dispute = partner.get(f"/v1/invoices/{invoice_id}")["dispute"]
    refused = partner.ask("POST", path, {"amount": 100}, key=OPERATOR)

    assert (dispute["status"], dispute["amount"], dispute["reason"]) == ("open", 4_900, "fraudulent")
    assert dispute["evidence_due_at"] > dispute["opened_at"]
    assert (dispute["closed_at"], dispute["taken_back"]) == (None, 0)
    assert (refused.status, refused.code) == (409, "payment_disputed")

    partner.api.forward(days=8)
    partner.api.run_schedules()

    invoice = partner.get(f"/v1/invoices/{invoice_id}")
    assert (invoice["dispute"]["status"], invoice["dispute"]["taken_back"]) == ("lost", 4_900)
    assert (invoice["status"], invoice["refunded"], invoice["credit_notes"]) == ("paid", 4_900, [])
    entry = partner.get("/v1/credits/prepaid/transactions")["data"][0]
    assert (entry["kind"], entry["amount"], entry["to_card"]) == ("dispute_lost", 0, 4_900)
    assert (entry["dispute_id"], entry["invoice_id"]) == (dispute["id"], invoice_id)
    partner.api.stream()
    events = [event for event in partner.all("/v1/events") if event["type"].startswith("dispute.")]
    assert {event["type"] for event in events} == {"dispute.opened", "dispute.lost"}
    assert {event["data"]["invoice_id"] for event in events} == {invoice_id}


def test_operators_list_all_newest_first_and_partners_see_only_their_own(api: Api, partner: Partner) -> None:
    (first,) = with_disputes(partner, LOST)
    other = api.partner()
    api.forward(hours=1)
    second, third = with_disputes(other, WON, LOST)

    listed = other.ask("GET", "/v1/operator/disputes?limit=2", key=OPERATOR).json
    rest = other.ask("GET", f"/v1/operator/disputes?limit=2&cursor={listed['next_cursor']}", key=OPERATOR).json

    assert {each["invoice_id"] for each in listed["data"]} == {second, third}
    assert [(each["invoice_id"], each["payer_id"]) for each in rest["data"]] == [(first, partner.id)]
    assert rest["next_cursor"] is None
    assert partner.ask("GET", "/v1/operator/disputes").code == "insufficient_scope"
    assert other.ask("GET", f"/v1/invoices/{first}").code == "not_found"
    assert [each["type"] for each in other.all("/v1/events") if each["data"].get("invoice_id") == first] == []


def test_a_purchase_names_its_open_dispute(partner: Partner) -> None:
    bought = partner.buy(5_000, card=partner.card(LOST))
    partner.api.run_schedules()
    path = f"/v1/operator/partners/{partner.id}/credits/prepaid/purchases/{bought['id']}/refunds"

    entry = partner.get("/v1/credits/prepaid/transactions")["data"][0]

    assert entry["dispute_id"].startswith("disp_")
    assert partner.ask("POST", path, {}, key=OPERATOR).code == "payment_disputed"

    partner.api.forward(days=8)
    partner.api.run_schedules()

    assert partner.get("/v1/credits")["prepaid"]["balance"] == 0
    (lost, before) = partner.get("/v1/credits/prepaid/transactions")["data"]
    assert (lost["kind"], lost["amount"], lost["purchase_id"]) == ("dispute_lost", -5_000, bought["id"])
    assert (before["refunded"], before["dispute_id"]) == (5_000, None)
