"""An account gets a domain of its client's own; over HTTP, on moto."""

from typing import Any

import pytest

from tests.functional.conftest import TRIAL, Answer, Api, Partner


def of(account: Any) -> str:
    return f"/v1/accounts/{account['id']}/domain"


def put(partner: Partner, account: Any, domain: str) -> Answer:
    return partner.ask("PUT", of(account), {"domain": domain})


def verify(partner: Partner, account: Any) -> Answer:
    return partner.post(f"{of(account)}/verify")


@pytest.fixture
def account(partner: Partner) -> Any:
    return partner.create(plan=TRIAL)


def test_a_domain_is_pending_then_verified_and_the_client_logs_in_there(partner: Partner, account: Any) -> None:
    target = f"{account['name']}.example.com"
    assert partner.get(of(account)) == {"domain": None, "state": None, "target": target, "found": None}

    pending = put(partner, account, "mail.acme.test").json
    assert (pending["domain"], pending["state"], pending["target"]) == ("mail.acme.test", "pending", target)
    assert partner.get(f"/v1/accounts/{account['id']}")["login_url"] == account["login_url"]

    verified = verify(partner, account).json
    assert (verified["state"], verified["found"]) == ("verified", [target])
    read = partner.get(f"/v1/accounts/{account['id']}")
    assert (read["custom_domain"], read["login_url"]) == ("mail.acme.test", "https://mail.acme.test")
    (listed,) = partner.get("/v1/accounts")["data"]
    assert listed["login_url"] == "https://mail.acme.test"

    assert partner.ask("DELETE", of(account)).status == 204
    read = partner.get(f"/v1/accounts/{account['id']}")
    assert (read["custom_domain"], read["login_url"]) == (None, account["login_url"])


def test_a_domain_that_leads_elsewhere_has_failed_and_can_be_tried_again(partner: Partner, account: Any) -> None:
    put(partner, account, "elsewhere.acme.test")

    failed = [verify(partner, account).json for _ in range(2)]

    assert [(domain["state"], domain["found"]) for domain in failed] == [("failed", ["elsewhere.example"])] * 2
    assert put(partner, account, "mail.acme.test").json["state"] == "pending"
    assert verify(partner, account).json["state"] == "verified"


def test_no_answer_from_the_name_servers_changes_nothing(partner: Partner, account: Any) -> None:
    put(partner, account, "unreachable.acme.test")

    answer = verify(partner, account)

    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "look_up_unavailable", "60")
    assert partner.get(of(account))["state"] == "pending"


def test_claiming_a_domain_keeps_its_owner_out_of_nothing(api: Api, partner: Partner, account: Any) -> None:
    hostile = api.partner()
    claimed = hostile.create(plan=TRIAL)
    put(hostile, claimed, "elsewhere.acme.test")
    put(hostile, claimed, "mail.acme.test")
    put(partner, account, "mail.acme.test")

    assert verify(partner, account).json["state"] == "verified"
    assert verify(hostile, claimed).code == "domain_taken"
    assert hostile.get(of(claimed))["state"] == "pending"
    partner.ask("DELETE", of(account))
    assert verify(hostile, claimed).json["state"] == "verified"


def test_another_domain_sets_the_verified_one_free(partner: Partner, account: Any) -> None:
    other = partner.create(plan=TRIAL)
    put(partner, account, "mail.acme.test")
    verify(partner, account)
    put(partner, account, "post.acme.test")
    put(partner, other, "mail.acme.test")

    assert verify(partner, other).json["state"] == "verified"
    assert verify(partner, account).json["state"] == "verified"


def test_the_same_domain_again_stays_verified(partner: Partner, account: Any) -> None:
    put(partner, account, "mail.acme.test")
    verify(partner, account)

    assert put(partner, account, "MAIL.acme.test.").json["state"] == "verified"


@pytest.mark.parametrize(
    ("domain", "kept"),
    [
        ("Mail.Acme.TEST", "mail.acme.test"),
        ("post.bücher.test", "post.xn--bcher-kva.test"),
        ("بريد.مثال.test", "xn--ngbof4h.xn--mgbh0fb.test"),
        ("post.acme.xn--p1ai", "post.acme.xn--p1ai"),
    ],
    ids=["capitals", "German", "Arabic", "a top level of its own script"],
)
def test_a_domain_is_kept_in_ascii(partner: Partner, account: Any, domain: str, kept: str) -> None:
    assert put(partner, account, domain).json["domain"] == kept


@pytest.mark.parametrize(
    "domain",
    [
        "acme",
        "127.0.0.1",
        "[::1]",
        "https://mail.acme.test",
        "mail.acme.test/x",
        "mail_1.acme.test",
        "-mail.acme.test",
        "mail..acme.test",
        "a" * 64 + ".test",
        "a." * 126 + "te",
        "example.com",
        "other.example.com",
        "💩.test",
        "mail.\u202eemca.test",
        "mail.acme.1",
    ],
)
def test_what_is_no_domain_of_the_clients_is_refused(partner: Partner, account: Any, domain: str) -> None:
    assert "domain" in put(partner, account, domain).faults


def test_a_new_account_takes_no_domain_of_ours(partner: Partner) -> None:
    answer = partner.post("/v1/accounts", partner.wanted(plan=TRIAL, custom_domain="other.example.com"))

    assert "custom_domain" in answer.faults


def test_an_account_without_a_domain_has_nothing_to_verify(partner: Partner, account: Any) -> None:
    assert verify(partner, account).code == "no_domain"


def test_each_change_of_a_domain_is_an_event(api: Api, partner: Partner, account: Any) -> None:
    put(partner, account, "mail.acme.test")
    verify(partner, account)
    partner.ask("DELETE", of(account))
    api.stream()

    events = partner.get(f"/v1/accounts/{account['id']}/events")["data"][::-1]

    assert [event["type"] for event in events] == [
        "account.created",
        "account.domain_changed",
        "account.domain_verified",
        "account.domain_removed",
    ]
    assert events[2]["after"] == {"domain_state": "verified"}
