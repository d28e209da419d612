"""Accounts that move, as partners, their clients and operators meet it."""

import re
from typing import Any

import pytest

from chalicelib.gateways import sandbox_mail
from chalicelib.services.transfers import filing
from tests.functional.api.test_repeated_requests import forget_answers
from tests.functional.clients.browser import Browser
from tests.functional.conftest import OPERATOR, Answer, Api, Partner


@pytest.fixture
def new(api: Api) -> Partner:
    """The partner that wants the account."""
    return api.partner(name="Orchard & Sons", email="books@orchard.example")


def wanted(of: Any, **overrides: Any) -> dict[str, Any]:
    fields = {"direction": "in", "account": of["name"], "owner_email": "owner@acme.example"}
    return fields | {"relationship": "referred"} | overrides


def link(api: Api) -> str:
    """The path of the page in the owner's mail, once the worker has sent it."""
    api.run_schedules()
    texts = [mail.text for mail in sandbox_mail.kept() if "/public/transfers/" in mail.text]
    found = re.search(r"/public/transfers/\S+", texts[-1])
    assert found is not None
    return found[0]


def answered(api: Api, transfer_id: str, verb: str, body: Any = None) -> Answer:
    return api.ask("POST", f"/v1/operator/transfers/{transfer_id}/{verb}", body, key=OPERATOR)


def types(partner: Partner, account_id: str) -> list[str]:
    return [event["type"] for event in partner.get(f"/v1/accounts/{account_id}/events")["data"]]


def test_an_account_moves_in_by_its_owners_page_and_an_operators_approval(
    api: Api, partner: Partner, new: Partner
) -> None:
    account = partner.create(metadata={"secret": "of the old partner"})
    transfer = new.post("/v1/transfers", wanted(account, relationship="managed", billing_profile_id=new.card())).json
    assert (transfer["status"], transfer["account_id"], transfer["needs"]) == ("waiting_for_owner", None, [])

    browser, path = Browser(api), link(api)
    page = browser.open(path)
    assert "Orchard & Sons" in page.seen
    assert new.get(f"/v1/transfers/{transfer['id']}")["status"] == "waiting_for_owner"
    agree, decline = page.forms
    assert browser.send(agree, site="cross-site").status == 403
    assert "You have agreed" in browser.send(agree).seen
    assert "You have agreed" in browser.send(agree).seen
    late = browser.send(decline)
    assert (late.status, "answered already" in late.seen) == (409, True)

    shown = new.get(f"/v1/transfers/{transfer['id']}")
    assert (shown["status"], shown["account_id"]) == ("waiting_for_operator", account["id"])
    preview = answered(api, transfer["id"], "approve?preview=true").json
    assert (preview["payer"], preview["moves_from"]["id"], preview["moves_to"]["id"]) == ("partner", partner.id, new.id)
    assert preview["ends"] == ["metadata"]
    assert partner.get(f"/v1/accounts/{account['id']}")["id"] == account["id"]
    assert answered(api, transfer["id"], "approve").json["status"] == "completed"
    api.stream()

    moved = new.get(f"/v1/accounts/{account['id']}")
    assert (moved["renews_at"], moved["current_period"]) == (account["renews_at"], account["current_period"])
    assert partner.ask("GET", f"/v1/accounts/{account['id']}").code == "not_found"
    assert len(partner.get(f"/v1/accounts/{account['id']}/invoices")["data"]) == 1
    assert new.get(f"/v1/accounts/{account['id']}/invoices")["data"] == []
    assert types(partner, account["id"])[0] == "account.moved_away"
    assert {"account.moved", "transfer.completed", "transfer.confirmed"} == set(types(new, account["id"]))
    assert "old partner" not in new.ask("GET", "/v1/events").text
    assert new.id not in partner.ask("GET", "/v1/events").text
    opened = new.post(f"/v1/accounts/{account['id']}/login-link").json["url"].partition("/public")[2]
    assert api.ask("POST", f"/public{opened}", key=None).status == 200


def test_an_account_leaves_and_its_client_is_mailed_where_to_add_a_card(api: Api, partner: Partner) -> None:
    account = partner.create()
    wish = {"direction": "out", "account_id": account["id"], "client_email": "owner@acme.example"}
    assert partner.post("/v1/transfers?preview=true", wish).json["moves_to"]["program"] == "agency"
    assert partner.get("/v1/transfers")["data"] == []

    transfer = partner.post("/v1/transfers", wish).json
    (listed,) = api.ask("GET", "/v1/operator/transfers?status=waiting_for_operator", key=OPERATOR).json["data"]
    assert (listed["id"], listed["partner_id"]) == (transfer["id"], partner.id)
    assert answered(api, transfer["id"], "approve").status == 200
    for _ in range(2):
        api.run_schedules()

    assert partner.get("/v1/accounts")["data"] == []
    subjects = [mail.subject for mail in sandbox_mail.kept()]
    assert any("password" in each for each in subjects)
    assert any("You pay for the account" in each for each in subjects)


def test_a_rejected_transfer_says_why(api: Api, partner: Partner) -> None:
    account = partner.create()
    wish = {"direction": "out", "account_id": account["id"], "client_email": "owner@acme.example"}
    transfer = partner.post("/v1/transfers", wish).json

    assert answered(api, transfer["id"], "reject", {"reason": "The client has objected."}).status == 200

    shown = partner.get(f"/v1/transfers/{transfer['id']}")
    assert (shown["status"], shown["reason"]) == ("rejected", "The client has objected.")
    assert answered(api, transfer["id"], "approve").code == "transfer_refused"
    assert partner.ask("DELETE", f"/v1/transfers/{transfer['id']}").code == "transfer_refused"


def test_programs_answer_the_link_with_json(api: Api, partner: Partner, new: Partner) -> None:
    new.post("/v1/transfers", wanted(partner.create()))
    path = link(api)

    asked = api.ask("GET", path, key=None, Accept="application/json").json
    assert (asked["partner"], asked["payer"], asked["next_period"]["price"]["amount"]) == (
        "Orchard & Sons",
        "client",
        4410,
    )
    for _ in range(2):
        assert api.ask("POST", path, {"decision": "decline"}, key=None).json == {"status": "declined"}
    assert api.ask("POST", path, {"decision": "confirm"}, key=None).code == "already_answered"
    assert api.ask("GET", "/public/transfers/nothing", key=None, Accept="application/json").code == "not_found"
    assert "no longer valid" in Browser(api).open("/public/transfers/nothing").seen


@pytest.mark.parametrize(
    ("overrides", "fields"),
    [
        ({"direction": None}, ["direction"]),
        ({"account": None, "owner_email": None, "relationship": None}, ["account", "owner_email", "relationship"]),
        ({"account_id": "acct_1", "client_email": "a@b.example"}, ["account_id", "client_email"]),
        ({"relationship": "managed"}, ["billing_profile_id"]),
        ({"relationship": "managed", "billing_profile_id": "bp_1"}, ["billing_profile_id"]),
        ({"single_bill": True}, ["single_bill", "relationship"]),
        ({"billing_profile_id": "bp_1"}, ["relationship"]),
        ({"direction": "out"}, ["account_id", "client_email", "account", "owner_email", "relationship"]),
    ],
)
def test_a_request_says_all_that_is_wrong_with_it(
    partner: Partner, overrides: dict[str, Any], fields: list[str]
) -> None:
    assert list(partner.post("/v1/transfers", wanted({"name": "acme"}, **overrides)).faults) == fields


def test_faults_of_the_body_and_of_the_rules_come_at_once(partner: Partner) -> None:
    faults = partner.post(
        "/v1/transfers", wanted({"name": "acme"}, owner_email="nonsense", relationship="managed")
    ).faults

    assert set(faults) == {"owner_email", "billing_profile_id"}


def test_a_program_without_referred_accounts_takes_none(api: Api) -> None:
    franchise = api.partner(program="franchise")

    faults = franchise.post("/v1/transfers", wanted({"name": "acme"})).faults

    assert faults == {"relationship": "must be one of managed"}


class TestSeveralAtOnce:
    def requests(self, partner: Partner, number: int) -> list[dict[str, Any]]:
        """Half of them can't be: no such account, no such card, no email, nonsense."""
        wrong: list[dict[str, Any]] = [
            {"direction": "out", "account_id": "acct_nobody", "client_email": "a@b.example"},
            wanted({"name": "acme"}, relationship="managed", billing_profile_id="bp_nobody"),
            wanted({"name": "acme"}, owner_email="nonsense"),
            {"nothing": "known"},
        ]
        right = [wanted({"name": f"acme-{place}"}) for place in range(number // 2)]
        return [each for place, one in enumerate(right) for each in (one, wrong[place % len(wrong)])]

    def test_each_has_a_result_of_its_own(self, partner: Partner) -> None:
        answer = partner.post("/v1/transfers", {"transfers": self.requests(partner, 8)})

        assert answer.status == 200
        results = answer.json["results"]
        assert [each["status"] for each in results] == [201, 404, 201, 422, 201, 422, 201, 422]
        assert all((each["transfer"] is None) is (each["error"] is not None) for each in results)
        assert results[5]["error"]["errors"][0]["field"] == "owner_email"
        assert len(partner.get("/v1/transfers")["data"]) == 4

    def test_a_hundred_cut_off_in_the_middle_and_repeated_are_filed_once(
        self, partner: Partner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        body = {"transfers": self.requests(partner, 100)}
        file, filed = filing.file_transfer, []

        def dies(**named: Any) -> Any:
            if len(filed) == 30:
                raise SystemExit("the function was killed")
            filed.append(named["transfer_id"])
            return file(**named)

        monkeypatch.setattr(filing, "file_transfer", dies)
        with pytest.raises(SystemExit):
            partner.post("/v1/transfers", body, Idempotency_Key="bulk")
        monkeypatch.setattr(filing, "file_transfer", file)
        forget_answers()

        answer = partner.post("/v1/transfers", body, Idempotency_Key="bulk").json["results"]

        ids = [each["transfer"]["id"] for each in answer if each["status"] == 201]
        assert (len(ids), len(set(ids))) == (50, 50)
        assert len(partner.get("/v1/transfers?limit=100")["data"]) == 50
        assert {id for id in filed if id in ids} == set(ids[: len([id for id in filed if id in ids])])

    @pytest.mark.parametrize("number", [0, 101])
    def test_it_takes_one_to_a_hundred(self, partner: Partner, number: int) -> None:
        assert "transfers" in partner.post("/v1/transfers", {"transfers": [wanted({"name": "acme"})] * number}).faults

    def test_it_takes_nothing_beside_them(self, partner: Partner) -> None:
        one = wanted({"name": "acme"})

        assert "transfers" in partner.post("/v1/transfers", {**one, "transfers": [one]}).faults
