"""The vendor's pages, as operators meet them in their browsers."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.api import clock
from chalicelib.domain.audit.runs import AuditRun, KeptFinding
from chalicelib.domain.disputes import Dispute, DisputeStatus
from chalicelib.domain.money import Money
from chalicelib.domain.people.roles import VENDOR, Role
from chalicelib.models import audit_runs as run_rows
from chalicelib.models.billing import disputes as dispute_rows
from chalicelib.models.transactions import commit
from chalicelib.services.partners import api_keys, partners
from chalicelib.services.people import teams
from chalicelib.services.schedule import parked
from tests.functional.conftest import TRIAL, Api
from tests.functional.earnings.test_payouts import earning
from tests.functional.portal.conftest import signed_in

MARKUP = "<b>Bright</b>"
CONFIRM = {"step": "confirm"}
NEW = {"name": MARKUP, "program": "agency", "email": "a@bright.example", "country": "US", "time_zone": "UTC"}
LISTS = ("partners", "programs", "transfers", "payout-runs", "earnings", "disputes", "parked", "audit", "keys")


def test_a_partner_is_taken_in_and_its_first_owner_invited(api: Api) -> None:
    operator = signed_in(VENDOR, Role.OPERATOR)
    form = operator.get("vendor/partners/new")
    wrong = operator.post("vendor/partners", NEW | {"time_zone": "Nowhere", "once": "p1"})

    made = operator.post("vendor/partners", NEW | {"once": "p2"})
    again = operator.post("vendor/partners", NEW | {"once": "p2"})

    assert (form.status, wrong.status, made.status, again.status) == (200, 422, 200, 200)
    key = re.findall(r"<code>(sk_[\w-]+)</code>", made.html)[0]
    assert (key in again.html, MARKUP in made.html, MARKUP in made.text) == (False, False, True)
    partner_id = re.findall(r"vendor/partners/(prt_\w+)/owner", made.html)[0]
    wrong = operator.post(f"vendor/partners/{partner_id}/owner", {"email": "nobody"})
    invited = operator.post(f"vendor/partners/{partner_id}/owner", {"email": "ann@bright.example"})
    assert (wrong.status, invited.status) == (422, 303)
    assert [each.email for each in teams.people_of(partner_id, now=clock.now()).invitations] == ["ann@bright.example"]


def test_an_operator_gives_money_adjusts_suspends_and_resumes(api: Api) -> None:
    operator, observer = signed_in(VENDOR, Role.OPERATOR), signed_in(VENDOR, Role.OBSERVER)
    path = f"vendor/partners/{api.partner().id}"

    grant = {"amount": "1,234.50", "reason": MARKUP, "once": "g"}
    asked = operator.post(f"{path}/prepaid", grant)
    assert ("Balance after it 1,234.50 USD" in asked.text, "Grant 1,234.50 USD" in asked.text) == (True, True)
    assert (MARKUP in asked.text, MARKUP in asked.html) == (True, False)
    assert 'value="1,234.50"' in operator.post(f"{path}/prepaid", grant | {"step": "change"}).html
    assert "No entries" in operator.get(f"{path}/credits").text
    assert [operator.post(f"{path}/prepaid", grant | CONFIRM).status for _ in range(2)] == [303, 303]
    other = operator.post(f"{path}/prepaid", grant | {"reason": "Another one"} | CONFIRM)
    assert (other.status, "This form was sent before" in other.text, 'value="g"' in other.html) == (422, True, False)
    assert [operator.post(f"{path}/prepaid", grant | {"amount": "1,50"} | step).status for step in ({}, CONFIRM)] == [
        422,
        422,
    ]
    assert operator.post(f"{path}/prepaid", {"amount": "5"} | CONFIRM).status == 422  # nobody gives without a reason
    given = operator.get(f"{path}/credits")
    assert (MARKUP in given.text, MARKUP in given.html) == (True, False)
    adjust = {"amount": "20", "reason": MARKUP, "direction": "less", "once": "a"}
    assert "It is taken back from the partner 20.00 USD" in operator.post(f"{path}/earnings", adjust).text
    assert operator.post(f"{path}/earnings", adjust | CONFIRM).status == 303
    assert operator.post(f"{path}/suspend").status == 303

    page = operator.get(path)
    assert ("1,234.50 USD" in page.text, "−20.00" in page.text, "Suspended since" in page.text) == (True, True, True)
    assert operator.post(f"{path}/resume").status == 303
    looked = observer.get(path)
    assert (looked.status, "Suspend this partner" in looked.text) == (200, False)
    assert observer.post(f"{path}/suspend").status == 403


def test_every_list_opens_empty_and_unknown_ids_are_not_found(api: Api) -> None:
    api.partner().sign_up()
    operator, observer = signed_in(VENDOR, Role.OPERATOR, language="de"), signed_in(VENDOR, Role.OBSERVER)
    for name in LISTS:
        assert operator.get(f"vendor/{name}").status == 200, name
        assert observer.get(f"vendor/{name}").status == 200, name
    for partner_id in set(re.findall(r"vendor/partners/(prt_\w+)", operator.get("vendor/partners").html)):
        assert operator.get(f"vendor/partners/{partner_id}").status == 200, partner_id  # houses too
    for path in (
        "partners/prt_1",
        "programs/none",
        "transfers/xfer_1",
        "payout-runs/prun_1",
        "payouts/pay_1",
        "audit/x",
    ):
        assert operator.get(f"vendor/{path}").status == 404, path
    for program in ("agency", "franchise", "solutions"):
        page = operator.get(f"vendor/programs/{program}")
        assert (page.status, len(page.html) < 100_000) == (200, True), program


def test_an_account_moves_when_an_operator_has_seen_what_it_comes_to(api: Api) -> None:
    operator, partner = signed_in(VENDOR, Role.OPERATOR), api.partner()
    ids = []
    for name in ("acme", "amber"):
        account = partner.create(name=name)
        wish = {"direction": "out", "account_id": account["id"], "client_email": "owner@acme.example"}
        ids.append(partner.post("/v1/transfers", wish).json["id"])
    moving, staying = (f"vendor/transfers/{each}" for each in ids)

    shown = operator.get(moving)
    assert ("The client" in shown.text, "Move acme now" in shown.text) == (True, True)
    assert "Move acme now" not in signed_in(VENDOR, Role.OBSERVER).get(moving).text
    assert operator.post(moving + "/approve").status == 303
    assert operator.post(moving + "/approve").status in {303, 409}
    assert operator.post(staying + "/reject").status == 422
    assert operator.post(staying + "/reject", {"reason": MARKUP}).status == 303

    assert "Moved" in operator.get(moving).text
    rejected = operator.get(staying)
    assert (MARKUP in rejected.text, MARKUP in rejected.html) == (True, False)
    assert "Waits for you" in operator.get("vendor/transfers?status=waiting_for_operator").text


def test_a_run_is_started_and_a_held_payout_marked_as_paid(api: Api) -> None:
    partner = earning(api, 6_000, address=None)
    operator = signed_in(VENDOR, Role.OPERATOR)
    assert "No partner gets two payouts" in operator.post("vendor/payout-runs", {"program": "solutions"}).text
    started = operator.post("vendor/payout-runs", {"program": "solutions"} | CONFIRM)
    for _ in range(2):
        api.run_schedules()

    address = started.headers["Location"].partition("?")[0].removeprefix("../")
    run, shown = operator.get(address), {"payouts": "0", "amount": "0"}
    assert "Held: 1, 60.00 USD" in run.text
    assert all(f'name="{name}" value="0"' in operator.post(f"{address}/confirm", {name: "9"}).html for name in shown)
    confirmed = [operator.post(f"{address}/confirm", fields | CONFIRM).status for fields in ({}, shown)]
    assert confirmed == [422, 409]  # what was shown belongs to it; this program needs no confirmation
    path = re.findall(r"vendor/payouts/pay_\w+", run.html)[0]
    assert "Mark as paid" in operator.get(path).text
    other = operator.post(f"{path}/paid", {"reference": "Wire 17", "amount": "59.99"} | CONFIRM)
    assert (other.status, "Wire 17" in other.html) == (409, True)
    unsaid = [
        operator.post(f"{path}/paid", {"reference": "Wire 17", "amount": ""} | step).status for step in ({}, CONFIRM)
    ]
    assert unsaid == [422, 422]  # it may be another one by now
    assert "60.00 USD" in operator.post(f"{path}/paid", {"reference": "Wire 17", "amount": "60"}).text
    assert operator.post(f"{path}/paid", {"reference": "Wire 17", "amount": "60"} | CONFIRM).status == 303
    assert ("Wire 17" in operator.get(path).text, "Mark as paid" in operator.get(path).text) == (True, False)
    assert operator.post(f"{path}/give-up", CONFIRM).status == 409
    assert partner.get("/v1/payouts")["data"][0]["status"] == "paid"
    assert "Paid: 1, 60.00 USD" in operator.get("vendor/payout-runs").text


def test_work_is_quoted_and_what_is_parked_goes_back(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    operator, partner = signed_in(VENDOR, Role.OPERATOR), api.partner()
    account = partner.create(plan=TRIAL)
    wish = {"account_id": account["id"], "kind": "design", "description": MARKUP, "margin_percent": "37"}
    path = f"vendor/services/{partner.post('/v1/service-requests', wish).json['id']}"
    listed = operator.get(f"vendor/partners/{partner.id}/services")
    assert path in listed.html

    assert operator.post(path, {"status": "quoted"}).status == 422
    assert operator.post(path, {"status": "quoted", "price": "400.03", "note": MARKUP}).status == 303

    page = operator.get(path)
    assert ("400.03 USD" in page.text, "37" in page.text, MARKUP in page.html) == (True, False, False)

    stuck = parked.Parked(account["id"], partner.id, clock.now(), "LookupError")
    monkeypatch.setattr(parked, "list_parked", lambda: [stuck])
    sent_back: list[object] = []
    monkeypatch.setattr(parked, "unpark", sent_back.append)
    assert "LookupError" in operator.get("vendor/parked").text
    operator.post("vendor/parked/unpark", {"id": account["id"]})
    operator.post("vendor/parked/unpark")
    assert sent_back == [[account["id"]], None]


def test_an_invoice_is_refunded_in_part_and_then_the_rest(api: Api) -> None:
    operator, partner = signed_in(VENDOR, Role.OPERATOR), api.partner()
    partner.create()
    path = re.findall(
        r"vendor/partners/prt_\w+/invoices/[^\"]+", operator.get(f"vendor/partners/{partner.id}/invoices").html
    )[0]

    assert operator.post(f"{path}/refunds", {"amount": "1000000", "once": "r1"}).status == 422
    assert operator.post(f"{path}/refunds", {"once": "r1"} | CONFIRM).status == 422  # empty doesn't mean all
    asked = operator.post(f"{path}/refunds", {"amount": "1", "once": "r2"})
    assert "To the card 1.00 USD Prepaid money again 0.00 USD" in asked.text
    assert "Refunded 1.00" not in operator.get(path).text
    for _ in range(2):
        assert operator.post(f"{path}/refunds", {"amount": "1", "once": "r2"} | CONFIRM).status == 303
    page = operator.get(path)
    assert "Refunded 1.00 USD" in page.text
    left = re.findall(r'name="amount"[^>]*value="([^"]+)"', page.html)[0]
    assert operator.post(f"{path}/refunds", {"amount": left, "once": "r3"} | CONFIRM).status == 303
    assert "See what happens" not in operator.get(path).text
    assert operator.get(path.replace(partner.id, api.partner().id)).status == 404


def test_a_contract_is_agreed_on_and_ended_once_that_is_confirmed(api: Api) -> None:
    operator = signed_in(VENDOR, Role.OPERATOR)
    path = f"vendor/partners/{api.partner(program='franchise').id}"
    wanted = {"price": "12,000", "starts_on": "2100-01-01"}

    asked = operator.post(f"{path}/contract", wanted)
    assert ("12,000.00 USD First day 1 Jan 2100" in asked.text, "Stays as it is" in asked.text) == (True, True)
    assert "No contract" in operator.get(path).text
    assert operator.post(f"{path}/contract", wanted | CONFIRM).status == 303
    assert "Price of a year 12,000.00 USD" in operator.post(f"{path}/contract/end").text
    assert operator.post(f"{path}/contract/end", CONFIRM).status == 303
    assert "No contract" in operator.get(path).text


def test_the_audit_says_that_the_books_are_right_or_what_differs(api: Api) -> None:
    observer, now = signed_in(VENDOR, Role.OBSERVER), clock.now()
    right = AuditRun(began=now - timedelta(days=1), at=now, payers=3, compared={"invoices": 12_345}, finished=True)
    run_rows.put_finished([right])
    first = observer.get("vendor/audit").text
    assert ("The books are right" in first, "12,345" in first, "No audit yet" in first) == (True, True, False)

    wrong = right.with_payer({}, 51, 1, at=now)
    wrong = replace(wrong, began=now)
    found = [KeptFinding("prt_1", "invoice_lines", f"inv_{number}", MARKUP) for number in range(51)]
    run_rows.put_sheet(wrong.id, 0, found[:50], until=now)
    run_rows.put_sheet(
        wrong.id, 1, [found[50], KeptFinding("acct_1", "alarm_missing", "acct_1", "x", False)], until=now
    )
    run_rows.put_finished([wrong, right])

    page = observer.get("vendor/audit")
    second = observer.get(re.findall(r"vendor/audit/\w+\?sheet=1", page.html)[0])
    assert ("differ in 51 places" in page.text, MARKUP in page.text, MARKUP in page.html) == (True, True, False)
    assert ("vendor/partners/prt_1/invoices/inv_49" in page.html, len(page.html) < 100_000) == (True, True)
    assert "The books are right" in observer.get(f"vendor/audit/{right.id}").text
    assert ("inv_50" in second.text, "<code>python -m infra.rewrite</code>" in second.html) == (True, True)
    assert "Kept changing" in second.text
    assert "inv_" not in observer.get(f"vendor/audit/{wrong.id}?sheet=9").text


def test_what_a_client_paid_is_refunded_and_a_message_sent(api: Api) -> None:
    operator, partner = signed_in(VENDOR, Role.OPERATOR), api.partner()
    partner.sign_up(client={"name": MARKUP, "email": "owner@own.example"})

    listed = operator.get(f"vendor/partners/{partner.id}/accounts")
    path = re.findall(r"vendor/accounts/acct_\w+", listed.html)[0]
    page = operator.get(path)
    invoice = re.findall(rf"{path}/invoices/inv_\w+", page.html)[0]
    assert ("The client" in listed.text, MARKUP in page.text, MARKUP in page.html) == (True, True, False)
    assert "Refunded" not in operator.get(invoice).text
    assert "To the card 1.00 USD" in operator.post(f"{invoice}/refunds", {"amount": "1.00", "once": "r"}).text
    assert operator.post(f"{invoice}/refunds", {"amount": "1.00", "once": "r"} | CONFIRM).status == 303
    assert "1.00 USD" in operator.get(invoice).text
    other = operator.get(f"vendor/accounts/{partner.create()['id']}/invoices/{invoice.rpartition('/')[2]}")
    assert other.status == 404

    message = {"kind": "abuse", "subject": MARKUP, "text": "Please stop.\n\nNow.", "once": "m"}
    assert operator.post(f"{path}/messages", message | {"subject": ""}).status == 422
    assert [operator.post(f"{path}/messages", message).status for _ in range(2)] == [303, 303]
    assert signed_in(VENDOR, Role.OBSERVER).post(f"{path}/messages", message).status == 403


def test_a_purchase_is_refunded_and_credits_are_granted(api: Api) -> None:
    operator, partner = signed_in(VENDOR, Role.OPERATOR), api.partner()
    partner.buy(50_000)
    path = f"vendor/partners/{partner.id}/credits"

    purchase = re.findall(rf"{path}/txn_\w+", operator.get(path).html)[0]
    assert operator.post(f"{purchase}/refunds", {"amount": "600"}).status == 422
    assert "To the card 200.00 USD" in operator.post(f"{purchase}/refunds", {"amount": "200", "once": "r"}).text
    assert operator.post(f"{purchase}/refunds", {"amount": "200", "once": "r"} | CONFIRM).status == 303
    assert "200.00 USD" in operator.get(purchase).text
    assert operator.get(purchase.replace(partner.id, api.partner().id)).status == 404
    assert operator.post(path, {"kind": "prepaid", "quantity": "7"}).status == 422
    grant = {"kind": "inbox_preview", "quantity": "12345", "reason": "A gift", "once": "g"}
    assert "Balance after it 12,345" in operator.post(path, grant).text
    assert [operator.post(path, grant | CONFIRM).status for _ in range(2)] == [303, 303]
    assert operator.post(path, grant | {"reason": "Another gift"} | CONFIRM).status == 422
    page = operator.get(path)
    assert ("12,345" in page.text, "200.00 USD refunded" in page.text) == (True, True)


def test_an_operator_key_is_made_once_for_90_days_and_revoked(api: Api) -> None:
    operator, observer = signed_in(VENDOR, Role.OPERATOR), signed_in(VENDOR, Role.OBSERVER)
    made, again = (operator.post("vendor/keys", {"name": MARKUP, "once": "k"}) for _ in range(2))
    (key,) = re.findall(r"<code>(sk_[\w-]+)</code>", made.html)

    listed = observer.get("vendor/keys")
    assert (again.status, "sk_" in again.html, "shown before" in again.text) == (200, False, True)
    assert (MARKUP in listed.text, MARKUP in listed.html, key in listed.html) == (True, False, False)
    assert api.ask("GET", "/v1/operator/partners", key=key).status == 200
    families, _ = api_keys.list_keys(partner_id=None, limit=50, start=None)
    family = next(each for each in families if each.key.name == MARKUP)
    ends = family.key.expires_at
    assert ends is not None
    assert (ends - family.key.created_at).days in {89, 90}
    revoke = re.findall(rf"vendor/keys/{family.key.id}/revoke", operator.get("vendor/keys").html)[0]
    assert "/revoke" not in listed.html
    assert (observer.post(revoke).status, operator.post(revoke).status) == (403, 303)
    assert api.ask("GET", "/v1/operator/partners", key=key).status in {401, 403}


def test_a_dispute_leads_to_its_payer_account_and_invoice_by_name(api: Api) -> None:
    partner = api.partner()
    account = partner.create(name="blue-door", billing_profile_id=partner.card())
    [invoice] = partner.get("/v1/invoices")["data"]
    opened = Dispute(
        id="disp_1",
        payer=partner.id,
        charge_id=invoice["id"],
        processor="sandbox",
        reference="du_1",
        status=DisputeStatus.OPEN,
        amount=Money(6_400, "USD"),
        reason="fraudulent",
        opened_at=clock.now(),
        account_id=account["id"],
        revision=1,
    )
    commit([dispute_rows.put(opened, now=clock.now(), actor="operator", events=())])
    operator = signed_in(VENDOR, Role.OPERATOR)

    page = operator.get("vendor/disputes")

    name = partners.get_partner(partner_id=partner.id).name
    links = dict(re.findall(r'href="\.\./(vendor/\w+/[^"]+)">([^<]+)</a>', page.html))
    assert (links[f"vendor/partners/{partner.id}"], links[f"vendor/accounts/{account['id']}"]) == (name, "blue-door")
    paid = f"vendor/partners/{partner.id}/invoices/{invoice['id']}"
    assert (links[paid], operator.get(paid).status) == ("Not made by the cardholder", 200)
