"""A client logs in, is locked out, changes its password; over HTTP, on moto."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.services.accounts import passwords
from tests.functional.conftest import TRIAL, Answer, Api, Partner, table_rows


@pytest.fixture
def account(partner: Partner) -> Any:
    return partner.create(plan=TRIAL)


def log_in(api: Api, of: Any, password: str | None = None, **overrides: Any) -> Answer:
    body = {
        "account": of["name"],
        "username": "admin",
        "password": password or of["credentials"]["password"],
    }
    return api.ask("POST", "/public/login", body | overrides, key=None)


def change(api: Api, account: Any, new_password: str, **overrides: Any) -> Answer:
    credentials = account["credentials"]
    body = {"account": account["name"], "username": "admin", "password": credentials["password"]}
    return api.ask("POST", "/public/password", body | {"new_password": new_password} | overrides, key=None)


def session(api: Api, token: str) -> Answer:
    return api.ask("GET", "/public/session", key=token)


def test_the_password_shown_once_opens_a_session_of_twelve_hours(api: Api, account: Any) -> None:
    answer = log_in(api, account)

    assert answer.status == 200
    assert answer.json.keys() == {"token", "product_token", "expires_at"}
    opened = session(api, answer.json["token"])
    assert opened.json == {
        "account_id": account["id"],
        "account": account["name"],
        "username": "admin",
        "opened_by": "client",
        "expires_at": answer.json["expires_at"],
    }
    api.forward(hours=11, minutes=59)
    assert session(api, answer.json["token"]).status == 200
    api.forward(minutes=1)
    assert session(api, answer.json["token"]).code == "session_over"


@pytest.mark.parametrize(
    "wrong",
    [{"password": "not the password"}, {"username": "root"}, {"account": "nobody-has-this"}, {"account": "💩"}],
    ids=["password", "user", "account", "no name at all"],
)
def test_the_answer_does_not_say_what_is_wrong(api: Api, account: Any, wrong: dict[str, str]) -> None:
    answer, reference = log_in(api, account, **wrong), log_in(api, account, "a wrong one")

    assert (answer.status, answer.code) == (401, "wrong_credentials")
    assert answer.json | {"request_id": ""} == reference.json | {"request_id": ""}


def test_five_wrong_passwords_lock_for_five_minutes_even_the_right_one(api: Api, account: Any) -> None:
    assert [log_in(api, account, f"wrong {n}").status for n in range(5)] == [401] * 5

    locked = log_in(api, account)
    assert (locked.status, locked.code) == (429, "too_many_tries")
    assert 0 < int(locked.headers["Retry-After"]) <= 300
    api.forward(minutes=4, seconds=50)
    assert log_in(api, account).status == 429
    api.forward(seconds=11)
    assert log_in(api, account).status == 200


def test_a_success_sets_the_count_back(api: Api, account: Any) -> None:
    for _ in range(2):
        assert [log_in(api, account, "wrong").status for _ in range(4)] == [401] * 4
        assert log_in(api, account).status == 200


def test_a_name_nobody_has_is_locked_alike(api: Api, account: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str | None] = []
    matches = passwords.matches
    monkeypatch.setattr(
        passwords, "matches", lambda password, hashed: compared.append(hashed) or matches(password, hashed)
    )
    nobody = {"account": "nobody-has-this"}

    known = [log_in(api, account, "wrong") for _ in range(7)]
    unknown = [log_in(api, account, "wrong", **nobody) for _ in range(7)]

    assert [answer.status for answer in known] == [answer.status for answer in unknown] == [401] * 5 + [429] * 2
    assert [answer.code for answer in known] == [answer.code for answer in unknown]
    assert len(compared) == 10, "five guesses each, compared with a hash even where there is no account"


def test_the_count_says_nothing_of_the_name_and_ends(api: Api, account: Any) -> None:
    log_in(api, account, "wrong", account="nobody-has-this")
    log_in(api, account, "wrong")

    rows = table_rows()["sublet-guards"]

    assert len(rows) == 2
    assert not [row for row in rows if "nobody" in str(row) or account["name"] in str(row)]
    assert all(int(row["expires_at"]["N"]) > 0 for row in rows)


def test_a_changed_password_ends_the_old_one_and_its_sessions(api: Api, account: Any) -> None:
    before = log_in(api, account).json["token"]

    changed = change(api, account, "  pässword with spaces ")

    assert changed.status == 200
    assert session(api, before).code == "session_over"
    assert session(api, changed.json["token"]).status == 200
    assert log_in(api, account).status == 401
    assert log_in(api, account, "  pässword with spaces ").status == 200
    assert log_in(api, account, "pässword with spaces").status == 401
    api.stream()


def test_a_changed_password_is_an_event_of_the_clients(api: Api, partner: Partner, account: Any) -> None:
    change(api, account, "another password")
    api.stream()

    (event,) = partner.get("/v1/events?type=account.password_changed")["data"]

    assert (event["actor"], event["account_id"]) == ("client", account["id"])
    assert event["data"] == {"account_id": account["id"], "by": "change"}


def test_guessing_by_changing_is_guessing(api: Api, account: Any) -> None:
    assert [change(api, account, "another password", password="wrong").status for _ in range(5)] == [401] * 5

    assert change(api, account, "another password").status == 429
    assert log_in(api, account).status == 429


@pytest.mark.parametrize(
    ("new_password", "message"),
    [
        ("nine char", "must have at least 10 characters"),
        ("a" * 257, "must have at most 256 characters"),
        ("ten\x00chars\x00", "must not contain control characters"),
        (" " * 10, "must have at least 10 characters, blanks at its ends not counted"),
        ("    acme    ", "must have at least 10 characters, blanks at its ends not counted"),
        ("a" * 12, "must have at least 4 different characters besides blanks"),
    ],
    ids=["too short", "too long", "control characters", "ten blanks", "padded with blanks", "one character"],
)
def test_a_new_password_has_its_bounds(api: Api, account: Any, new_password: str, message: str) -> None:
    assert change(api, account, new_password).faults == {"new_password": message}


@pytest.mark.parametrize(
    "new_password", ["abcd123456", "💩🎈🎉🎀" * 64, "مرحبا بكم في"], ids=["shortest", "longest", "Arabic"]
)
def test_a_new_password_is_taken_whole(api: Api, account: Any, new_password: str) -> None:
    assert change(api, account, new_password).status == 200
    assert log_in(api, account, new_password[:-1] + "x").status == 401
    assert log_in(api, account, new_password).status == 200


def test_a_canceled_account_can_be_logged_in_to_until_its_period_ends(api: Api, partner: Partner) -> None:
    account = partner.create()
    partner.post(f"/v1/accounts/{account['id']}/cancel", {})

    answer = log_in(api, account)
    assert answer.status == 200
    api.forward(days=32)
    api.run_schedules()
    refused = log_in(api, account)

    assert (refused.status, refused.code) == (409, "transition_refused")
    assert refused.json["account_status"] == "expired"
    assert refused.json["action"] == "login"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.", "é" * 3000])
def test_what_is_no_token_opens_nothing(api: Api, token: str) -> None:
    assert session(api, token).code == "session_over"


def test_a_password_leaves_no_trace_among_the_answers_kept(api: Api, account: Any) -> None:
    for _ in range(2):
        answer = api.ask(
            "POST",
            "/public/login",
            {"account": account["name"], "username": "admin", "password": account["credentials"]["password"]},
            key=None,
            Idempotency_Key="again",
        )
        assert answer.json["token"]

    kept = table_rows()["sublet-idempotency"]

    assert kept == []


def test_the_clock_moved_ahead_ends_the_lock(api: Api, account: Any) -> None:
    for _ in range(5):
        log_in(api, account, "wrong")

    api.forward(seconds=timedelta(minutes=6).total_seconds())

    assert log_in(api, account).status == 200


def test_a_weak_new_password_is_no_guess_and_ends_no_session(api: Api, account: Any) -> None:
    token = log_in(api, account).json["token"]

    for _ in range(6):
        assert change(api, account, " " * 10).status == 422

    assert session(api, token).status == 200
    assert log_in(api, account).status == 200


def test_two_log_ins_in_one_second_get_different_tokens(api: Api, account: Any) -> None:
    tokens = {log_in(api, account).json["token"] for _ in range(3)}

    assert len(tokens) == 3


def log_out(api: Api, token: str | None) -> Answer:
    return api.ask("POST", "/public/logout", key=token)


def test_logging_out_ends_this_session_and_no_other(api: Api, account: Any) -> None:
    one, other = (log_in(api, account).json["token"] for _ in range(2))

    answer = log_out(api, one)

    assert (answer.status, answer.text) == (204, "")
    assert session(api, one).code == "session_over"
    assert log_out(api, one).code == "session_over"
    assert session(api, other).status == 200
    api.stream()


@pytest.mark.parametrize("token", [None, "", "x", "a.b.c"], ids=["none", "empty", "one word", "no signature"])
def test_there_is_nothing_to_log_out_of_without_a_session(api: Api, token: str | None) -> None:
    assert (log_out(api, token).status, log_out(api, token).code) == (401, "session_over")


def test_a_session_logged_out_of_while_its_account_is_disabled_does_not_come_back(
    api: Api, partner: Partner, account: Any
) -> None:
    token = log_in(api, account).json["token"]
    partner.post(f"/v1/accounts/{account['id']}/disable", {})

    assert log_out(api, token).status == 204

    partner.post(f"/v1/accounts/{account['id']}/enable")
    assert session(api, token).code == "session_over"


def test_a_client_with_a_session_still_needs_its_present_password(api: Api, account: Any) -> None:
    token = log_in(api, account).json["token"]

    answer = api.ask("POST", "/public/password", {"new_password": "another password"}, key=token)

    assert list(answer.faults) == ["account", "username", "password"]
    assert "login link" in answer.faults["password"]


def test_a_password_is_not_changed_without_a_session_or_the_present_one(api: Api, account: Any) -> None:
    def change_by(body: dict[str, str], key: str | None = None) -> Answer:
        return api.ask("POST", "/public/password", {"new_password": "another password"} | body, key=key)

    assert list(change_by({}).faults) == ["account", "username", "password"]
    assert list(change_by({"account": account["name"]}).faults) == ["username", "password"]
    assert change_by({}, key="x").code == "session_over"
