"""Plan, add-ons, cancellation and renewal on the pages of an account, without JavaScript (docs/rules.md §9)."""

from datetime import timedelta

import pytest

from chalicelib.api.pages import subscription
from tests.functional.clients.browser import Browser, Form, Page
from tests.functional.clients.test_pages import HOSTILE, at, log_in
from tests.functional.clients.test_payment_pages import named, past_due, signed_up
from tests.functional.conftest import TRIAL, Api, Partner
from tests.world import World

PAGES = (subscription.PLAN, subscription.CANCEL, subscription.RENEW)


@pytest.fixture
def world(api: Api) -> World:
    world = World(program="agency")
    api.at(world.now + timedelta(minutes=1))
    return world


@pytest.fixture
def browser(api: Api) -> Browser:
    return Browser(api)


def of_tier(page: Page, tier: str) -> Form:
    return next(form for form in page.forms if form.fields.get("tier") == tier)


def of_add_on(page: Page, name: str) -> Form:
    return next(form for form in page.forms if form.fields.get("add_on") == name)


class TestThePlan:
    def test_a_larger_one_is_charged_only_after_its_price_was_seen(self, browser: Browser, world: World) -> None:
        account = signed_up(world)
        log_in(browser, account)
        page = browser.open(at(account, "plan"))

        quoted = browser.send(of_tier(page, "plus"), size="2500-monthly-")

        assert (quoted.status, "Change Marketing Plus, up to 2,500 contacts" in quoted.seen) == (200, True)
        assert world.account(account["id"]).plan.contacts == 1000, "nothing is changed by looking"
        (form,) = quoted.forms
        assert int(form.fields["expected"]) > 0
        wrong = browser.send(form, expected="1")
        assert (wrong.status, "The price has changed" in wrong.seen) == (409, True)
        assert wrong.forms[0].fields["expected"] == form.fields["expected"]
        changed = browser.send(wrong.forms[0])
        assert (changed.status, "Your plan is changed." in changed.seen) == (200, True)
        assert world.account(account["id"]).plan.contacts == 2500
        assert "Your plan is changed." in browser.send(form).seen, "sent twice, it is charged once"

    def test_a_smaller_one_waits_for_the_renewal_and_says_for_which_day(self, browser: Browser, world: World) -> None:
        account = signed_up(world)
        log_in(browser, account)
        page = browser.open(at(account, "plan"))

        quoted = browser.send(of_tier(page, "plus"), size="500-monthly-")

        assert "Takes effect on 28 February 2026" in quoted.seen
        assert "Nothing is charged now." in quoted.seen
        assert "changes at the next renewal" in browser.send(quoted.forms[0]).seen
        assert "Marketing Plus, up to 500 contacts" in browser.open(at(account, "plan")).seen

    @pytest.mark.parametrize(
        "written", [{"tier": HOSTILE}, {"size": HOSTILE}, {"size": "7-monthly-"}, {"product": ""}, {"tier": "trial"}]
    )
    def test_what_is_not_offered_is_refused_on_the_page(
        self, browser: Browser, world: World, written: dict[str, str]
    ) -> None:
        account = signed_up(world)
        log_in(browser, account)

        page = browser.send(of_tier(browser.open(at(account, "plan")), "plus"), **written)

        assert (page.status, "Choose the number of contacts again" in page.seen) == (422, True)
        assert "<script>alert" not in page.text

    def test_a_declined_card_changes_nothing(self, browser: Browser, world: World) -> None:
        account = signed_up(world, "pm_card_declinedOnRenewal")
        log_in(browser, account)
        quoted = browser.send(of_tier(browser.open(at(account, "plan")), "plus"), size="2500-monthly-")

        page = browser.send(quoted.forms[0])

        assert (page.status, "nothing has changed" in page.seen) == (402, True)
        assert world.account(account["id"]).plan.contacts == 1000

    def test_an_add_on_is_put_on_at_once_and_taken_off_at_the_renewal(self, browser: Browser, world: World) -> None:
        account = signed_up(world)
        log_in(browser, account)
        page = browser.open(at(account, "plan"))
        name = next(form.fields["add_on"] for form in page.forms if "add_on" in form.fields)

        browser.send(browser.send(of_add_on(page, name)).forms[0])

        assert world.account(account["id"]).plan.add_ons == (name,)
        page = browser.open(at(account, "plan"))
        assert "You have it." in page.seen
        done = browser.send(browser.send(of_add_on(page, name)).forms[0])
        assert "changes at the next renewal" in done.seen
        assert "It ends with the present period." in browser.open(at(account, "plan")).seen


class TestCancelling:
    def test_it_says_the_day_ends_the_account_then_and_can_be_taken_back(self, browser: Browser, world: World) -> None:
        account = signed_up(world)
        log_in(browser, account)
        assert at(account, "cancel") in browser.open(at(account, "settings")).links()

        page = browser.open(at(account, "cancel"))
        assert "the account ends on 28 February 2026" in page.seen
        wordy = browser.send(page.forms[0], reason="x" * 501)
        assert (wordy.status, "The reason must have at most 500 characters" in wordy.seen) == (422, True)
        assert wordy.forms[0].fields["reason"] == "x" * 501
        done = browser.send(page.forms[0], reason=HOSTILE)

        assert "Your account is canceled." in done.seen
        canceled = world.account(account["id"]).cancellation
        assert canceled is not None
        assert (canceled.reason, canceled.retain_data) == (HOSTILE, True)
        assert browser.send(page.forms[0]).status == 409, "it is canceled already"
        (form,) = browser.open(at(account, "renew")).forms
        assert "Your account is renewed." in browser.send(form).seen
        assert "Your account is renewed." in browser.send(form).seen, "sent twice, it is renewed once"
        assert world.account(account["id"]).cancellation is None

    def test_data_is_kept_only_if_wished(self, browser: Browser, world: World) -> None:
        account = signed_up(world)
        log_in(browser, account)

        browser.send(browser.open(at(account, "cancel")).forms[0], retain_data="")

        canceled = world.account(account["id"]).cancellation
        assert canceled is not None
        assert not canceled.retain_data

    def test_one_that_is_past_due_ends_at_once(self, api: Api, browser: Browser, world: World) -> None:
        account = past_due(api, world)
        log_in(browser, account)

        assert "ends at once" in browser.open(at(account, "cancel")).seen


class TestWhoMay:
    @pytest.mark.parametrize("path", PAGES)
    def test_without_a_session_nobody(self, browser: Browser, world: World, path: str) -> None:
        account = signed_up(world)

        assert browser.open(at(account, path)).status == 401
        assert browser.post(at(account, path), b"expected=0").status == 401

    def test_not_with_the_session_of_another_account(self, browser: Browser, world: World) -> None:
        mine, other = signed_up(world), signed_up(world)
        log_in(browser, mine)
        browser.cookies[f"session-{other['name']}"] = browser.cookies[f"session-{mine['name']}"]

        assert [browser.open(at(other, path)).status for path in PAGES] == [401] * 3

    def test_where_the_partner_pays_it_decides(self, browser: Browser, partner: Partner) -> None:
        account = partner.create(plan=TRIAL)
        settings = log_in(browser, account) and browser.open(at(account, "settings"))

        assert not {at(account, path) for path in PAGES} & set(settings.links())
        assert [browser.open(at(account, path)).status for path in PAGES] == [403] * 3

    @pytest.mark.parametrize("path", ["plan", "add-ons", "cancel", "renew"])
    def test_a_form_from_elsewhere_or_without_its_token_changes_nothing(
        self, browser: Browser, world: World, path: str
    ) -> None:
        account = signed_up(world)
        log_in(browser, account)
        before = world.account(account["id"])
        form = Form(at(account, path), {"expected": "0"})

        assert browser.send(form).status == 403
        shown = browser.open(at(account, "cancel"))
        assert browser.send(named(shown, "/cancel"), site="cross-site").status == 403
        assert world.account(account["id"]) == before

    def test_they_are_in_the_language_of_the_account(self, browser: Browser, world: World) -> None:
        account = signed_up(world, language="de")
        log_in(browser, account)

        page = browser.open(at(account, "cancel"))

        assert (page.language, "am 28. Februar 2026" in page.seen) == ("de", True)
