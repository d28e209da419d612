"""Pages about money: cards, what is overdue, invoices, prepaid money, credits, the Single Bill."""

import re
from typing import Any

from chalicelib.domain.people.roles import Role
from tests.functional.clients.browser import Browser
from tests.functional.conftest import Api, Partner
from tests.functional.portal.conftest import Page, Visitor, signed_in
from tests.functional.transfers.test_transfers import answered, link, wanted

ADDRESS = {
    "address.line1": "1 Main St",
    "address.city": "Chicago",
    "address.postal_code": "60601",
    "address.country": "US",
}


def opened(visitor: Visitor, path: str) -> Page:
    page = visitor.get(path)
    assert page.status == 200, page.text
    return page


def led(page: Page) -> str:
    """Where a form led, with what it says has succeeded."""
    assert page.status == 303, page.text
    return page.headers["Location"].replace("../", "")


def balance(partner: Partner) -> Any:
    return partner.get("/v1/credits")["prepaid"]["balance"]


def test_a_card_from_the_form_to_its_removal(api: Api) -> None:
    partner = api.partner()
    owner = signed_in(partner.id)
    assert "There is no card on file" in opened(owner, "billing").text

    refused = owner.post("billing/cards", {"name": "", "payment_method": "pm_card_visa", "address.city": "Chicago"})
    form = {"name": "Company <i>card</i>", "payment_method": "pm_card_visa", "default": "on", "once": "1"} | ADDRESS
    added = [owner.post("billing/cards", form) for _ in range(2)]  # a double click
    (card,) = partner.get("/v1/billing-profiles")["data"]
    path = f"billing/cards/{card['id']}"

    assert refused.status == 422
    assert all(f"{label}: is required" in refused.text for label in ("Name", "Street and number", "Postal code"))
    assert {led(page) for page in added} == {"billing?done=card_added"}
    assert "Company &lt;i&gt;card&lt;/i&gt;" in opened(owner, "billing").html
    assert (card["default"], card["address"]["city"]) == (True, "Chicago")
    assert led(owner.post(path, {"name": "Card", "tax_id": "DE1"})) == "billing?done=card_changed"
    changed = partner.get(f"/v1/billing-profiles/{card['id']}")
    assert (changed["name"], changed["tax_id"], changed["address"]) == ("Card", "DE1", None)
    assert owner.post(f"{path}/replace", {"payment_method": "pm_nothing"}).status == 422
    assert "Replace the card" in opened(owner, f"{path}/replace").text
    assert led(owner.post(f"{path}/default")) == "billing?done=default_changed"
    partner.create(billing_profile_id=card["id"])
    in_use = owner.post(f"{path}/remove")
    assert (in_use.status, "pays for" in in_use.text) == (409, True)
    assert signed_in(api.partner().id).get(path).status == 404


def test_what_is_overdue_is_put_right_with_another_card(api: Api) -> None:
    partner = api.partner()
    account = partner.create(billing_profile_id=partner.card("pm_card_declinedOnRenewal"))
    api.forward(days=32)
    api.run_schedules()
    owner, reader = signed_in(partner.id), signed_in(partner.id, Role.READ_ONLY)
    retry = f"billing/overdue/{account['id']}/retry"

    page = opened(owner, "billing")
    assert account["name"] in page.text
    assert "Try again now" in page.text
    assert "Try again now" not in opened(reader, "billing").text
    (invoice_path,) = set(re.findall(r"billing/invoices/inv_\w+", page.html))
    of_account = opened(owner, f"accounts/{account['id']}")
    assert re.search(rf'<a href="[./]*{invoice_path}">Invoice 000002</a>', of_account.html)
    assert re.search(r"The payment of [0-9.]+ USD was declined: Invoice 000002 \. Give", of_account.text)
    invoice = opened(owner, invoice_path)
    assert ("Open" in invoice.text, "Declined" in invoice.text, "Try again now" in invoice.text) == (True, True, True)
    at_once = owner.post(f"accounts/{account['id']}/retry-payment")
    assert (at_once.status, account["name"] in at_once.text, 'role="alert"' in at_once.html) == (429, True, True)
    again = owner.post(retry)
    assert (again.status, "Try again in" in again.text, 'role="alert"' in again.html) == (429, True, True)
    replace = re.findall(r"billing/cards/bp_\w+/replace", page.html)[0]
    assert led(owner.post(replace, {"payment_method": "pm_card_visa"})) == "billing?done=card_replaced"
    api.forward(minutes=2)
    assert led(owner.post(retry)) == "billing?done=retried"
    assert account["name"] not in opened(owner, "billing").text
    assert signed_in(api.partner().id).post(retry).status == 404


def test_invoices_are_found_by_account_and_their_lines_explained(api: Api) -> None:
    partner = api.partner()
    card = partner.card()
    first = partner.create(name="blue-door", billing_profile_id=card)
    partner.create(name="blue-hill", billing_profile_id=card, client={"name": "A <b>", "email": "a@b.example"})
    owner = signed_in(partner.id)

    everything = opened(owner, "billing/invoices")
    one = owner.part("billing/invoices?q=blue-door", "list")
    several = owner.part("billing/invoices?q=blue&status=paid", "list")
    (path,) = set(re.findall(r"billing/invoices/inv_\w+", one.html.replace("/pdf", "")))
    invoice = opened(owner, path)

    assert ("blue-door" in everything.text, "A &lt;b&gt;" in everything.html) == (True, True)
    assert ("blue-door" in one.text, "blue-hill" in one.text, "<html" in one.html) == (True, False, False)
    assert one.headers["HX-Push-Url"] == f"/portal/billing/invoices?q=blue-door&account_id={first['id']}"
    assert ("Which account?" in several.text, "blue-hill" in several.text) == (True, True)
    assert "No matching invoices" in opened(owner, "billing/invoices?q=nobody").text
    assert "List price per cycle:" in invoice.text
    german = opened(signed_in(partner.id, language="de"), path)
    assert "Listenpreis je Zeitraum:" in german.text
    csv = opened(owner, "billing/invoices.csv?q=blue-hill")
    assert (csv.headers["Content-Disposition"], len(csv.html.splitlines())) == (
        'attachment; filename="invoices.csv"',
        2,
    )
    assert "There are no credit notes" in opened(owner, "billing/credit-notes").text
    assert opened(owner, "billing/credit-notes.csv").html.startswith("id,")
    other = signed_in(api.partner().id)
    assert (other.get(path).status, other.get(f"{path}/pdf").status) == (404, 404)
    assert other.get(f"billing/invoices?account_id={first['id']}").status == 404
    assert owner.get("billing/invoices?from=2026-02-30").status == 422


def test_an_account_that_moved_away_is_found_by_its_name(api: Api) -> None:
    partner, receiver = api.partner(), api.partner()
    account = partner.create(name="gone-away")
    wish = wanted(account, relationship="managed", billing_profile_id=receiver.card())
    transfer = receiver.post("/v1/transfers", wish).json
    browser = Browser(api)
    agree, _ = browser.open(link(api)).forms
    browser.send(agree)
    assert answered(api, transfer["id"], "approve").status == 200

    page = opened(signed_in(partner.id), "billing/invoices?q=gone-away")

    assert re.search(r"billing/invoices/inv_\w+", page.html)
    assert "No matching invoices" in opened(signed_in(api.partner().id), "billing/invoices?q=gone-away").text


def test_the_runway_buys_exactly_what_is_missing_once(api: Api) -> None:
    partner = api.partner()
    assert "Nothing is charged" in opened(signed_in(partner.id), "credits").text
    card = partner.card()
    partner.create(billing_profile_id=card)
    partner.create(billing_profile_id=card)
    owner = signed_in(partner.id)

    page = opened(owner, "credits")
    link = re.findall(r'href="(credits/buy\?amount=[^"]+)"', page.html)[0].replace("&amp;", "&")
    confirm = opened(owner, link)
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', confirm.html.partition('action="../credits/buy"')[2]))
    assert '<svg class="chart' not in page.html  # there is nothing to see of no money
    assert f"Buy {fields['amount']}\u00a0USD" in confirm.html
    assert [led(owner.post("credits/buy", fields)) for _ in range(2)] == ["credits?done=bought"] * 2
    bought = int(fields["amount"].replace(",", "").replace(".", ""))

    assert balance(partner) == bought
    after = opened(owner, "credits?done=bought")
    assert "Lasts for everything" in after.text
    assert len(re.findall('<svg class="chart', after.html)) == 2
    assert "The prepaid money is bought." in after.text
    assert "Bought" in opened(owner, "credits/journal").text
    assert "Reicht für alles" in opened(signed_in(partner.id, language="de"), "credits").text
    refused = owner.post("credits/buy", {"amount": "1,50", "billing_profile_id": card})
    assert (refused.status, 'id="f-amount-fault"' in refused.html) == (422, True)
    unknown = owner.post("credits/buy", {"amount": "20", "billing_profile_id": card, "account": "<b>no</b>"})
    assert (unknown.status, "<b>no" in unknown.html, "one of your accounts" in unknown.text) == (422, False, True)


def test_money_is_set_aside_and_taken_back_and_topped_up(api: Api) -> None:
    partner = api.partner()
    card = partner.card()
    account = partner.create(name="blue-door", billing_profile_id=card)
    partner.buy(50_000, card=card)
    owner, other = signed_in(partner.id), signed_in(api.partner().id)
    back = f"credits/set-asides/{account['id']}/take-back"

    assert led(owner.post("credits/set-asides", {"account": "Blue-Door", "amount": "200"})).endswith("done=set_aside")
    assert "200.00\u00a0USD" in opened(owner, "credits/set-asides").html
    assert owner.post("credits/set-asides", {"account": "blue-door", "amount": "999"}).status == 409
    faulty = owner.post("credits/set-asides", {"account": "nobody", "amount": "x"})
    assert ('id="f-amount-fault"' in faulty.html, 'id="f-account-fault"' in faulty.html) == (True, True)
    assert other.post("credits/set-asides", {"account": "blue-door", "amount": "1"}).status == 422
    assert "blue-door" in opened(owner, "credits/account-names?account=blue").html
    assert "blue-door" not in opened(other, "credits/account-names?account=blue-door").html
    assert led(owner.post(back)).endswith("done=taken_back")
    assert (owner.post(back).status, other.post(back).status) == (409, 404)
    journal = opened(owner, "credits/journal")
    assert ("Set aside" in journal.text, "Taken back" in journal.text, "blue-door" in journal.text) == (True,) * 3
    wish = {"below": "100", "amount": "50", "billing_profile_id": card}
    assert led(owner.post("credits/top-up", wish)).endswith("top_up_on")
    assert "Visa •••• 4242" in opened(owner, "credits/top-up").text
    assert owner.post("credits/top-up", wish | {"amount": "1"}).status == 422
    assert led(owner.post("credits/top-up/off")).endswith("top_up_off")
    assert "Turn on" in opened(owner, "credits/top-up").text


def test_credits_are_bought_in_packs_given_and_taken_back(api: Api) -> None:
    partner = api.partner()
    card = partner.card()
    partner.create(name="blue-door", billing_profile_id=card)
    owner = signed_in(partner.id)
    path = "credits/inbox-preview"

    quantity = re.findall(r"buy\?quantity=(\d+)", opened(owner, path).html)[0]
    assert "Buy" in opened(owner, f"{path}/buy?quantity={quantity}").text
    assert owner.get(f"{path}/buy?quantity=3").status == 422
    wish = {"quantity": quantity, "billing_profile_id": card, "once": "1"}
    assert [led(owner.post(f"{path}/buy", wish)) for _ in range(2)] == [f"{path}?done=bought"] * 2
    assert led(owner.post(f"{path}/allocations", {"account": "blue-door", "quantity": "3"})).endswith("allocated")
    assert owner.post(f"{path}/allocations", {"account": "blue-door", "quantity": "9999999"}).status == 409
    assert owner.post(f"{path}/allocations", {"account": "blue-door", "quantity": "x"}).status == 422
    assert led(owner.post(f"{path}/take-back", {"from_account": "blue-door"})).endswith("taken_back")
    page = opened(owner, path)
    assert all(word in page.text for word in ("Bought", "Given to an account", "Taken back", "Invoice"))
    no_sms = owner.post("credits/sms/allocations", {"account": "blue-door", "quantity": "1"})
    assert (no_sms.status, "no SMS add-on" in no_sms.text) == (409, True)


def test_a_franchise_sees_no_prices(api: Api) -> None:
    partner = api.partner(program="franchise")
    owner = signed_in(partner.id)

    assert owner.get("credits").headers["Location"] == "credits/sms"
    sms = opened(owner, "credits/sms").text
    assert ("granted" in sms, "It needs the SMS add-on." in sms, "Single Bill" in sms) == (True, True, False)
    assert "granted" in opened(owner, "credits/buy").text
    assert opened(owner, "billing").status == 200
    assert "no Single Bill" in opened(owner, "billing/single-bill").text
    assert owner.get("billing/bills/bill_1").status == 409


def test_a_single_bill_from_its_setup_to_a_closed_bill(api: Api) -> None:
    partner = api.partner(program="solutions")
    card = partner.card()
    owner = signed_in(partner.id)
    page = "billing/single-bill"

    assert "Set up a Single Bill" in opened(owner, page).text
    assert led(owner.post(page, {"bill_day": "15", "billing_profile_id": card})) == f"{page}?done=arranged"
    assert owner.post(page, {"bill_day": "32", "billing_profile_id": card}).status == 422
    plan = {"pricing_version": "S1", "product": "email", "tier": "standard", "contacts": 1000}
    account = partner.create(name="blue-door", plan=plan | {"billing_frequency": "monthly"}, billing_profile_id=card)
    assert led(owner.post(f"{page}/accounts", {"account": "blue-door"})) == f"{page}?done=joined"
    assert "blue-door" in opened(owner, page).text
    for _ in range(3):
        api.forward(days=16)
        api.run_schedules()
    bills = re.findall(r"billing/bills/bill_\w+", opened(owner, page).html)
    assert len(set(bills)) >= 2  # one is open
    for path in set(bills):
        assert "Total" in opened(owner, path).text
        assert signed_in(api.partner(program="solutions").id).get(path).status in {404, 409}
    take_off = f"{page}/accounts/{account['id']}/take-off"
    assert signed_in(api.partner(program="solutions").id).post(take_off).status == 404
    assert led(owner.post(take_off)) == f"{page}?done=left"
