"""The form behind an invite link, as clients send it in a browser without JavaScript (docs/rules.md §10)."""

import re
from typing import Any

import pytest

from chalicelib.domain.clients.rate_limits import SIGN_UPS_BY_ADDRESS
from chalicelib.models.accounts import accounts as account_rows
from tests.functional.clients.browser import Browser, Form, Page
from tests.functional.conftest import PASSWORD, Api, Partner

PLAN = "v3-marketing-plus"
MONTHLY = "1000-monthly-4900"
CLIENT = {
    "client_name": "Blue Door Ltd",
    "email": "owner@blue-door.example",
    "name": "Blue-Door",
    "country": "AT",
    "time_zone": "Europe/Vienna",
    "password": PASSWORD,
}


@pytest.fixture
def browser(api: Api, partner: Partner) -> Browser:
    assert partner.ask("PATCH", "/v1/invite-link", {"pn": "brighter"}).status == 200
    return Browser(api, language="de-AT,de;q=0.9")


def form_of(browser: Browser, choice: str = PLAN) -> Form:
    (form,) = browser.open(f"/public/invites/brighter/{choice}").forms
    return form


def signed_up(page: Page) -> Any:
    """The account that was opened: the settings page that the browser may look at now names it."""
    assert page.status == 200, page.seen
    (name,) = re.findall(r"/accounts/([a-z0-9-]+)/settings", page.text)
    return name


def accounts_of(partner: Partner) -> list[Any]:
    found: list[Any] = partner.get("/v1/accounts")["data"]
    return found


class TestTrials:
    def test_a_client_begins_a_trial_and_is_logged_in(self, browser: Browser, partner: Partner) -> None:
        page = browser.send(form_of(browser, "trial"), **CLIENT)

        assert signed_up(page) == "blue-door"
        assert "Ihr Konto ist bereit" in page.seen
        assert "Benutzer admin" in page.seen
        assert "Kostenlose Testzeit" in browser.open("/public/accounts/blue-door/settings").seen
        (account,) = accounts_of(partner)
        assert (account["relationship"], account["payer"]) == ("referred", "client")
        stored = account_rows.get(account["id"])
        assert stored is not None
        assert (stored.language, stored.time_zone, stored.country) == ("de-AT", "Europe/Vienna", "AT")

    def test_no_card_is_asked_for(self, browser: Browser) -> None:
        assert "payment_method" not in form_of(browser, "trial").fields

    def test_one_email_has_one(self, browser: Browser) -> None:
        browser.send(form_of(browser, "trial"), **CLIENT)

        page = browser.send(form_of(browser, "trial"), **CLIENT | {"name": "another"})

        assert (page.status, "gab es schon eine Testzeit" in page.seen) == (409, True)


class TestPlans:
    def test_a_client_buys_a_plan_at_the_price_it_saw(self, browser: Browser, partner: Partner) -> None:
        form = form_of(browser)
        assert form.fields["size"] == "500-monthly-3400"

        page = browser.send(form, **CLIENT, size=MONTHLY)

        assert signed_up(page) == "blue-door"
        assert "Rechnungen 000001" in browser.open("/public/accounts/blue-door/settings").seen
        (account,) = accounts_of(partner)
        assert account["plan"]["contacts"] == 1000

    def test_a_declined_card_opens_nothing_and_another_card_does(self, browser: Browser, partner: Partner) -> None:
        declined = browser.send(form_of(browser), **CLIENT, size=MONTHLY, payment_method="pm_card_chargeDeclined")

        assert (declined.status, "Die Karte wurde abgelehnt" in declined.seen) == (402, True)
        assert accounts_of(partner) == []
        (again,) = declined.forms
        assert again.fields["size"] == MONTHLY
        assert again.fields["email"] == CLIENT["email"]
        assert again.fields["password"] == ""
        assert signed_up(browser.send(again, password=PASSWORD, payment_method="pm_card_visa")) == "blue-door"

    def test_a_form_that_is_sent_twice_opens_one_account_and_charges_once(
        self, browser: Browser, partner: Partner
    ) -> None:
        form = form_of(browser)

        first, second = (browser.send(form, **CLIENT, size=MONTHLY) for _ in range(2))

        assert signed_up(first) == signed_up(second) == "blue-door"
        assert len(accounts_of(partner)) == 1
        assert browser.api.logged_in("blue-door", PASSWORD).get("/client/invoices")["data"][0]["number"] == "000001"
        assert len(browser.api.logged_in("blue-door", PASSWORD).get("/client/invoices")["data"]) == 1

    def test_what_is_sent_again_after_a_change_is_another_sign_up(self, browser: Browser, partner: Partner) -> None:
        form = form_of(browser)
        browser.send(form, **CLIENT, size=MONTHLY)

        other = browser.send(form, **CLIENT | {"name": "red-door"}, size=MONTHLY)

        assert signed_up(other) == "red-door"
        assert len(accounts_of(partner)) == 2

    def test_a_price_that_has_changed_meanwhile_is_not_charged(self, browser: Browser, partner: Partner) -> None:
        page = browser.send(form_of(browser), **CLIENT, size="1000-monthly-4800")

        assert (page.status, "Der Preis hat sich geändert" in page.seen) == (409, True)
        assert page.forms[0].fields["size"] == MONTHLY, "the same size, at its price of now"
        assert accounts_of(partner) == []


class TestWhatIsWrong:
    def test_everything_is_said_at_once_in_the_readers_language(self, browser: Browser) -> None:
        wrong = {"email": "nobody", "name": "-", "country": "XX", "time_zone": "Mars/Base", "client_name": " "}

        page = browser.send(form_of(browser), **CLIENT | wrong | {"password": "short"}, size="1")

        assert page.status == 422
        for said in (
            "Der Name des Kontos hat 3 bis 63",
            "Geben Sie eine E-Mail-Adresse ein",
            "Wählen Sie ein Land",
            "Wählen Sie eine Zeitzone",
            "Geben Sie Ihren Namen oder den Ihrer Firma ein",
            "Dieses Passwort ist zu schwach",
        ):
            assert said in page.seen, said
        assert page.forms[0].fields["password"] == ""
        assert page.forms[0].fields["name"] == "-", "what was entered can be put right"
        wrong = [entry for tag, entry in page.elements if entry.get("aria-invalid")]
        assert [entry["name"] for entry in wrong] == [
            "client_name",
            "email",
            "name",
            "country",
            "time_zone",
            "password",
        ]
        assert ["autofocus" in entry for entry in wrong] == [True] + 5 * [False]
        assert {entry["aria-describedby"] for entry in wrong} <= {entry.get("id") for _, entry in page.elements}

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"password": "short"}, "zu schwach"),
            ({"password": "blue-door-blue-door"}, ""),
            ({"payment_method": "pm_card_unknown"}, "kann nicht verwendet werden"),
            ({"payment_method": ""}, "kann nicht verwendet werden"),
            ({"size": "999-monthly-1"}, "Zahl der Kontakte noch einmal"),
            ({"size": ""}, "Zahl der Kontakte noch einmal"),
            ({"name": "no"}, "3 bis 63"),
            ({"attribution": "x" * 3000}, "Zahl der Kontakte"),
        ],
        ids=lambda case: next(iter(case)) if isinstance(case, dict) else None,
    )
    def test_each_field_has_its_own_words(self, browser: Browser, wrong: dict[str, str], said: str) -> None:
        page = browser.send(form_of(browser), **CLIENT | {"size": MONTHLY} | wrong)

        assert page.status == (422 if said else 200)
        assert said in page.seen

    def test_a_taken_name_comes_with_others(self, browser: Browser) -> None:
        browser.send(form_of(browser), **CLIENT, size=MONTHLY)

        page = browser.send(form_of(browser), **CLIENT, size=MONTHLY)

        assert page.status == 409
        assert "Noch frei: blue-door-hq" in page.seen

    def test_too_many_from_one_network_wait(self, browser: Browser, partner: Partner) -> None:
        form = form_of(browser)
        for _ in range(SIGN_UPS_BY_ADDRESS.tries):
            browser.send(form, **CLIENT | {"password": "short"}, size=MONTHLY)

        page = browser.send(form, **CLIENT, size=MONTHLY)

        assert (page.status, "in 60 Minuten erneut" in page.seen) == (429, True)
        assert accounts_of(partner) == []

    def test_a_form_from_elsewhere_opens_nothing(self, browser: Browser, partner: Partner) -> None:
        page = browser.send(form_of(browser), site="cross-site", **CLIENT, size=MONTHLY)

        assert (page.status, "zu lange offen" in page.seen) == (403, True)
        assert accounts_of(partner) == []

    def test_a_form_of_one_choice_does_not_buy_another(self, browser: Browser) -> None:
        trial = form_of(browser, "trial")
        plan = Form(f"/public/invites/brighter/{PLAN}", trial.fields)

        assert browser.send(plan, **CLIENT, size=MONTHLY).status == 403

    @pytest.mark.parametrize("path", ["brighter/v3-marketing-gold", "brighter/sandbox", "nobody/trial"])
    def test_what_is_not_on_offer_leads_to_nobody(self, browser: Browser, path: str) -> None:
        page = browser.open(f"/public/invites/{path}")

        assert (page.status, "ist ungültig" in page.seen) == (404, True)
        assert browser.post(f"/public/invites/{path}", b"form=x").status == 404

    def test_what_was_entered_cannot_become_part_of_the_page(self, browser: Browser) -> None:
        hostile = '"><script>alert(1)</script>'
        sent = dict.fromkeys((*CLIENT, "size", "request", "attribution", "payment_method"), hostile)

        page = browser.send(form_of(browser), **sent)

        assert "<script>alert" not in page.text


class TestWhoIsCredited:
    def test_the_partner_of_the_first_visit_comes_before_the_one_in_the_address(
        self, browser: Browser, api: Api, partner: Partner
    ) -> None:
        first = api.partner(name="First Agency", email="books@first.example")
        pn = first.get("/v1/invite-link")["pn"]
        token = api.ask("POST", "/public/visits", {"pn": pn}, key=None).json["attribution"]

        browser.send(form_of(browser), **CLIENT, size=MONTHLY, attribution=token)

        assert (len(accounts_of(first)), accounts_of(partner)) == (1, [])

    def test_the_script_fills_in_what_it_kept_in_this_program(self, browser: Browser) -> None:
        page = browser.open("/public/invites/brighter/trial")

        assert 'src="../../pn.js" data-program="agency">' in page.text
        assert "data-sign-up" in page.text
        assert page.forms[0].fields["attribution"] == ""
