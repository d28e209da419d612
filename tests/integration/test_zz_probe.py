"""Scratch probes."""
from dataclasses import replace
from datetime import timedelta, datetime, UTC
import pytest
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.plans import PlanRequest
from chalicelib.domain.ids import new_id
from chalicelib.gateways.due_queue import Due
from chalicelib.gateways import sandbox_payments
from chalicelib.models import accounts as account_rows, bills as bill_rows, ledger, wallets as wallet_rows
from chalicelib.services import bills, profiles, retries, top_ups, refunds, invoices, partners
from chalicelib.services.work import work
from tests.world import World, ACTOR, START

LITE = PlanRequest("S1", "email", "lite", 1000, Frequency.MONTHLY)
pytestmark = pytest.mark.usefixtures("aws")

def arrange(w, day=1, card=None):
    return bills.arrange(partner_id=w.partner_id, day=day, billing_profile_id=card, now=w.now, actor=ACTOR)

def test_dup():
    w = World(); a = w.create()
    work(Due(w.partner_id, (a.id, a.id), "renewals", "r"), now=w.now)

def test_deleted_profile_bill():
    w = World(program="solutions"); c = w.card(); arrange(w, 1, c)
    w.create(plan=LITE, single_bill=True, billing_profile_id=None)
    profiles.delete_profile(partner_id=w.partner_id, profile_id=c, now=w.now, actor=ACTOR)
    w.advance(days=3)
    print([ (b.status, b.card_charged) for b in bills.list_bills(partner_id=w.partner_id, limit=10, start=None)[0]])
    assert 0

def test_deleted_profile_topup():
    w = World(); c = w.card()
    top_ups.arrange(partner_id=w.partner_id, below=5000, amount=5000, billing_profile_id=c)
    profiles.delete_profile(partner_id=w.partner_id, profile_id=c, now=w.now, actor=ACTOR)
    print(top_ups.run(payer=w.partner_id, now=w.now, actor=ACTOR), w.wallet.balance)
    assert 0

def test_bill_waits_after_profile_patch():
    w = World(program="solutions"); c = w.card("pm_card_chargeDeclined"); arrange(w, 1, c)
    w.create(plan=LITE, single_bill=True, billing_profile_id=None)
    w.advance(days=15)
    p = profiles.get_profile(partner_id=w.partner_id, profile_id=c)
    profiles.update_profile(profile=p, changes={"payment_method": "pm_card_visa"}, now=w.now, actor=ACTOR)
    retries.retry_soon(partner_id=w.partner_id, profile_id=c, now=w.now, actor=ACTOR)
    w.advance(days=60)
    print([ (b.status, b.card_charged, len(b.attempts)) for b in bills.list_bills(partner_id=w.partner_id, limit=10, start=None)[0]], w.wallet.single_bill)
    assert 0

def test_arrange_closes_early():
    w = World(program="solutions", now=datetime(2026,1,5,15,tzinfo=UTC)); c = w.card(); arrange(w, 1, c)
    w.advance(to=datetime(2026,2,5,15,tzinfo=UTC))   # 1 Feb empty: stays open
    w.create(plan=LITE, single_bill=True, billing_profile_id=None)
    w.advance(to=datetime(2026,2,10,15,tzinfo=UTC))
    arrange(w, None, w.card())
    w.advance(days=1)
    print([ (b.status, b.card_charged, b.closed_at) for b in bills.list_bills(partner_id=w.partner_id, limit=10, start=None)[0]], w.wallet.single_bill)
    assert 0

def test_topup_number():
    w = World(); c = w.card("pm_card_chargeDeclined")
    top_ups.arrange(partner_id=w.partner_id, below=5000, amount=5000, billing_profile_id=c)
    for _ in range(3):
        print(top_ups.run(payer=w.partner_id, now=w.now, actor=ACTOR)); w.now += timedelta(days=1)
    top_ups.turn_off(partner_id=w.partner_id)
    top_ups.arrange(partner_id=w.partner_id, below=5000, amount=5000, billing_profile_id=w.card())
    print("new card", top_ups.run(payer=w.partner_id, now=w.now, actor=ACTOR), w.wallet.balance)
    assert 0

def test_poison_refund(monkeypatch):
    w = World(); a = w.create(); (inv,) = w.invoices()
    def boom(*a, **k): raise RuntimeError("disputed")
    monkeypatch.setattr(sandbox_payments.SandboxPayments, "refund", boom)
    with pytest.raises(RuntimeError):
        refunds.refund(refund_id=new_id("txn", at=w.now), partner_id=w.partner_id, invoice_id=inv.id, amount=None, now=w.now, actor=ACTOR)
    w.now += timedelta(minutes=3)
    with pytest.raises(RuntimeError):
        w.run_schedules()
    print(w.next_alarm()); assert 0

def test_attempts():
    w = World(); c = w.card("pm_card_declinedOnRenewal"); a = w.create(billing_profile_id=c)
    w.advance(days=29)
    acc = w.account(a.id); inv = ledger.get_invoice(w.partner_id, acc.overdue.invoice_id)
    from chalicelib.models.transactions import commit
    big = replace(inv, attempts=inv.attempts * 4400)
    put = ledger.put_invoice(big, now=w.now, actor=ACTOR, event="")
    print(len(str(put.row.serialize())))
    commit([put])
    acc = w.account(a.id)
    with pytest.raises(Exception) as e:
        for i in range(200): 
            try: retries.retry_payment(partner_id=w.partner_id, account_id=a.id, now=w.now, actor=ACTOR)
            except retries.CardDeclined: pass
    print(repr(e.value)[:500]); assert 0

def test_tz():
    for tz in ("Factory", "localtime", "posixrules", "posix/Europe/Paris"):
        try: 
            World(time_zone=tz); print(tz, "ok")
        except Exception as e: print(tz, repr(e))
    assert 0

def test_dup_keys_on_wire(monkeypatch):
    import boto3
    from pynamodb.connection import Connection
    w = World(); a = w.create()
    seen = []
    orig = Connection.dispatch
    def spy(self, op, kw, *r, **k):
        if op == "BatchGetItem": seen.append(kw)
        return orig(self, op, kw, *r, **k)
    monkeypatch.setattr(Connection, "dispatch", spy)
    account_rows.get_with_alarms([a.id, a.id])
    print(seen[0]["RequestItems"]); 
    try: boto3.client("dynamodb").batch_get_item(RequestItems={"sublet-accounts": {"Keys": [{"id":{"S":a.id}},{"id":{"S":a.id}}]}}); print("moto accepts")
    except Exception as e: print(e)
    assert 0

def test_invoice_filter_calls(monkeypatch):
    from pynamodb.connection import Connection
    w = World(); w.create()
    inv = w.invoices()[0]
    from chalicelib.models.transactions import commit
    from dataclasses import replace
    for n in range(2, 3001):
        commit([ledger.put_invoice(replace(inv, id=f"inv_{n:026d}", number=n, version=0, revision=0), now=w.now, actor=ACTOR, event="x")])
    n = [0]; orig = Connection.dispatch
    def spy(self, op, kw, *r, **k):
        if op == "Query": n[0] += 1
        return orig(self, op, kw, *r, **k)
    monkeypatch.setattr(Connection, "dispatch", spy)
    from chalicelib.domain.invoices import InvoiceStatus
    print(invoices.list_invoices(partner_id=w.partner_id, account_id=None, status=InvoiceStatus.OPEN, since=None, until=None, limit=50, start=None)[0], n)
    assert 0
