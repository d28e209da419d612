"""Keys with parents: what they may do, when they end, what is revoked with them; over HTTP, on moto."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.partners import api_keys as domain
from chalicelib.models.partners.api_keys import ApiKeyRow
from infra import commands
from infra import operator as command
from tests.functional.conftest import OPERATOR, PARTNER, Answer, Api, Partner

ALL = ["read", "write", "billing"]
DAY = timedelta(days=1)


def text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def key(partner: Partner, by: str | None = None, scopes: list[str] | None = None, **fields: Any) -> Any:
    body = {"name": "Till", "scopes": scopes or ALL, **fields}
    answer = partner.post("/v1/api-keys", body, key=by or partner.key)
    assert answer.status == 201, answer.text
    return answer.json


def revoke(partner: Partner, key_id: str, by: str | None = None) -> Answer:
    return partner.ask("DELETE", f"/v1/api-keys/{key_id}", key=by or partner.key)


def opens(partner: Partner, key: str) -> bool:
    return partner.ask("GET", "/v1/partner", key=key).status == 200


def test_a_key_that_expires_makes_none_that_outlives_it(partner: Partner) -> None:
    end = datetime.now(UTC).replace(microsecond=0) + 30 * DAY
    parent = key(partner, expires_at=text(end))

    child = key(partner, parent["key"])
    later = partner.post(
        "/v1/api-keys", {"name": "Till", "scopes": ALL, "expires_at": text(end + DAY)}, key=parent["key"]
    )

    assert child["expires_at"] == text(end)
    assert child["parent_id"] == parent["id"]
    assert text(end) in later.faults["expires_at"]
    partner.api.forward(days=30)
    assert not opens(partner, child["key"])


def test_revoking_a_key_revokes_its_family_at_once_and_nobody_else(partner: Partner) -> None:
    mother, sister = key(partner), key(partner)
    child = key(partner, mother["key"], ["read", "write"])
    grandchild = key(partner, child["key"], ["read"])

    assert revoke(partner, mother["id"]).status == 204

    assert not any(opens(partner, each["key"]) for each in (mother, child, grandchild))
    assert opens(partner, sister["key"])
    listed = {each["id"]: each for each in partner.all("/v1/api-keys?limit=2")}
    ended = {each["id"] for each in listed.values() if each["revoked_at"]}
    assert ended == {mother["id"], child["id"], grandchild["id"]}
    assert listed[grandchild["id"]]["parent_id"] == child["id"]


def test_a_key_revokes_no_key_that_may_do_more(partner: Partner) -> None:
    wide = key(partner)
    narrow = key(partner, scopes=["read", "write"])
    first = next(each for each in partner.all("/v1/api-keys") if each["parent_id"] is None)

    for target in (wide, first):
        answer = revoke(partner, target["id"], by=narrow["key"])
        assert (answer.status, answer.code) == (403, "insufficient_scope")
        assert "billing" in answer.json["detail"]
    assert revoke(partner, narrow["id"], by=narrow["key"]).status == 204
    assert opens(partner, wide["key"])


def test_another_partners_key_is_not_there(api: Api, partner: Partner) -> None:
    other = api.partner(**PARTNER | {"name": "Other"})
    theirs = key(other)

    assert revoke(partner, theirs["id"]).code == "not_found"
    assert opens(other, theirs["key"])


def test_a_key_and_its_ancestors_are_looked_up_in_two_reads(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    child = key(partner, key(partner, key(partner)["key"])["key"])
    opens(partner, child["key"])  # its use is noted
    reads: list[str] = []
    get, batch = ApiKeyRow.get, ApiKeyRow.batch_get
    monkeypatch.setattr(ApiKeyRow, "get", lambda *a, **k: reads.append("one") or get(*a, **k))
    monkeypatch.setattr(ApiKeyRow, "batch_get", lambda *a, **k: reads.append("several") or batch(*a, **k))

    assert opens(partner, child["key"])
    assert reads == ["one", "several"]
    reads.clear()
    assert opens(partner, partner.key)
    assert reads in (["one"], ["one", "one"])


def test_a_family_of_keys_has_five_generations(partner: Partner) -> None:
    youngest = partner.key
    for _ in range(domain.MOST_GENERATIONS - 1):
        youngest = key(partner, youngest)["key"]

    answer = partner.post("/v1/api-keys", {"name": "Sixth", "scopes": ["read"]}, key=youngest)

    assert (answer.status, answer.code) == (409, "too_many_generations")
    assert opens(partner, youngest)


def test_a_repeated_request_for_a_key_is_the_same_key_and_another_one_is_refused(partner: Partner) -> None:
    body = {"name": "Till", "scopes": ["read"], "expires_at": text(datetime.now(UTC) + 2 * DAY)}

    first = partner.post("/v1/api-keys", body, Idempotency_Key="k1")
    partner.api.forward(days=1, hours=1)
    again = partner.post("/v1/api-keys", body, Idempotency_Key="k1")
    other = partner.post("/v1/api-keys", body | {"expires_at": None, "name": "Other"}, Idempotency_Key="k1")

    assert again.json == first.json | {"key": None}
    assert other.code == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/webhooks"),
        ("PATCH", "/v1/webhooks/{id}"),
        ("DELETE", "/v1/webhooks/{id}"),
        ("POST", "/v1/webhooks/{id}/rotate-secret"),
    ],
)
def test_who_may_not_read_has_no_events_sent_anywhere(partner: Partner, method: str, path: str) -> None:
    body = {"url": "https://hooks.agency.example/sublet"}
    webhook = partner.post("/v1/webhooks", body).json
    writer = key(partner, scopes=["write"])["key"]

    answer = partner.ask(method, path.replace("{id}", webhook["id"]), body, key=writer)

    assert (answer.status, answer.code) == (403, "insufficient_scope")
    assert answer.json["needed_scope"] == "read"


def operator(api: Api, method: str, path: str = "", body: Any = None, key: str = OPERATOR) -> Answer:
    return api.ask(method, f"/v1/operator/api-keys{path}", body, key=key)


def test_operator_keys_expire_are_listed_and_are_revoked(api: Api) -> None:
    now = datetime.now(UTC)

    made = operator(api, "POST", body={"name": "Anna"}).json

    assert abs(datetime.fromisoformat(made["expires_at"]) - now - 90 * DAY) < timedelta(minutes=1)
    assert made["scopes"] == ["operator"]
    assert operator(api, "GET", key=made["key"]).status == 200
    listed = operator(api, "GET").json["data"]
    assert [each["name"] for each in listed] == ["Operator", "Anna"]
    assert all("key" not in each for each in listed)
    assert operator(api, "DELETE", f"/{made['id']}").status == 204
    assert operator(api, "GET", key=made["key"]).status == 401


def test_an_operator_key_opens_nothing_once_it_has_ended(api: Api) -> None:
    made = operator(api, "POST", body={"name": "Anna"}).json

    api.forward(days=90, minutes=-1)
    assert operator(api, "GET", key=made["key"]).status == 200
    api.forward(minutes=2)
    assert operator(api, "GET", key=made["key"]).status == 401


def test_an_operator_key_of_more_than_a_year_is_refused(api: Api) -> None:
    latest = datetime.now(UTC) + 365 * DAY
    far = text(latest + DAY)

    message = operator(api, "POST", body={"name": "Anna", "expires_at": far}).faults["expires_at"]

    assert f"must not be after {latest:%Y-%m-%dT}" in message


def test_no_partner_sees_or_revokes_an_operators_key(api: Api, partner: Partner) -> None:
    made = operator(api, "POST", body={"name": "Anna"}).json

    assert revoke(partner, made["id"]).code == "not_found"
    assert operator(api, "DELETE", f"/{made['id']}", key=partner.key).code == "insufficient_scope"
    assert operator(api, "DELETE", f"/{partner.get('/v1/partner')['key_id']}").code == "not_found"
    assert made["id"] not in str(partner.get("/v1/api-keys"))


def test_a_partner_that_revoked_its_last_key_gets_another_from_an_operator(api: Api, partner: Partner) -> None:
    first = partner.get("/v1/partner")["key_id"]
    assert revoke(partner, first).status == 204

    path = f"/v1/operator/partners/{partner.id}/api-keys"
    made = api.ask("POST", path, {"name": "Begin anew"}, key=OPERATOR).json

    assert opens(partner, made["key"])
    assert (made["parent_id"], made["scopes"]) == (None, ALL)
    assert api.ask("POST", path.replace(partner.id, "prt_x"), {"name": "No"}, key=OPERATOR).code == "not_found"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = command.main([*arguments])
    output = capsys.readouterr()
    return code, output.out + output.err


def test_the_command_makes_lists_and_revokes_operator_keys(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("infra.commands.take_on", lambda **_: None)
    monkeypatch.setenv("COLUMNS", "200")

    code, made = run(capsys, "create", "--name", "Anna", "--days", "30")
    assert (code, operator(api, "GET", key=made.strip()).status) == (0, 200)
    code, table = run(capsys, "list")
    assert code == 0
    assert "Anna" in table
    assert made.strip() not in table
    key_id = operator(api, "GET").json["data"][-1]["id"]
    code, _ = run(capsys, "revoke", key_id)
    assert (code, operator(api, "GET", key=made.strip()).status) == (0, 401)
    assert "revoked" in run(capsys, "list")[1]
    assert run(capsys, "revoke", "key_x") == (1, "There is no API key key_x.\n")
    assert run(capsys, "create", "--days", "0")[0] == 1


@pytest.mark.parametrize("days", ["0", "-1", "99999999999"])
def test_the_command_refuses_an_end_that_no_key_can_have(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], days: str
) -> None:
    monkeypatch.setattr("infra.commands.take_on", lambda **_: None)

    code, output = run(capsys, "create", "--days", days)

    assert code == commands.REFUSED
    assert "must" in output
    assert len(operator(api, "GET").json["data"]) == 1
