"""The pages of an account as its client uses them in a browser without JavaScript; over HTTP, on moto."""

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
import yaml

from chalicelib.documents import mails
from chalicelib.gateways import documents, lambdas
from chalicelib.models import transactions
from chalicelib.services.accounts import passwords
from chalicelib.services.billing import drawings, invoice_pdfs
from chalicelib.services.clients import logins
from tests.functional.clients.browser import Browser, Form, Page
from tests.functional.clients.test_logins import session
from tests.functional.conftest import TRIAL, Api, Partner
from tests.world import TRIAL as WORLDS_TRIAL
from tests.world import World

HOSTILE = "\"><script>alert(1)</script>' onload=x {name} & <b>"
BRANDING = {"product_name": "Bright Mail", "color": "#0b6e4f", "logo_url": "https://cdn.bright.example/logo.png"}


@pytest.fixture
def account(partner: Partner) -> Any:
    return partner.create(plan=TRIAL)


@pytest.fixture
def browser(api: Api) -> Browser:
    return Browser(api)


def at(account: Any, page: str = "login") -> str:
    return f"/public/accounts/{account['name']}/{page}"


def log_in(browser: Browser, account: Any, password: str | None = None, path: str | None = None) -> Page:
    (form,) = browser.open(path or at(account)).forms
    return browser.send(form, username="admin", password=password or account["credentials"]["password"])


def brand(partner: Partner, account: Any, **branding: str) -> None:
    answer = partner.ask("PUT", f"/v1/accounts/{account['id']}/branding", branding)
    assert answer.status == 200, answer.text


def bare(page: Page) -> str:
    """The page without what differs at every request."""
    return re.sub(r'nonce="[^"]*"|nonce-[^\']*|value="ey[^"]*"', "", page.text)


class TestLoggingIn:
    def test_the_right_password_leads_to_the_product_with_the_token_behind_the_hash(
        self, api: Api, browser: Browser, account: Any
    ) -> None:
        page = log_in(browser, account)

        assert page.status == 200
        target, _, token = page.leads_to.partition("/#token=")
        assert target == account["login_url"]
        assert session(api, token).json["account_id"] == account["id"]
        assert api.ask("GET", "/client/account", key=token).code == "not_the_client"
        assert page.leads_to in page.links(), "a browser that does not go on by itself has a link"
        assert "script" not in page.headers["Content-Security-Policy"]

    @pytest.mark.parametrize("fault", [transactions.Busy("Others were first.", retry_after=1), ValueError("no")])
    def test_a_failure_behind_the_form_is_a_page_too(
        self, browser: Browser, account: Any, fault: Exception, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(**_: Any) -> None:
            raise fault

        monkeypatch.setattr(logins, "log_in", fail)

        page = log_in(browser, account)

        assert page.status == (503 if isinstance(fault, transactions.Busy) else 500)
        assert "<h1>" in page.text

    @pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"username": "root"}, {"username": "x" * 99}])
    def test_it_does_not_say_what_is_wrong(self, browser: Browser, account: Any, wrong: dict[str, str]) -> None:
        right = {"username": "admin", "password": account["credentials"]["password"]}
        (form,) = browser.open(at(account)).forms

        page = browser.send(form, **right | wrong)

        assert page.status == 401
        assert "User or password is wrong" in page.seen
        assert "wrong" not in page.forms[0].fields["password"]
        assert not page.leads_to

    def test_after_five_wrong_passwords_it_says_how_many_minutes_are_left(
        self, api: Api, browser: Browser, account: Any
    ) -> None:
        assert [log_in(browser, account, "wrong").status for _ in range(5)] == [401] * 5

        locked = log_in(browser, account)

        assert (locked.status, locked.headers["Retry-After"]) == (429, "300")
        assert "Try again in 5 minutes. Back" in locked.seen
        assert locked.links() == [at(account)]
        api.forward(minutes=4, seconds=1)
        assert "Try again in one minute. Back" in log_in(browser, account).seen
        api.forward(minutes=1)
        assert log_in(browser, account).status == 200

    def test_a_disabled_account_shows_what_its_partner_wrote_for_the_right_password_only(
        self, browser: Browser, partner: Partner, account: Any
    ) -> None:
        partner.post(f"/v1/accounts/{account['id']}/disable", {"message": f"Please call us: {HOSTILE}"})

        page, guessed = log_in(browser, account), log_in(browser, account, "wrong")

        assert page.status == 409
        assert f"This account is disabled Account {account['name']} Please call us: {HOSTILE} Back" in page.seen
        assert not [tag for tag, _ in page.elements if tag in {"script", "b"}]
        assert (guessed.status, "call us" in guessed.seen) == (401, False)

    def test_a_disabled_account_without_a_message_says_whom_to_ask(
        self, browser: Browser, partner: Partner, account: Any
    ) -> None:
        partner.post(f"/v1/accounts/{account['id']}/disable", {})

        assert "Ask whoever set it up for you. Back" in log_in(browser, account).seen

    def test_an_expired_account_says_so(self, api: Api, browser: Browser, account: Any) -> None:
        api.forward(days=40)
        api.run_schedules()

        page = log_in(browser, account)

        assert (page.status, "This account has expired" in page.seen) == (409, True)

    def test_a_name_nobody_has_cannot_be_told_from_one_without_branding(
        self, browser: Browser, partner: Partner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        compared: list[str | None] = []
        matches = passwords.matches
        monkeypatch.setattr(
            passwords, "matches", lambda password, hashed: compared.append(hashed) or matches(password, hashed)
        )
        known, nobodys = partner.create(plan=TRIAL, name="known-acme", language="de"), {"name": "other-acme"}

        def all_of(account: Any) -> list[str]:
            pages = [browser.open(at(account)), browser.open(at(account, "forgotten-password"))]
            pages += [log_in(browser, account, "wrong") for _ in range(6)]
            pages.append(browser.open(at(account, "settings")))
            (form,) = browser.open(at(account, "forgotten-password")).forms
            pages.append(browser.send(form, email="owner@acme.example"))
            return [f"{page.status} {bare(page)}".replace(account["name"], "NAME") for page in pages]

        assert all_of(known) == all_of(nobodys)
        assert len(compared) == 10

    @pytest.mark.parametrize("name", ["-", "a_b", "x" * 64, "%F0%9F%92%A9", "admin"])
    def test_what_can_be_no_account_has_no_pages(self, api: Api, name: str) -> None:
        assert api.ask("GET", f"/public/accounts/{name}/login", key=None).code == "not_found"

    def test_the_name_may_be_written_in_capitals(self, browser: Browser, account: Any) -> None:
        page = log_in(browser, account, path=at(account).replace(account["name"], account["name"].upper()))

        assert page.leads_to.startswith(account["login_url"])


class TestLooks:
    def test_it_has_the_accounts_branding_and_language(self, browser: Browser, partner: Partner) -> None:
        account = partner.create(plan=TRIAL, language="de-AT")
        brand(partner, account, **BRANDING)

        page = browser.open(at(account))

        assert page.language == "de"
        assert "Passwort vergessen?" in page.seen
        assert ("img", {"src": BRANDING["logo_url"], "alt": "Bright Mail"}) in page.elements
        assert "#0b6e4f" in page.text
        assert "img-src https://cdn.bright.example;" in page.headers["Content-Security-Policy"]

    @pytest.mark.parametrize(
        ("asked", "shown"), [("de-DE,de;q=0.9,en;q=0.8", "de"), ("fr", "en"), ("en;q=0.3, de", "de"), ("x;q=é", "en")]
    )
    def test_without_branding_the_browser_chooses_the_language(
        self, browser: Browser, account: Any, asked: str, shown: str
    ) -> None:
        assert browser.open(at(account), Accept_Language=asked).language == shown

    def test_nothing_that_a_partner_can_set_gets_out_of_its_place(
        self, browser: Browser, partner: Partner, account: Any
    ) -> None:
        brand(partner, account, product_name=HOSTILE)

        for page in (browser.open(at(account)), log_in(browser, account, "wrong"), self.opened(browser, account)):
            assert HOSTILE in page.seen
            assert not [tag for tag, _ in page.elements if tag in {"script", "b"}]
            assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]

    def opened(self, browser: Browser, account: Any) -> Page:
        log_in(browser, account)
        return browser.open(at(account, "settings"))

    def test_a_page_lets_nothing_in_or_out(self, browser: Browser, account: Any) -> None:
        page = browser.open(at(account))

        policy = page.headers["Content-Security-Policy"].split("; ")
        nonce = policy.pop(1)
        assert re.fullmatch("style-src 'nonce-[^']{20,}'", nonce)
        assert policy == [
            "default-src 'none'",
            "img-src 'none'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
        assert page.headers["Referrer-Policy"] == "same-origin"
        assert page.headers["Cache-Control"] == "no-store"

    def test_every_field_has_its_label_and_what_a_password_manager_needs(self, browser: Browser, account: Any) -> None:
        log_in(browser, account)
        pages = [browser.open(at(account, page)) for page in ("login", "forgotten-password", "settings")]

        for page in pages:
            inputs = [given for tag, given in page.elements if tag == "input" and given.get("type") != "hidden"]
            assert inputs
            assert all(given.get("autocomplete") for given in inputs)
            labels = [given for given in inputs if "hidden" not in given]
            assert len(labels) == len([tag for tag, _ in page.elements if tag == "label"])


class TestForms:
    """A form can only be sent from our page, by the browser that it was shown in."""

    def right(self, account: Any) -> dict[str, str]:
        return {"username": "admin", "password": account["credentials"]["password"]}

    @pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
    def test_a_form_from_elsewhere_does_nothing(self, browser: Browser, account: Any, site: str) -> None:
        (form,) = browser.open(at(account)).forms

        page = browser.send(form, site=site, **self.right(account))

        assert (page.status, page.leads_to) == (403, "")
        assert list(browser.cookies) == ["form"]

    @pytest.mark.parametrize(
        ("origin", "status"),
        [("http://localhost", 200), ("http://localhost:8080", 403), ("https://evil.example", 403), ("null", 403)],
    )
    def test_an_older_browser_names_the_origin(self, browser: Browser, account: Any, origin: str, status: int) -> None:
        (form,) = browser.open(at(account)).forms
        form.fields |= self.right(account)

        page = browser.post(at(account), urlencode(form.fields).encode(), Origin=origin)

        assert page.status == status

    def test_a_form_without_its_token_or_with_that_of_another_form_is_shown_again(
        self, browser: Browser, account: Any
    ) -> None:
        (other,) = browser.open(at(account, "forgotten-password")).forms

        for token in ("", "x.y.z", other.fields["form"], account["credentials"]["password"]):
            page = browser.send(Form(at(account), {"form": token}), **self.right(account))
            assert page.status == 403
            assert "open for too long" in page.seen
        assert browser.send(page.forms[0], **self.right(account)).status == 200

    def test_a_form_that_was_shown_in_another_browser_does_nothing(
        self, api: Api, browser: Browser, account: Any
    ) -> None:
        stranger = Browser(api)
        (form,) = stranger.open(at(account)).forms
        browser.open(at(account))

        assert browser.send(form, **self.right(account)).status == 403
        assert Browser(api).send(form, **self.right(account)).status == 403

    def test_a_form_is_good_for_two_hours(self, api: Api, browser: Browser, account: Any) -> None:
        early, late = (browser.open(at(account)).forms[0] for _ in range(2))

        api.forward(hours=1, minutes=59)
        assert browser.send(early, **self.right(account)).status == 200
        api.forward(minutes=2)
        assert browser.send(late, **self.right(account)).status == 403

    @pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"&".join(b"a=%d" % n for n in range(99)), b"{}"])
    def test_what_is_no_form_is_none(self, browser: Browser, account: Any, raw: bytes) -> None:
        browser.open(at(account))

        assert browser.post(at(account), raw).status == 403


class TestForgottenPassword:
    @pytest.fixture
    def started(self, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
        events: list[dict[str, str]] = []
        monkeypatch.setattr(lambdas, "start", lambda function, event: events.append(event))
        return events

    def ask(self, browser: Browser, account: Any, email: str) -> Page:
        (form,) = browser.open(at(account, "forgotten-password")).forms
        return browser.send(form, email=email)

    def test_it_never_says_whether_the_email_is_the_accounts(
        self, browser: Browser, account: Any, started: list[dict[str, str]]
    ) -> None:
        right, wrong = (self.ask(browser, account, email) for email in ("owner@acme.example", "who@else.example"))

        assert right.status == wrong.status == 202
        assert bare(right) == bare(wrong)
        assert [event["email"] for event in started] == ["owner@acme.example", "who@else.example"]

    def test_what_is_no_email_is_asked_for_again(self, browser: Browser, account: Any) -> None:
        page = self.ask(browser, account, f"no email {HOSTILE}")

        assert (page.status, "Enter an email address" in page.seen) == (422, True)
        assert page.forms[0].fields["email"] == f"no email {HOSTILE}"

    def test_too_many_from_one_network_have_to_wait(self, browser: Browser, account: Any) -> None:
        (form,) = browser.open(at(account, "forgotten-password")).forms

        answers = [browser.send(form, email=f"guess-{number}@acme.example") for number in range(31)]

        assert [page.status for page in answers] == [202] * 30 + [429]
        assert "Try again in 10 minutes" in answers[-1].seen


class TestSettings:
    def open(self, browser: Browser, account: Any) -> Page:
        log_in(browser, account)
        return browser.open(at(account, "settings"))

    def test_they_show_plan_status_and_renewal_in_the_clients_words(self, browser: Browser, partner: Partner) -> None:
        account = partner.create(language="de", time_zone="Pacific/Auckland")

        page = self.open(browser, account)

        renews = datetime.fromisoformat(account["renews_at"]).astimezone(ZoneInfo("Pacific/Auckland"))
        months = yaml.safe_load((mails.FOLDER / "de.yaml").read_text(encoding="utf-8"))["months"]
        assert page.language == "de"
        assert "Tarif Plus Status Aktiv" in page.seen
        assert f"Verlängert sich am {renews.day}. {months[renews.month - 1]} {renews.year}" in page.seen

    def test_a_trial_and_a_canceled_account_show_when_they_end(
        self, browser: Browser, partner: Partner, account: Any
    ) -> None:
        canceled = partner.create()
        partner.post(f"/v1/accounts/{canceled['id']}/cancel", {})

        assert re.search(r"Status Free trial Ends on \w+", self.open(browser, account).seen)
        assert re.search(r"Status Canceled, usable until it ends Ends on \w+", self.open(browser, canceled).seen)

    def test_who_has_not_logged_in_gets_the_log_in_which_leads_back(self, browser: Browser, account: Any) -> None:
        page = browser.open(at(account, "settings"))
        assert (page.status, page.forms[0].to) == (401, at(account))

        answer = browser.send(page.forms[0], password=account["credentials"]["password"])

        assert answer.leads_to == at(account, "settings")
        assert browser.open(answer.leads_to).status == 200

    def test_a_browser_that_comes_from_elsewhere_asks_once_more(self, browser: Browser, account: Any) -> None:
        page = browser.open(at(account, "settings"), Sec_Fetch_Site="cross-site")

        assert (page.status, page.leads_to, page.forms) == (200, at(account, "settings"), [])

    def test_the_cookie_is_for_pages_only(self, api: Api, browser: Browser, account: Any) -> None:
        log_in(browser, account)

        (kept,) = [cookie for cookie in browser.set if cookie.startswith(f"session-{account['name']}=")]
        assert kept.endswith("; Path=/; HttpOnly; SameSite=Strict")
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        assert api.ask("GET", "/public/session", key=None, Cookie=cookies).code == "session_over"

    def test_the_session_of_one_account_opens_no_other(self, browser: Browser, partner: Partner, account: Any) -> None:
        other = partner.create(plan=TRIAL)
        log_in(browser, account)
        browser.cookies[f"session-{other['name']}"] = browser.cookies[f"session-{account['name']}"]

        assert browser.open(at(other, "settings")).status == 401

    def test_a_changed_password_ends_all_other_sessions(self, api: Api, browser: Browser, account: Any) -> None:
        token = log_in(browser, account).leads_to.partition("#token=")[2]
        change, _ = browser.open(at(account, "settings")).forms
        old = account["credentials"]["password"]

        page = browser.send(change, password=old, new_password="another password")

        assert (page.status, "Your password is changed" in page.seen) == (200, True)
        assert session(api, token).code == "session_over"
        assert browser.open(at(account, "settings")).status == 200
        assert log_in(browser, account, old).status == 401
        assert log_in(browser, account, "another password").status == 200

    @pytest.mark.parametrize(
        ("written", "status", "said"),
        [
            ({"password": "wrong", "new_password": "another password"}, 401, "The current password is wrong"),
            ({"new_password": "short"}, 422, "too weak"),
            ({"new_password": "a" * 12}, 422, "too weak"),
        ],
        ids=["wrong", "short", "one letter"],
    )
    def test_the_current_password_and_a_strong_one_are_needed(
        self, browser: Browser, account: Any, written: dict[str, str], status: int, said: str
    ) -> None:
        change, _ = self.open(browser, account).forms

        page = browser.send(change, **{"password": account["credentials"]["password"]} | written)

        assert (page.status, said in page.seen) == (status, True)
        assert browser.open(at(account, "settings")).status == 200

    def test_guessing_the_current_password_locks(self, browser: Browser, account: Any) -> None:
        change, _ = self.open(browser, account).forms
        for _ in range(5):
            browser.send(change, password="wrong", new_password="another password")

        assert browser.send(change, password="wrong", new_password="another password").status == 429
        assert log_in(browser, account).status == 429

    def test_logging_out_ends_the_session_here_and_in_the_product(
        self, api: Api, browser: Browser, account: Any
    ) -> None:
        token = log_in(browser, account).leads_to.partition("#token=")[2]
        _, leave = browser.open(at(account, "settings")).forms

        page = browser.send(leave)

        assert (page.status, "You are logged out" in page.seen) == (200, True)
        assert session(api, token).code == "session_over"
        assert f"session-{account['name']}" not in browser.cookies
        assert browser.send(leave).status == 200, "twice is as good as once"

    def test_a_form_from_elsewhere_changes_nothing_and_logs_nobody_out(self, browser: Browser, account: Any) -> None:
        change, leave = self.open(browser, account).forms

        for form in (change, leave):
            page = browser.send(
                form,
                site="cross-site",
                password=account["credentials"]["password"],
                new_password="another password",
            )
            assert page.status == 403
        assert browser.open(at(account, "settings")).status == 200
        assert log_in(browser, account).status == 200

    def test_they_are_gone_once_the_account_is_disabled(self, browser: Browser, partner: Partner, account: Any) -> None:
        change, _ = self.open(browser, account).forms

        partner.post(f"/v1/accounts/{account['id']}/disable", {})

        assert browser.open(at(account, "settings")).status == 401
        assert browser.send(change, password="x", new_password="another password").status == 401


class TestPayingClients:
    """What a client who pays for its account sees of the payment (docs/rules.md §9)."""

    @pytest.fixture
    def world(self, api: Api) -> World:
        world = World(program="agency")
        api.at(world.now + timedelta(minutes=1))
        return world

    def sign_up(self, world: World, *payment_method: str | None, **wanted: Any) -> dict[str, Any]:
        account = world.sign_up(*payment_method, password="correct horse battery", **wanted)
        return {"id": account.id, "name": account.name, "credentials": {"password": "correct horse battery"}}

    def settings(self, browser: Browser, account: Any) -> Page:
        log_in(browser, account)
        return browser.open(at(account, "settings"))

    def test_its_payment_card_and_invoices_are_there(self, browser: Browser, world: World) -> None:
        account = self.sign_up(world, language="de", time_zone="Europe/Berlin")

        page = self.settings(browser, account)

        assert re.search(r"Preis 49,00 \$ Zahlung Bezahlt Karte Visa •••• 4242 , gültig bis \d\d / \d{4}", page.seen)
        assert "Rechnungen 000001" in page.seen
        assert "49,00 $ Bezahlt Passwort ändern" in page.seen

    def test_an_invoice_leads_to_its_pdf_and_opens_to_nobody_else(
        self, browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(documents, "exists", lambda key: True)
        monkeypatch.setattr(documents, "link", lambda key, seconds: f"https://files.example/{key}")
        account, other = self.sign_up(world), self.sign_up(world)
        (path,) = [link for link in self.settings(browser, account).links() if "/invoices/" in link]

        answer = browser.fetch(path)
        invoice_id = path.rpartition("/")[2]
        assert answer.status == 303
        assert answer.headers["Location"] == f"https://files.example/invoices/{account['id']}/{invoice_id}/paid.pdf"
        assert Browser(browser.api).open(path).status == 401
        log_in(browser, other)
        assert browser.open(path.replace(account["name"], other["name"])).status == 404

    def test_an_invoice_that_is_not_its_own_or_not_drawn_yet(
        self, browser: Browser, partner: Partner, account: Any, monkeypatch: pytest.MonkeyPatch, world: World
    ) -> None:
        paid = partner.create()
        (invoice,) = partner.get("/v1/invoices")["data"]
        own = self.sign_up(world, name="the-clients-own")
        (path,) = [link for link in self.settings(browser, own).links() if "/invoices/" in link]
        log_in(browser, paid)

        assert browser.open(at(paid, f"invoices/{invoice['id']}")).status == 404, "the partner pays: it is no client's"
        assert browser.open(at(own, f"invoices/{invoice['id']}")).status == 404

        def late(**_: Any) -> str:
            raise drawings.NotDrawnYet("Later.", retry_after=5)

        monkeypatch.setattr(invoice_pdfs, "document_link", late)
        page = browser.open(path)
        assert (page.status, "in a few seconds" in page.seen) == (503, True)

    def test_a_trial_has_no_card_and_nothing_to_pay(self, browser: Browser, world: World) -> None:
        page = self.settings(browser, self.sign_up(world, None, plan=WORLDS_TRIAL))

        assert "Card None" in page.seen
        assert "Payment" not in page.seen
        assert "Invoices" not in page.seen

    def test_while_the_product_is_closed_the_log_in_leads_to_the_settings(
        self, api: Api, browser: Browser, world: World
    ) -> None:
        account = self.sign_up(world, None, plan=WORLDS_TRIAL)
        world.advance(days=20)
        api.at(world.now)

        page = log_in(browser, account)

        assert page.leads_to == f"http://localhost{at(account, 'settings')}"
        settings = browser.open(at(account, "settings"))
        assert "Status Expired Ended on" in settings.seen
        assert "Open " not in settings.seen

    def test_what_the_partner_pays_is_not_shown(self, browser: Browser, partner: Partner) -> None:
        page = self.settings(browser, partner.create())

        assert not [word for word in ("Price", "Payment", "Card", "Invoices") if word in page.seen]
