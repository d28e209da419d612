"""Add-ons put on and taken off over HTTP."""

from typing import Any

import pytest

from tests.functional.conftest import PLUS, TRIAL, Partner


def ask(partner: Partner, account: Any, method: str, add_on: str = "sms", body: Any = None) -> Any:
    return partner.ask(method, f"/v1/accounts/{account['id']}/add-ons/{add_on}", body)


@pytest.fixture
def account(partner: Partner) -> Any:
    return partner.create()


def test_put_on_and_taken_off(partner: Partner, account: Any) -> None:
    previewed = ask(partner, account, "PUT", "sms?preview=true")
    assert (previewed.status, previewed.json["effective"]) == (200, "now")
    assert partner.get(f"/v1/accounts/{account['id']}")["plan"]["add_ons"] == []

    on = ask(partner, account, "PUT", body={"expect_due_today": previewed.json["due_today"]})

    assert (on.status, on.json["plan"]["add_ons"]) == (200, ["sms"])
    invoice = partner.get(f"/v1/accounts/{account['id']}/invoices")["data"][0]
    assert (invoice["total"], invoice["lines"]) == (previewed.json["due_today"], previewed.json["lines"])
    later = ask(partner, account, "DELETE", "sms?preview=true").json
    assert (later["effective"], later["due_today"], later["price_per_cycle"]) == ("renewal", 0, 4900)
    off = ask(partner, account, "DELETE")
    assert (off.status, off.json["plan"]["add_ons"]) == (200, ["sms"])
    assert off.json["pending_change"]["plan"]["add_ons"] == []
    kept = ask(partner, account, "PUT")
    assert (kept.status, kept.json["pending_change"]) == (200, None)
    assert len(partner.get(f"/v1/accounts/{account['id']}/invoices")["data"]) == 2


def test_what_is_not_possible(partner: Partner, account: Any) -> None:
    nowhere = ask(partner, account, "PUT", "fax")
    assert (nowhere.status, nowhere.code) == (404, "not_found")
    assert "offered: sms" in nowhere.json["detail"]
    assert (ask(partner, account, "DELETE").status, ask(partner, account, "DELETE").code) == (404, "not_found")
    starter = partner.create(plan=PLUS | {"tier": "starter"})
    assert ask(partner, starter, "PUT").faults == {"add_on": "'sms' is not offered with starter; none is offered"}
    trial = ask(partner, partner.create(plan=TRIAL), "PUT")
    assert (trial.status, trial.json["action"]) == (409, "change_plan")
    wrong = ask(partner, account, "PUT", body={"expect_due_today": 1})
    assert (wrong.status, wrong.code) == (409, "quote_changed")
    assert wrong.json["quote"] == ask(partner, account, "PUT", "sms?preview=true").json
    poor = partner.create(billing_profile_id=partner.card("pm_card_declinedOnRenewal"))
    assert ask(partner, poor, "PUT").status == 402
