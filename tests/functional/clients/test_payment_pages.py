"""The card and the overdue payment on the pages of an account, and where Stripe's script may run (docs/rules.md §9)."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.config import settings
from chalicelib.domain.clients.rate_limits import CARD_SETUPS_BY_ADDRESS, CLIENTS_CARD
from chalicelib.gateways.choice import payment_gateway
from tests.functional.clients.browser import Browser, Form, Page
from tests.functional.clients.test_pages import at, log_in
from tests.functional.conftest import PASSWORD, TRIAL, Api, Partner
from tests.world import TRIAL as WORLDS_TRIAL
from tests.world import World

STRIPE = re.compile(r"stripe\.com")


@pytest.fixture
def world(api: Api) -> World:
    world = World(program="agency")
    api.at(world.now + timedelta(minutes=1))
    return world


@pytest.fixture
def browser(api: Api) -> Browser:
    return Browser(api)


@pytest.fixture
def charged_by_stripe(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pages as they are where Stripe charges cards. Nothing goes to Stripe here: the gateway is chosen before."""
    payment_gateway()
    monkeypatch.setenv("PAYMENT_PROCESSOR", "stripe")
    monkeypatch.setenv("STRIPE_PUBLISHABLE_KEY", "pk_test_51Public")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def signed_up(world: World, *payment_method: str | None, **wanted: Any) -> dict[str, Any]:
    account = world.sign_up(*payment_method, password=PASSWORD, **wanted)
    return {"id": account.id, "name": account.name, "credentials": {"password": PASSWORD}}


def card_form(browser: Browser, account: Any) -> Form:
    (form,) = browser.open(at(account, "card")).forms
    return form


def named(page: Page, path: str) -> Form:
    """The form of a page that goes to this path."""
    return next(form for form in page.forms if form.to.endswith(path))


def past_due(api: Api, world: World) -> dict[str, Any]:
    """An account whose renewal was declined."""
    account = signed_up(world, "pm_card_declinedOnRenewal")
    world.advance(days=32)
    api.at(world.now)
    return account


class TestTheCard:
    def test_a_client_without_one_enters_one_and_later_another(self, browser: Browser, world: World) -> None:
        account = signed_up(world, None, plan=WORLDS_TRIAL)
        log_in(browser, account)
        page = browser.open(at(account, "settings"))
        assert at(account, "card") in page.links()
        assert "Enter a card" in page.seen

        saved = browser.send(card_form(browser, account), payment_method="pm_card_visa")

        assert (saved.status, "Your card is saved." in saved.seen) == (200, True)
        assert "Visa •••• 4242" in saved.seen
        assert "Replace the card" in saved.seen
        replaced = browser.send(card_form(browser, account), payment_method="pm_card_declinedOnRenewal")
        assert "Mastercard •••• 0341" in replaced.seen

    def test_it_is_in_the_language_of_the_account(self, browser: Browser, world: World) -> None:
        account = signed_up(world, language="de")
        log_in(browser, account)

        page = browser.open(at(account, "card"))

        assert (page.language, "Karte ersetzen" in page.seen) == ("de", True)
        assert "Visa •••• 4242, zahlt immer" in page.seen

    @pytest.mark.parametrize("card", ["pm_of_somebody_else", "", "x" * 300], ids=["unknown", "none", "too long"])
    def test_an_unknown_card_is_refused_and_the_old_one_stays(self, browser: Browser, world: World, card: str) -> None:
        account = signed_up(world)
        log_in(browser, account)

        page = browser.send(card_form(browser, account), payment_method=card)

        assert (page.status, "This card can't be used" in page.seen) == (422, True)
        assert "Visa •••• 4242" in browser.open(at(account, "settings")).seen

    def test_stolen_cards_are_not_tried_here_by_the_dozen(self, browser: Browser, world: World) -> None:
        account = signed_up(world)
        log_in(browser, account)
        form = card_form(browser, account)
        for _ in range(CLIENTS_CARD.tries):
            browser.send(form, payment_method="pm_of_somebody_else")

        page = browser.send(form, payment_method="pm_card_visa")

        assert (page.status, "Try again in 60 minutes" in page.seen) == (429, True)

    def test_a_form_from_elsewhere_changes_no_card(self, browser: Browser, world: World) -> None:
        account = signed_up(world)
        log_in(browser, account)

        page = browser.send(card_form(browser, account), site="cross-site", payment_method="pm_card_chargeDeclined")

        assert page.status == 403
        assert "•••• 4242" in browser.open(at(account, "settings")).seen

    def test_without_a_session_it_asks_for_the_log_in(self, browser: Browser, world: World) -> None:
        account = signed_up(world)

        assert browser.open(at(account, "card")).status == 401
        for path in ("card", "retry-payment"):
            assert browser.post(at(account, path), b"payment_method=pm_card_visa").status == 401

    def test_where_the_partner_pays_there_is_none(self, browser: Browser, partner: Partner) -> None:
        account = partner.create(plan=TRIAL)
        log_in(browser, account)

        page = browser.open(at(account, "card"))

        assert page.status == 403
        assert "Enter a card" not in page.seen


class TestWhatIsOverdue:
    def test_it_is_shown_with_a_retry_and_another_card_pays_it(self, api: Api, browser: Browser, world: World) -> None:
        account = past_due(api, world)
        log_in(browser, account)

        page = browser.open(at(account, "settings"))
        assert "$49.00 is overdue." in page.seen
        assert "Payment A payment is overdue" in page.seen
        declined = browser.send(named(page, "/retry-payment"))
        assert (declined.status, "The card was declined again" in declined.seen) == (402, True)
        assert "$49.00 is overdue." in declined.seen

        saved = browser.send(card_form(browser, account), payment_method="pm_card_visa")
        assert "The overdue amount will be charged to it within minutes" in saved.seen
        again = browser.send(named(saved, "/retry-payment"))
        assert (again.status, "Try it again in" in again.seen) == (429, True)

        api.forward(minutes=1)
        paid = browser.send(named(saved, "/retry-payment"))
        assert (paid.status, "The payment went through" in paid.seen) == (200, True)
        assert "overdue" not in paid.seen
        assert not [form for form in paid.forms if form.to.endswith("/retry-payment")]
        late = browser.send(named(saved, "/retry-payment"))
        assert (late.status, "nothing to pay" in late.seen) == (409, True)

    def test_without_a_card_there_is_nothing_to_retry_with(self, api: Api, browser: Browser, world: World) -> None:
        account = past_due(api, world)
        log_in(browser, account)

        page = browser.send(named(browser.open(at(account, "settings")), "/retry-payment"), site="cross-site")

        assert (page.status, "open for too long" in page.seen) == (403, True)


class TestStripesField:
    """Where Stripe charges cards, its field is on the pages where a card is entered, and its script nowhere else."""

    @pytest.fixture(autouse=True)
    def _stripe(self, charged_by_stripe: None) -> None:
        pass

    def test_the_page_for_the_card_loads_it_and_its_policy_lets_it(self, browser: Browser, world: World) -> None:
        account = signed_up(world, None, plan=WORLDS_TRIAL)
        log_in(browser, account)

        page = browser.open(at(account, "card"))

        policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
        nonce = policy["style-src"]
        assert policy["script-src"] == f"{nonce} https://js.stripe.com https://*.js.stripe.com"
        assert policy["frame-src"] == "https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com"
        assert policy["connect-src"] == "'self' https://api.stripe.com"
        assert policy["form-action"] == "'self'"
        (place,) = [given for _, given in page.elements if given.get("id") == "card"]
        assert (place["data-key"], place["data-locale"]) == ("pk_test_51Public", "en")
        assert place["data-source"] == "https://js.stripe.com/v3/"
        assert page.forms[0].fields["payment_method"] == ""
        assert "To enter a card, allow JavaScript" in page.seen
        assert "pm_card_" not in page.text

    def test_no_other_page_does(self, api: Api, browser: Browser, partner: Partner, world: World) -> None:
        pn = partner.get("/v1/invite-link")["pn"]
        account = signed_up(world)
        log_in(browser, account)

        for path in (
            at(account),
            at(account, "settings"),
            at(account, "forgotten-password"),
            f"/public/invites/{pn}",
            f"/public/invites/{pn}/trial",
        ):
            page = browser.open(path)
            assert page.status == 200, path
            assert not STRIPE.search(page.headers["Content-Security-Policy"]), path
            assert not STRIPE.search(page.text), path

    def test_the_form_to_buy_a_plan_has_it_until_a_card_is_entered(self, browser: Browser, partner: Partner) -> None:
        path = f"/public/invites/{partner.get('/v1/invite-link')['pn']}/v3-marketing-plus"
        page = browser.open(path)
        assert STRIPE.search(page.headers["Content-Security-Policy"])
        (setups,) = [given["data-setups"] for _, given in page.elements if given.get("id") == "card"]
        assert setups == "../../card-setups"

        again = browser.send(page.forms[0], password="short", payment_method="pm_1Entered")

        assert again.status == 422
        assert again.forms[0].fields["payment_method"] == "pm_1Entered"
        assert "Your card has been entered." in again.seen
        assert not STRIPE.search(again.headers["Content-Security-Policy"])

    @pytest.mark.parametrize("key", ["", None], ids=["empty", "missing"])
    def test_without_stripes_key_for_browsers_pages_take_no_card(
        self, browser: Browser, partner: Partner, world: World, monkeypatch: pytest.MonkeyPatch, key: str | None
    ) -> None:
        if key is None:
            monkeypatch.delenv("STRIPE_PUBLISHABLE_KEY")
        else:
            monkeypatch.setenv("STRIPE_PUBLISHABLE_KEY", key)
        settings.cache_clear()
        pn = partner.get("/v1/invite-link")["pn"]
        account = signed_up(world)
        log_in(browser, account)

        page = browser.open(f"/public/invites/{pn}")
        assert page.links() == [f"/public/invites/{pn}/trial"]
        assert "from $34.00 a month" in page.seen
        assert browser.open(f"/public/invites/{pn}/v3-marketing-plus").status == 404
        card = browser.open(at(account, "card"))
        assert (card.status, "No card can be entered here" in card.seen) == (503, True)


class TestCardSetups:
    def test_anybody_may_begin_a_few(self, api: Api) -> None:
        answers = [api.ask("POST", "/public/card-setups", key=None) for _ in range(CARD_SETUPS_BY_ADDRESS.tries + 1)]

        assert [answer.status for answer in answers] == [201] * CARD_SETUPS_BY_ADDRESS.tries + [429]
        secrets = {answer.json["client_secret"] for answer in answers[:-1]}
        assert len(secrets) == CARD_SETUPS_BY_ADDRESS.tries
        assert answers[0].json["publishable_key"] is None
