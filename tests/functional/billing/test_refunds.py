"""Refunds as an operator asks for them."""

from typing import Any

from tests.functional.conftest import OPERATOR, Answer, Api, Partner


def refund(partner: Partner, what: str, body: Any = None, **headers: str) -> Answer:
    path = f"/v1/operator/partners/{partner.id}/{what}/refunds"
    return partner.ask("POST", path, body or {}, key=OPERATOR, **headers)


def test_an_invoice_says_what_was_given_back_and_the_journal_where_it_went(partner: Partner) -> None:
    partner.buy(1_900)
    partner.create()
    (invoice,) = partner.get("/v1/invoices")["data"]

    answer = refund(partner, f"invoices/{invoice['id']}", {"amount": 3_500})

    assert answer.status == 201, answer.text
    entry = answer.json["entry"]
    assert (entry["kind"], entry["amount"], entry["to_card"], entry["invoice_id"]) == (
        "refund",
        500,
        3_000,
        invoice["id"],
    )
    assert answer.json["invoice"] == partner.get(f"/v1/invoices/{invoice['id']}")
    assert (answer.json["invoice"]["refunded"], answer.json["invoice"]["status"]) == (3_500, "paid")
    assert answer.json["invoice"]["payment"]["card"] == {"brand": "visa", "last4": "4242"}


def test_prepaid_money_goes_back_to_its_card_once_for_a_key(partner: Partner) -> None:
    bought = partner.buy(5_000)
    what = f"credits/prepaid/purchases/{bought['id']}"

    answers = [refund(partner, what, {"amount": 2_000}, Idempotency_Key="one") for _ in range(2)]

    assert [answer.status for answer in answers] == [201, 201]
    assert answers[0].json == answers[1].json
    assert (answers[0].json["entry"]["amount"], answers[0].json["purchase"]["refunded"]) == (-2_000, 2_000)
    assert partner.get("/v1/credits")["prepaid"]["balance"] == 3_000
    assert refund(partner, what, {"amount": 2_001}, Idempotency_Key="one").status == 422
    assert refund(partner, what, {"amount": 3_001}).faults.keys() == {"amount"}


def test_another_partners_invoice_or_purchase_is_not_found(api: Api, partner: Partner) -> None:
    bought = partner.buy(5_000)
    partner.create(billing_profile_id=partner.card())
    (invoice,) = partner.get("/v1/invoices")["data"]
    other = api.partner()

    assert refund(other, f"invoices/{invoice['id']}").code == "not_found"
    assert refund(other, f"credits/prepaid/purchases/{bought['id']}").code == "not_found"
    path = f"/v1/operator/partners/{partner.id}/invoices/{invoice['id']}/refunds"
    assert partner.ask("POST", path, {}).status == 403
