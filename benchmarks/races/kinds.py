"""The races, one for every kind of charge."""

import uuid
from collections import Counter
from typing import Any

from benchmarks.partners import Partner, make_partner
from benchmarks.races.field import Field, Found, Race

PLUS = {
    "pricing_version": "V3",
    "product": "marketing",
    "tier": "plus",
    "contacts": 1000,
    "billing_frequency": "monthly",
}
BIGGER = {**PLUS, "contacts": 10_000}
STANDARD = {**PLUS, "pricing_version": "S1", "product": "email", "tier": "standard"}


def race_all(field: Field) -> list[Race]:
    """Every kind of charge, and moves; first by requests, then by schedules."""
    for begin in (first_periods, upgrades, packs, purchases, refunds, moves, renewals, top_ups, single_bill):
        begin(field)
    field.work()
    field.count()
    return field.races


def first_periods(field: Field) -> None:
    partner = make_partner(field.stack)
    bodies = [field.account_body(PLUS, partner.card()) for _ in range(field.subjects)]
    race = _race(field, "first period", [partner], field.subjects, lambda: _invoices(partner))
    field.at_once(
        race,
        [lambda body=body: partner.ask("POST", "/v1/accounts", body, idempotency_key=body["name"]) for body in bodies],
    )


def upgrades(field: Field) -> None:
    partner = make_partner(field.stack)
    ids = field.accounts(partner, field.subjects, [partner.card(), partner.card("pm_card_timeout")], PLUS)
    race = _race(field, "upgrade", [partner], len(ids), lambda: _invoices(partner, beyond=1))
    field.at_once(race, [lambda id=id: partner.ask("PUT", f"/v1/accounts/{id}/plan", {"plan": BIGGER}) for id in ids])


def packs(field: Field) -> None:
    partner = make_partner(field.stack)
    body = {"billing_profile_id": partner.card("pm_card_timeout"), "quantity": 500}
    _buy(field, "credit pack", partner, "sms", body)


def purchases(field: Field) -> None:
    partner = make_partner(field.stack)
    body = {"billing_profile_id": partner.card("pm_card_timeout"), "amount": 5_000}
    _buy(field, "prepaid purchase", partner, "prepaid", body)


def refunds(field: Field) -> None:
    """Eight times under one key and eight under another: the invoice is refunded once."""
    partner = make_partner(field.stack)
    operator = Partner(field.stack.base_url, field.stack.operator_key)
    partner.post("/v1/credits/prepaid/purchases", {"billing_profile_id": partner.card(), "amount": 7_000})
    field.accounts(partner, field.subjects, [partner.card()], PLUS)
    paths = [
        f"/v1/operator/partners/{partner.id}/invoices/{each['id']}/refunds" for each in partner.all("/v1/invoices")
    ]

    def given_back() -> Counter[str]:
        return Counter(each["id"] for each in partner.all("/v1/invoices") if each["refunded"] == each["total"])

    race = _race(field, "refund", [partner], len(paths), given_back)
    field.at_once(
        race,
        [
            lambda path=path, key=key: operator.ask("POST", path, {}, idempotency_key=f"{path[-60:]}-{key}")
            for path in paths
            for key in "ab"
        ],
    )


def moves(field: Field) -> None:
    """Removals, each approved many times: the account leaves for the house once, and counts for its partner no more."""
    partner = make_partner(field.stack)
    operator = Partner(field.stack.base_url, field.stack.operator_key)
    ids = field.accounts(partner, field.subjects, [partner.card()], PLUS)
    asked = [{"direction": "out", "account_id": id, "client_email": "owner@acme.example"} for id in ids]
    paths = [f"/v1/operator/transfers/{partner.post('/v1/transfers', body)['id']}/approve" for body in asked]

    def left() -> Counter[str]:
        counted = partner.get("/v1/partner")["discount"]["active_paid_accounts"]
        moved = [each for each in partner.all("/v1/transfers") if each["status"] == "completed"]
        return Counter(str(each["account_id"]) for each in moved[: field.subjects - counted])

    race = _race(field, "removal approved", [partner], len(ids), left)
    field.at_once(race, [lambda path=path: operator.ask("POST", path) for path in paths])


def renewals(field: Field) -> None:
    """Paid by prepaid money, by both, and by cards of which some decline and some answer late."""
    for name, share, cards in (
        ("renewal, prepaid", 2.0, ["pm_card_visa"]),
        ("renewal, mixed", 0.5, ["pm_card_visa", "pm_card_timeout"]),
        ("renewal, card", 0.0, ["pm_card_visa", "pm_card_timeout", "pm_card_declinedOnRenewal"]),
    ):
        partner = make_partner(field.stack)
        ids = [
            id
            for n in range(field.subjects)
            for id in field.accounts(partner, 1, [partner.card(cards[n % len(cards)])], PLUS)
        ]
        if share:
            amount = int(4_900 * share * len(ids))
            partner.post("/v1/credits/prepaid/purchases", {"billing_profile_id": partner.card(), "amount": amount})
        race = _race(field, name, [partner], len(ids), lambda partner=partner: _invoices(partner, beyond=1))
        field.falls_due(race, partner, ids)


def top_ups(field: Field) -> None:
    partners = [make_partner(field.stack) for _ in range(max(field.subjects // 4, 2))]
    for partner in partners:
        body = {"enabled": True, "below": 25_000, "amount": 10_000, "billing_profile_id": partner.card()}
        partner.ask("PUT", "/v1/credits/prepaid/auto-top-up", body).raise_for_status()

    def topped_up() -> Counter[str]:
        return Counter(p.id for p in partners for _ in p.all("/v1/credits/prepaid/transactions"))

    race = _race(field, "automatic top-up", partners, len(partners), topped_up)
    for partner in partners:
        field.falls_due(race, partner, [partner.id])


def single_bill(field: Field) -> None:
    """A bill is closed while renewals are added to it."""
    partner = make_partner(field.stack, program="solutions")
    arranged = {"bill_day": 15, "billing_profile_id": partner.card()}
    bill = partner.ask("PATCH", "/v1/single-bill", arranged).json()["bill_id"]
    ids = field.accounts(partner, field.subjects, [], STANDARD, single_bill=True)
    closing = _race(
        field, "Single Bill closed", [partner], 1, lambda: Counter(b["id"] for b in partner.all("/v1/bills"))
    )
    onto = _race(field, "renewal onto the bill", [], len(ids), lambda: _invoices(partner, beyond=1))
    field.falls_due(onto, partner, [*ids, *[bill] * 8])
    closing.tried = 8 * 4


def _race(field: Field, name: str, partners: list[Partner], expected: int, found: Found) -> Race:
    race = Race(name, partners, expected, found)
    field.races.append(race)
    return race


def _buy(field: Field, name: str, partner: Partner, kind: str, body: dict[str, Any]) -> None:
    path = f"/v1/credits/{kind}"

    def bought() -> Counter[str]:
        return Counter(each["id"] for each in partner.all(f"{path}/transactions"))

    race = _race(field, name, [partner], field.subjects, bought)
    keys = [str(uuid.uuid4()) for _ in range(field.subjects)]
    field.at_once(
        race, [lambda key=key: partner.ask("POST", f"{path}/purchases", body, idempotency_key=key) for key in keys]
    )


def _invoices(partner: Partner, *, beyond: int = 0) -> Counter[str]:
    """Invoices by account, without the first few of each."""
    counted = Counter(str(each["account_id"]) for each in partner.all("/v1/invoices"))
    return +Counter({account: number - beyond for account, number in counted.items()})
