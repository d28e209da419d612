"""The pages of accounts: adding one, its plan, what is done to it."""

import re
from html import unescape

from chalicelib.domain.people.roles import Role
from tests.functional.conftest import TRIAL, Api
from tests.functional.portal.conftest import Page, signed_in


def test_an_account_shows_its_summary_to_its_partner_only(api: Api) -> None:
    partner, other = api.partner(), api.partner()
    account = partner.create(name="blue-door", plan=TRIAL, client={"name": "Blue <b>Door</b>", "email": "a@b.example"})

    page = signed_in(partner.id, Role.READ_ONLY).get(f"accounts/{account['id']}")

    assert page.status == 200
    assert "Blue &lt;b&gt;Door&lt;/b&gt;" in page.html
    assert "Trial" in page.text
    assert "Cancel this account" not in page.text  # it needs write
    assert "Cancel this account" in signed_in(partner.id).get(f"accounts/{account['id']}").text
    assert signed_in(other.id).get(f"accounts/{account['id']}").status == 404
    assert signed_in(partner.id).get("accounts/acct_none").status == 404


ACCOUNT = {
    "name": "green-hill",
    "client.name": "Green <i>Hill</i>",
    "client.email": "a@green.example",
    "notification_email": "ops@bright.example",
    "country": "US",
    "language": "en",
    "time_zone": "America/Chicago",
    "plan.pricing_version": "V3",
    "plan.product": "marketing",
    "plan.tier": "plus",
    "plan.contacts": "1000",
    "plan.billing_frequency": "monthly",
    "plan.limits.email_sends": "custom",
    "custom.email_sends": "12345",
    "plan.add_ons": ["sms"],
    "metadata": "customer: 4711",
}


def hidden(page: Page, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.html)
    assert found is not None, name
    return unescape(found[1])


def test_an_account_is_created_once_at_the_price_that_was_shown(api: Api) -> None:
    partner = api.partner()
    card = partner.card()
    visitor = signed_in(partner.id)
    form = ACCOUNT | {"billing_profile_id": card, "once": "mark"}

    update = visitor.post("accounts/new", form | {"step": "update"}, HX_Request="true", HX_Target="builder")
    assert (update.status, "<html" in update.html) == (200, False)
    assert 'id="package" hx-swap-oob="true"' in update.html
    assert "64.00 USD" in update.text
    form |= {"shown": hidden(update, "shown"), "step": "create"}
    elsewhere = visitor.post("accounts/new", form | {"expect_due_today": "1"})
    assert elsewhere.status == 409
    assert "The price has changed, and nothing was charged." in elsewhere.text
    form["expect_due_today"] = hidden(elsewhere, "expect_due_today")
    assert "client_name" not in elsewhere.text
    faulty = visitor.post("accounts/new", form | {"client.email": "no", "country": "XX"})
    assert faulty.status == 422
    assert 'id="f-client-email-fault"' in faulty.html
    assert "Green &lt;i&gt;Hill" in faulty.html
    faulty = visitor.post("accounts/new", form | {"name": "-x", "client.email": "no", "metadata": "no colon"})
    assert re.findall(r'id="f-(\S+)-fault"', faulty.html) == ["name", "client-email", "metadata"]
    other_plan = visitor.post("accounts/new", form | {"plan.tier": "professional"})
    assert (other_plan.status, "Per month" in other_plan.text) == (200, True)

    created, again = visitor.post("accounts/new", form), visitor.post("accounts/new", form)

    assert (created.status, again.status) == (201, 201)
    assert "data-leaving" in created.html
    assert "It was shown when the account was created" in again.text
    [account] = partner.get("/v1/accounts")["data"]
    assert account["plan"]["limits"]["email_sends"] == 12345
    assert account["plan"]["add_ons"] == ["sms"]
    assert account["metadata"] == {"customer": "4711"}
    password = re.search(r'data-copy="([^"]+)" data-copied="Copied" aria-label="Copy the password"', created.html)
    assert password is not None
    assert api.logged_in("green-hill", unescape(password[1]))
    taken = visitor.post("accounts/new", form | {"once": "another"})
    assert (taken.status, 'id="f-name-fault"' in taken.html) == (409, True)
    assert "green-hill belongs to another account" in visitor.get("accounts/new/name?name=green-hill").text
    assert 'value="12345"' in visitor.get("accounts/new").html  # the last choices


def test_a_plan_is_changed_at_the_price_that_was_shown_and_add_ons_too(api: Api) -> None:
    partner = api.partner()
    account = partner.create(name="acme", billing_profile_id=partner.card())
    visitor, place = signed_in(partner.id), f"accounts/{account['id']}"
    form = {name: value for name, value in ACCOUNT.items() if name.startswith("plan.") and name != "plan.add_ons"}
    form |= {"plan.tier": "professional", "plan.limits.email_sends": ""}

    assert "Choose something else" in visitor.get(f"{place}/plan").text
    preview = visitor.post(f"{place}/plan", form | {"step": "confirm"})
    assert preview.status == 200  # it was not shown before
    assert "takes effect at once" in preview.text
    shown = {name: hidden(preview, name) for name in ("shown", "expect_due_today", "effective")}
    changed = visitor.post(f"{place}/plan", form | shown | {"step": "confirm"})
    assert (changed.status, changed.headers["Location"]) == (303, f"../../{place}?done=plan_changed")

    smaller = form | {"plan.tier": "starter"}
    shown = {"shown": hidden(visitor.post(f"{place}/plan", smaller), "shown")}
    assert visitor.post(f"{place}/plan", smaller | shown | {"step": "confirm"}).status == 303
    assert "Changes to Starter" in visitor.get(place).text
    assert visitor.post(f"{place}/pending-change/withdraw").status == 303

    add_on = visitor.get(f"{place}/add-ons/sms")
    due = hidden(add_on, "expect_due_today")
    assert visitor.post(f"{place}/add-ons/sms", {"on": "true", "expect_due_today": due}).status == 303
    assert "Remove SMS" in visitor.get(f"{place}/add-ons/sms").text
    assert visitor.post(f"{place}/add-ons/sms", {"on": "false"}).status == 303
    assert "On until the renewal" in visitor.get(f"{place}/plan").text
    assert visitor.get(f"{place}/add-ons/none").status == 404
    read = partner.get(f"/v1/accounts/{account['id']}")
    assert (read["plan"]["tier"], read["plan"]["add_ons"]) == ("professional", ["sms"])


def test_an_account_is_disabled_canceled_and_renewed_with_its_consequences_shown_first(api: Api) -> None:
    partner = api.partner()
    account = partner.create(name="acme", billing_profile_id=partner.card())
    visitor, place = signed_in(partner.id), f"accounts/{account['id']}"

    assert visitor.post(f"{place}/disable", {"message": "Closed <b>"}).status == 303
    assert "Closed &lt;b&gt;" in visitor.get(place).html
    assert visitor.post(f"{place}/enable").status == 303
    page = visitor.get(f"{place}/cancel")
    assert "can be used until" in page.text
    later = visitor.post(f"{place}/cancel", {"effective_date": "2099-01-01", "shown": ""})
    assert (later.status, "renews as usual until 1 Jan 2099" in later.text) == (200, True)
    assert "Must not be in the past." in visitor.post(f"{place}/cancel", {"effective_date": "2001-01-01"}).text
    done = visitor.post(f"{place}/cancel", {"effective_date": "", "shown": "", "reason": "not_used"})
    assert done.headers["Location"] == f"../../{place}?done=canceled"
    assert "Canceled. It can be used until" in visitor.get(place).text
    assert "Nothing is charged" in visitor.get(f"{place}/renew").text
    assert visitor.post(f"{place}/renew", {"step": "confirm", "once": "a"}).status == 303
    assert partner.get(f"/v1/accounts/{account['id']}")["status"] == "active"
    assert visitor.post(f"{place}/renew", {"step": "confirm", "once": "b"}).status == 409
    assert visitor.get(f"{place}/request").status == 200
    assert visitor.post(f"{place}/request").status == 409
