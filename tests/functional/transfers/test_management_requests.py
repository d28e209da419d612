"""Permission to manage over HTTP: by the link in the mail, on the settings page, and by the client's session."""

import re
from dataclasses import replace
from typing import Any

import boto3
import pytest

from chalicelib.config import settings
from chalicelib.domain.accounts.accounts import Relationship
from chalicelib.gateways import sandbox_mail
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.transactions import commit
from chalicelib.programs import program
from tests.functional.clients.browser import Browser, Form, Page
from tests.functional.conftest import PASSWORD, Api, LoggedIn, Partner, record, table_rows
from tests.paying_clients import let_client_pay

TRIAL = {"pricing_version": "S1", "product": "email", "tier": "trial"}
HOSTILE = "\"><script>alert(1)</script>' {name} & <b>"


@pytest.fixture
def provider(api: Api) -> Partner:
    return api.partner(program="solutions")


@pytest.fixture
def client(provider: Partner) -> LoggedIn:
    return provider.sign_up(None, plan=TRIAL)


def path_of(client: LoggedIn) -> str:
    return f"/v1/accounts/{client.account['id']}/management-request"


def ask(provider: Partner, client: LoggedIn) -> Any:
    answer = provider.post(path_of(client))
    assert answer.status == 201, answer.text
    return answer.json


def mailed(api: Api) -> str:
    """The path of the link in the mail that the client gets."""
    api.stream()
    sqs, url = boto3.client("sqs"), settings().notices_queue_url
    for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ()):
        api.invoke("send_notices", {"Records": [record(message["Body"], group="", id=message["MessageId"])]})
    mails = [mail for mail in sandbox_mail.kept() if "/public/management-requests/" in mail.text]
    return re.findall(r"(/public/management-requests/\S+)", mails[-1].text)[0]


def buttons(page: Page) -> dict[str, Form]:
    return {form.fields["decision"]: form for form in page.forms if "decision" in form.fields}


class TestThePartner:
    def test_asks_sees_lists_and_withdraws(self, provider: Partner, client: LoggedIn) -> None:
        request = ask(provider, client)

        shown = provider.get(f"/v1/accounts/{request['account_id']}")
        assert shown["management_request"] == {
            "id": request["id"],
            "status": "open",
            "expires_at": request["expires_at"],
        }
        assert shown["allowed_actions"] == []
        assert provider.get("/v1/accounts")["data"] == [shown]
        assert provider.get("/v1/management-requests?status=open")["data"] == [request]
        again = provider.post(path_of(client))
        assert (again.status, again.code, again.json["action"]) == (409, "transition_refused", "request_management")
        for _ in range(2):
            withdrawn = provider.ask("DELETE", path_of(client))
            assert (withdrawn.status, withdrawn.json) == (200, request | {"status": "withdrawn"})
        assert provider.get(f"/v1/accounts/{request['account_id']}")["management_request"] is None
        assert provider.get("/v1/management-requests?status=open")["data"] == []

    def test_asks_once_under_one_idempotency_key_even_when_the_stored_answer_is_lost(
        self, provider: Partner, client: LoggedIn
    ) -> None:
        first = provider.post(path_of(client), Idempotency_Key="once")
        for row in table_rows()["sublet-idempotency"]:
            _forget(row)

        again = provider.post(path_of(client), Idempotency_Key="once")

        assert (again.status, again.json) == (201, first.json)

    def test_is_stopped_after_three_in_a_day(self, provider: Partner, client: LoggedIn) -> None:
        for _ in range(3):
            ask(provider, client)
            provider.ask("DELETE", path_of(client))

        answer = provider.post(path_of(client))

        assert (answer.status, answer.code) == (429, "too_many_tries")
        assert int(answer.headers["Retry-After"]) <= 86_400

    def test_has_nothing_to_withdraw(self, provider: Partner, client: LoggedIn) -> None:
        answer = provider.ask("DELETE", path_of(client))

        assert (answer.status, answer.code) == (409, "no_open_request")


def _forget(row: Any) -> None:
    boto3.client("dynamodb").delete_item(TableName="sublet-idempotency", Key={"id": row["id"]})


class TestTheLink:
    def test_opening_it_changes_nothing_and_says_what_it_means(self, api: Api, provider: Partner) -> None:
        client = provider.sign_up(None, plan=TRIAL, language="de-AT")
        ask(provider, client)
        path, browser = mailed(api), Browser(api)
        before = table_rows()["sublet-accounts"]

        for _ in range(2):
            page = browser.open(path)

        assert page.status == 200
        assert page.language == "de"
        assert "Bright Agency" in page.seen
        assert "vollen Zugriff" in page.seen
        assert set(buttons(page)) == {"confirm", "decline"}
        assert table_rows()["sublet-accounts"] == before
        data = api.ask("GET", path, key=None, Accept="application/json").json
        assert (data["partner"], data["status"]) == ({"name": "Bright Agency"}, "open")
        assert page.headers["Referrer-Policy"] == "same-origin"

    def test_a_press_of_the_button_confirms_once(self, api: Api, provider: Partner, client: LoggedIn) -> None:
        request = ask(provider, client)
        path, browser = mailed(api), Browser(api)
        page = browser.open(path)

        for _ in range(2):
            done = browser.send(buttons(page)["confirm"])
            assert (done.status, "now manages your account" in done.seen) == (200, True)
        other = browser.send(buttons(page)["decline"])

        assert (other.status, "has already been answered" in other.seen) == (409, True)
        account = provider.get(f"/v1/accounts/{request['account_id']}")
        assert (account["relationship"], account["payer"]) == ("managed", "client")
        assert account["notification_email"] == "books@bright.example"
        assert account["management_request"] is None
        assert "cancel" in account["allowed_actions"]
        assert "now manages" in browser.open(path).seen
        client.ask("DELETE", "/client/management")
        assert "The permission has ended" in browser.open(path).seen

    @pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
    def test_no_other_site_can_press_it(self, api: Api, provider: Partner, client: LoggedIn, site: str) -> None:
        ask(provider, client)
        path = mailed(api)
        form = buttons(Browser(api).open(path))["confirm"]

        elsewhere = Browser(api).send(form)  # another browser, without the cookie
        browser = Browser(api)
        forged = browser.send(buttons(browser.open(path))["confirm"], site=site)

        assert (elsewhere.status, forged.status) == (403, 403)
        assert client.get("/client/management")["relationship"] == "referred"

    def test_as_json(self, api: Api, provider: Partner, client: LoggedIn) -> None:
        ask(provider, client)
        path = mailed(api)

        declined = [api.ask("POST", path, {"decision": "decline"}, key=None) for _ in range(2)]
        confirmed = api.ask("POST", path, {"decision": "confirm"}, key=None)

        assert [(each.status, each.json["status"]) for each in declined] == [(200, "declined")] * 2
        assert (confirmed.status, confirmed.code, confirmed.json["request_status"]) == (409, "request_over", "declined")
        assert "You have declined" in Browser(api).open(path).seen

    def test_a_withdrawn_request_has_nothing_to_answer(self, api: Api, provider: Partner, client: LoggedIn) -> None:
        ask(provider, client)
        path, browser = mailed(api), Browser(api)
        page = browser.open(path)
        provider.ask("DELETE", path_of(client))

        late = browser.send(buttons(page)["confirm"])

        assert (late.status, "The request was withdrawn" in late.seen) == (409, True)
        assert buttons(browser.open(path)) == {}

    def test_after_the_request_it_leads_to_nothing(self, api: Api, provider: Partner, client: LoggedIn) -> None:
        ask(provider, client)
        path, browser = mailed(api), Browser(api)
        page = browser.open(path)
        api.forward(days=30)

        over, late = browser.open(path), browser.send(buttons(page)["confirm"])

        assert (over.status, late.status) == (404, 404)
        assert "no longer valid" in over.seen
        assert api.ask("POST", path, {"decision": "confirm"}, key=None).code == "not_found"
        assert browser.open("/public/management-requests/x").status == 404

    def test_what_a_partner_is_called_breaks_no_page_and_no_mail(self, api: Api) -> None:
        provider = api.partner(program="solutions", name=HOSTILE)
        client = provider.sign_up(None, plan=TRIAL)
        ask(provider, client)

        page = Browser(api).open(mailed(api))

        assert "<script" not in page.text
        assert HOSTILE in page.seen
        assert all("<script" not in mail.html for mail in sandbox_mail.kept())


class TestAfterLoggingIn:
    def settings(self, browser: Browser, client: LoggedIn) -> Page:
        path = f"/public/accounts/{client.account['name']}"
        (form,) = browser.open(f"{path}/login").forms
        browser.send(form, username="admin", password=PASSWORD)
        return browser.open(f"{path}/settings")

    def test_the_settings_show_the_request_and_then_the_permission_to_end(
        self, api: Api, provider: Partner, client: LoggedIn
    ) -> None:
        browser = Browser(api)
        assert buttons(self.settings(browser, client)) == {}
        ask(provider, client)

        page = browser.open(f"/public/accounts/{client.account['name']}/settings")
        confirmed = browser.send(buttons(page)["confirm"])

        assert "full access" in page.seen
        assert (confirmed.status, "Bright Agency manages this account" in confirmed.seen) == (200, True)
        late = browser.send(buttons(page)["decline"])
        assert (late.status, "nothing left to answer" in late.seen) == (409, True)
        ended = browser.send(buttons(confirmed)["end"])
        assert (ended.status, "The permission has ended" in ended.seen) == (200, True)
        assert client.get("/client/management")["relationship"] == "referred"

    def test_the_forms_are_ours_alone(self, api: Api, provider: Partner, client: LoggedIn) -> None:
        browser = Browser(api)
        self.settings(browser, client)
        ask(provider, client)
        page = browser.open(f"/public/accounts/{client.account['name']}/settings")

        assert browser.send(buttons(page)["confirm"], site="cross-site").status == 403
        assert browser.send(buttons(page)["confirm"], decision="own").status == 403
        assert Browser(api).send(buttons(page)["confirm"]).status == 401
        assert client.get("/client/management")["management_request"]["status"] == "open"

    def test_by_the_clients_own_routes(self, provider: Partner, client: LoggedIn) -> None:
        nobody = {"relationship": "referred", "payer": "client", "partner": None, "management_request": None}
        assert client.get("/client/management") == nobody
        none = client.ask("POST", "/client/management", {"decision": "confirm"})
        assert (none.status, none.code) == (409, "no_open_request")
        request = ask(provider, client)
        asked = client.get("/client/management")
        assert asked["partner"] == {"name": "Bright Agency"}
        assert asked["management_request"]["id"] == request["id"]

        confirmed = [client.ask("POST", "/client/management", {"decision": "confirm"}) for _ in range(2)]

        managed = nobody | {"relationship": "managed", "partner": {"name": "Bright Agency"}}
        assert [(each.status, each.json) for each in confirmed] == [(200, managed)] * 2
        other = client.ask("POST", "/client/management", {"decision": "decline"})
        assert (other.status, other.code) == (409, "request_over")
        for _ in range(2):
            ended = client.ask("DELETE", "/client/management")
            assert (ended.status, ended.json) == (200, nobody)

    def test_a_client_whose_partner_pays_ends_nothing(self, provider: Partner) -> None:
        client = provider.logged_in(provider.create(plan=TRIAL, billing_profile_id=None))

        answer = client.ask("DELETE", "/client/management")

        assert (answer.status, answer.code) == (409, "partner_pays")
        assert client.get("/client/management")["relationship"] == "managed"

    def test_when_it_ends_the_partners_session_ends_for_good(self, provider: Partner, client: LoggedIn) -> None:
        account_id = client.account["id"]

        def grant() -> None:
            ask(provider, client)
            assert client.ask("POST", "/client/management", {"decision": "confirm"}).status == 200

        grant()
        session, unused = provider.link_session(account_id), provider.post(f"/v1/accounts/{account_id}/login-link").json
        assert provider.api.ask("GET", "/public/session", key=session).status == 200

        client.ask("DELETE", "/client/management")

        refused = provider.post(f"/v1/accounts/{account_id}/disable", {})
        assert (refused.status, refused.code) == (409, "not_managed")
        for given_again in (False, True):
            if given_again:
                grant()
            assert provider.api.ask("GET", "/public/session", key=session).code == "session_over"
            link = f"/public{unused['url'].split('/public')[1]}"
            assert provider.api.ask("POST", link, {}, key=None).code == "not_found"

    def test_the_event_log_tells_the_partner_of_each_step_and_of_no_secret(
        self, api: Api, provider: Partner, client: LoggedIn
    ) -> None:
        ask(provider, client)
        token = mailed(api).rpartition("/")[2]
        client.ask("POST", "/client/management", {"decision": "confirm"})
        client.ask("DELETE", "/client/management")
        api.stream()

        log = provider.ask("GET", "/v1/events")

        steps = {"account.permission_ended", "account.permission_granted", "management_request.created"}
        assert steps | {"management_request.confirmed"} <= {event["type"] for event in log.json["data"]}
        assert token not in log.text
        assert all(token not in str(row) for row in table_rows()["sublet-accounts"])


def test_an_account_of_another_program_is_asked_about_alike(api: Api) -> None:
    agency = api.partner()
    account = agency.create(plan={"pricing_version": "V1", "product": "EM", "tier": "trial"})
    client = agency.logged_in(account)
    let_client_pay(account["id"])

    ask(agency, client)

    row = account_rows.get(account["id"])
    assert row is not None
    changed = replace(row, metadata={"x": "y"}, billing_profile_id="bp_own")
    commit([account_rows.put(changed, program=program("agency"), actor="t", event="")])
    assert (
        client.ask("POST", "/client/management", {"decision": "confirm"}).json["relationship"] == Relationship.MANAGED
    )
    shown = agency.get(f"/v1/accounts/{account['id']}")
    assert (shown["metadata"], shown["billing_profile_id"]) == ({"x": "y"}, None), "the card is the client's own"
