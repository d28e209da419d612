"""Service requests: filed, quoted, accepted or not, and what each side sees of them (docs/rules.md §12)."""

from typing import Any

import pytest

from chalicelib.domain.setup import service_requests as domain
from tests.functional.api.test_repeated_requests import forget_answers
from tests.functional.conftest import OPERATOR, TRIAL, Answer, Api, Partner, table_rows


def file(partner: Partner, account: dict[str, Any], **given: Any) -> Any:
    headers = {"Idempotency_Key": key} if (key := given.pop("key", None)) else {}
    body = {"account_id": account["id"], "kind": "design", "description": "Three mailings,\nin blue."} | given
    answer = partner.post("/v1/service-requests", body, **headers)
    assert answer.status == 201, answer.text
    return answer.json


def answer(api: Api, request: dict[str, Any], **body: Any) -> Answer:
    return api.ask("PATCH", f"/v1/operator/service-requests/{request['id']}", body, key=OPERATOR)


@pytest.fixture
def account(partner: Partner) -> dict[str, Any]:
    made: dict[str, Any] = partner.create(plan=TRIAL)
    return made


def test_work_is_filed_quoted_accepted_and_done(api: Api, partner: Partner, account: dict[str, Any]) -> None:
    filed = file(partner, account, margin_percent="12.5")
    path = f"/v1/service-requests/{filed['id']}"
    quoted = answer(api, filed, status="quoted", price=40003, note="Ten days")
    seen = partner.get(path)
    money_before = {name: rows for name, rows in table_rows().items() if name in ("sublet-ledger", "sublet-wallets")}
    accepted = partner.post(f"{path}/accept", {"price": 40003})
    done = answer(api, filed, status="done")

    assert filed["id"].startswith("sreq_")
    assert (filed["status"], filed["price"], filed["client_price"]) == ("open", None, None)
    assert filed["allowed_actions"] == ["set_margin", "withdraw"]
    assert quoted.status == 200, quoted.text
    assert (quoted.json["partner_id"], quoted.json["allowed_actions"]) == (partner.id, ["decline", "quote"])
    assert seen["price"] == {"amount": 40003, "currency": "USD"}
    assert (seen["margin_percent"], seen["client_price"]["amount"], seen["note"]) == ("12.5", 45003, "Ten days")
    assert (accepted.json["status"], accepted.json["allowed_actions"]) == ("accepted", ["set_margin"])
    assert (done.json["status"], done.json["allowed_actions"], done.json["note"]) == ("done", [], "Ten days")
    assert money_before == {name: rows for name, rows in table_rows().items() if name in money_before}


def test_of_an_account_that_a_partner_only_refers_the_vendor_alone_sees_what_was_asked(
    api: Api, partner: Partner
) -> None:
    partner.sign_up(name="referred")
    (account,) = partner.get("/v1/accounts")["data"]
    by_partner = partner.ask("GET", f"/v1/service-requests?account_id={account['id']}")
    path = f"/v1/operator/partners/{partner.id}/service-requests?account_id={account['id']}"
    by_operator = api.ask("GET", path, key=OPERATOR)

    assert (by_partner.status, by_partner.code) == (409, "not_managed")
    assert (by_operator.status, by_operator.json["data"]) == (200, [])


def test_the_vendor_is_not_shown_the_margin(api: Api, partner: Partner, account: dict[str, Any]) -> None:
    filed = file(partner, account, margin_percent="37")
    answered = answer(api, filed, status="quoted", price=1000)
    partner.ask("PATCH", f"/v1/service-requests/{filed['id']}", {"margin_percent": "38"})
    listed = api.ask("GET", f"/v1/operator/partners/{partner.id}/service-requests", key=OPERATOR)
    read = api.ask("GET", f"/v1/operator/service-requests/{filed['id']}", key=OPERATOR)
    api.stream()
    events = [each for each in partner.get("/v1/events")["data"] if each["type"].startswith("service_request.")]

    for seen in (answered.json, *listed.json["data"], read.json):
        assert not {"margin_percent", "client_price"} & seen.keys()
    assert listed.json["data"] == [read.json]
    assert len(events) == 3
    assert "margin_percent" not in str(events)
    assert partner.get(f"/v1/service-requests/{filed['id']}")["client_price"]["amount"] == 1380


def test_a_price_that_changed_meanwhile_is_not_accepted(api: Api, partner: Partner, account: dict[str, Any]) -> None:
    filed = file(partner, account)
    answer(api, filed, status="quoted", price=1000)
    answer(api, filed, status="quoted", price=1100)

    refused = partner.post(f"/v1/service-requests/{filed['id']}/accept", {"price": 1000})

    assert (refused.status, refused.code, refused.json["price"]) == (409, "price_changed", 1100)
    assert partner.post(f"/v1/service-requests/{filed['id']}/accept", {"price": 1100}).json["status"] == "accepted"


def test_what_was_accepted_can_not_be_withdrawn_but_the_vendor_can_decline_it(
    api: Api, partner: Partner, account: dict[str, Any]
) -> None:
    filed = file(partner, account)
    path = f"/v1/service-requests/{filed['id']}"
    answer(api, filed, status="quoted", price=1000)
    partner.post(f"{path}/accept", {"price": 1000})

    refused = partner.post(f"{path}/withdraw")
    declined = answer(api, filed, status="declined", note="Nobody is free")

    assert (refused.status, refused.code) == (409, "service_request_refused")
    assert refused.json["allowed_actions"] == ["set_margin"]
    assert declined.json["status"] == partner.get(path)["status"] == "declined"
    assert partner.ask("PATCH", path, {"margin_percent": "1"}).code == "service_request_refused"


def test_withdrawing_twice_is_withdrawing_once(api: Api, partner: Partner, account: dict[str, Any]) -> None:
    filed = file(partner, account)

    first = partner.post(f"/v1/service-requests/{filed['id']}/withdraw")
    again = partner.post(f"/v1/service-requests/{filed['id']}/withdraw")
    quoted = answer(api, filed, status="quoted", price=1)

    assert first.json["status"] == "withdrawn"
    assert again.json == first.json
    assert (quoted.status, quoted.json["request_status"]) == (409, "withdrawn")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "gardening"}, "kind"),
        ({"margin_percent": "-0.000001"}, "margin_percent"),
        ({"margin_percent": "1000.000001"}, "margin_percent"),
        ({"margin_percent": 25}, "margin_percent"),
        ({"description": ""}, "description"),
        ({"description": "a" * 2001}, "description"),
        ({"description": "a\x00b"}, "description"),
    ],
)
def test_what_can_not_be_filed(partner: Partner, account: dict[str, Any], given: dict[str, Any], field: str) -> None:
    body = {"account_id": account["id"], "kind": "design", "description": "Work"} | given

    assert partner.post("/v1/service-requests", body).faults.keys() == {field}


def test_borders_that_can_be_filed(partner: Partner, account: dict[str, Any]) -> None:
    filed = file(partner, account, margin_percent="1000", description="é" * 2000)

    assert (filed["margin_percent"], filed["description"]) == ("1000", "é" * 2000)
    assert file(partner, account, margin_percent="0.000001")["margin_percent"] == "0.000001"


def test_the_program_says_which_work_is_offered(api: Api, partner: Partner) -> None:
    franchise = api.partner(program="franchise")
    body = {"account_id": "acct_x", "kind": "design", "description": "Work"}

    assert "design" in partner.get("/v1/program")["services"]
    assert franchise.get("/v1/program")["services"] == ["setup", "training"]
    assert partner.post("/v1/service-requests", body).code == "not_found"


@pytest.mark.parametrize(
    "body",
    [{"status": "quoted"}, {"status": "declined", "price": 1}, {"status": "done", "price": 0}],
)
def test_a_price_goes_with_a_quote_and_with_nothing_else(
    api: Api, partner: Partner, account: dict[str, Any], body: dict[str, Any]
) -> None:
    assert answer(api, file(partner, account), **body).faults.keys() == {"price"}


def test_so_many_can_wait_and_one_that_ends_makes_room(
    api: Api, partner: Partner, account: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domain, "MOST_OPEN", 2)
    first, _ = file(partner, account), file(partner, account)
    body = {"account_id": account["id"], "kind": "setup", "description": "Work"}

    refused = partner.post("/v1/service-requests", body)
    answer(api, first, status="declined")

    assert (refused.status, refused.code) == (409, "too_many")
    assert file(partner, account)["status"] == "open"
    assert partner.post("/v1/service-requests", body).code == "too_many"


def test_the_list_is_newest_first_and_filtered(api: Api, partner: Partner, account: dict[str, Any]) -> None:
    other = partner.create(plan=TRIAL)
    made = []
    for number in range(5):
        made.insert(0, file(partner, other if number % 2 else account, key=f"k{number}")["id"])
        api.forward(seconds=1)
    answer(api, {"id": made[2]}, status="quoted", price=1)

    def ids(query: str) -> list[str]:
        return [each["id"] for each in partner.all(f"/v1/service-requests?{query}")]

    assert [ids(f"limit={limit}") for limit in (1, 2, 5, 6)] == [made] * 4
    assert [ids(f"limit={limit}&account_id={other['id']}") for limit in (1, 2)] == [[made[1], made[3]]] * 2
    assert ids("status=open&limit=1") == [made[0], made[1], made[3], made[4]]
    assert ids(f"status=quoted&account_id={account['id']}") == [made[2]]
    assert ids(f"status=quoted&account_id={other['id']}") == []


def test_the_same_request_is_filed_once(partner: Partner, account: dict[str, Any]) -> None:
    first = file(partner, account, key="k1")
    forget_answers()

    again = file(partner, account, key="k1")
    body = {"account_id": account["id"], "kind": "setup", "description": "Other"}
    forget_answers()
    reused = partner.post("/v1/service-requests", body, Idempotency_Key="k1")

    assert again == first
    assert (reused.status, reused.code) == (422, "idempotency_key_reused")
    assert [each["id"] for each in partner.all("/v1/service-requests")] == [first["id"]]


def test_no_work_is_asked_for_on_an_account_that_has_ended(api: Api, partner: Partner) -> None:
    account = partner.create()
    partner.post(f"/v1/accounts/{account['id']}/cancel")
    body = {"account_id": account["id"], "kind": "migration", "description": "Move it"}
    while_canceled = partner.post("/v1/service-requests", body)
    api.forward(days=32)
    api.run_schedules()

    ended = partner.post("/v1/service-requests", body)

    assert while_canceled.status == 201, while_canceled.text
    assert (ended.status, ended.code) == (409, "account_has_ended")


def test_each_step_is_an_event(api: Api, partner: Partner, account: dict[str, Any]) -> None:
    filed = file(partner, account)
    answer(api, filed, status="quoted", price=1000)
    partner.post(f"/v1/service-requests/{filed['id']}/accept", {"price": 1000})
    answer(api, filed, status="done")
    answer(api, filed, status="done")
    api.stream()

    history = partner.get(f"/v1/accounts/{account['id']}/events")["data"]
    events = [each for each in reversed(history) if each["type"].startswith("service_request.")]

    assert [each["type"].partition(".")[2] for each in events] == ["filed", "quoted", "accepted", "done"]
    assert (events[1]["before"], events[1]["after"]) == (
        {"status": "open", "price": None},
        {"status": "quoted", "price": {"amount": 1000, "currency": "USD"}},
    )
    assert events[1]["data"]["service_request_id"] == filed["id"]


def test_an_answer_to_what_has_changed_meanwhile_is_refused(
    api: Api, partner: Partner, account: dict[str, Any]
) -> None:
    filed = file(partner, account)
    path = f"/v1/operator/service-requests/{filed['id']}"
    etag = api.ask("GET", path, key=OPERATOR).headers["ETag"]
    partner.post(f"/v1/service-requests/{filed['id']}/withdraw")

    late = api.ask("PATCH", path, {"status": "quoted", "price": 1}, key=OPERATOR, If_Match=etag)

    assert (late.status, late.code) == (412, "changed_meanwhile")
