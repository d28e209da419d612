"""Usage against limits: reported by the product's platform, read by the partner (docs/rules.md §5)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.api import clock
from chalicelib.domain.accounts.accounts import Status
from chalicelib.domain.catalog.programs import Program
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.services.accounts import usage
from chalicelib.services.partners import partners
from tests.functional.conftest import OPERATOR, TRIAL, Answer, Api, Partner, table_rows

CHILD = {
    "pricing_version": "Franchise",
    "product": "ACHQ",
    "tier": "standard",
    "contacts": 500,
    "billing_frequency": "annual",
}


def report(api: Api, account: dict[str, Any], body: Any = None, **used: Any) -> Answer:
    path = f"/v1/operator/accounts/{account['id']}/usage"
    return api.ask("PUT", path, body or {"active_contacts": 10} | used, key=OPERATOR)


def reported(api: Api, account: dict[str, Any], contacts: int, **used: Any) -> Any:
    answer = report(api, account, active_contacts=contacts, **used)
    assert answer.status == 200, answer.text
    return answer.json


def contract(api: Api, partner: Partner, contacts: int | None) -> Answer:
    return api.ask("PUT", f"/v1/operator/partners/{partner.id}/contract", {"contacts": contacts}, key=OPERATOR)


def told_over(api: Api, partner: Partner) -> list[tuple[str, Any]]:
    """The events of going over, oldest first."""
    api.stream()
    events = [each for each in partner.all("/v1/events") if each["type"].endswith("contacts_over")]
    return [(each["type"], each["data"]) for each in events[::-1]]


def at(**ago: int) -> str:
    return (clock.now() - timedelta(**ago)).isoformat().replace("+00:00", "Z")


@pytest.fixture
def headquarters(api: Api) -> Partner:
    return api.partner(program="franchise")


@pytest.fixture
def children(headquarters: Partner) -> list[dict[str, Any]]:
    return [headquarters.create(plan=CHILD, billing_profile_id=None) for _ in range(3)]


def test_an_account_that_was_never_reported_on_has_its_limits_all_the_same(partner: Partner) -> None:
    account = partner.create()

    shown = partner.get(f"/v1/accounts/{account['id']}/usage")

    assert shown == {
        "account_id": account["id"],
        "reported_at": None,
        "contacts": {"used": None, "limit": 1000, "over": False},
        "limits": [
            {"name": name, "used": None, "limit": limit, "over": False}
            for name, limit in sorted(account["plan"]["limits"].items())
        ],
        "pooled": None,
        "credits": [],
    }


def test_what_the_platform_reports_is_held_against_the_limits(api: Api, partner: Partner) -> None:
    account = partner.create()
    sends = account["plan"]["limits"]["email_sends"]

    answered = reported(api, account, 1001, email_sends=sends + 1, activities=0)

    assert partner.get(f"/v1/accounts/{account['id']}/usage") == answered
    assert answered["reported_at"] is not None
    assert answered["contacts"] == {"used": 1001, "limit": 1000, "over": True}
    assert {each["name"]: (each["used"], each["over"]) for each in answered["limits"]} == {
        "activities": (0, False),
        "custom_reports": (None, False),
        "email_sends": (sends + 1, True),
    }


def test_a_report_leaves_the_account_as_it_is(api: Api, partner: Partner) -> None:
    account = partner.create()
    before = table_rows()["sublet-accounts"]

    reported(api, account, 5000)

    assert table_rows()["sublet-accounts"] == before


def test_an_older_report_does_not_overwrite_a_newer_one(api: Api, partner: Partner) -> None:
    account = partner.create()
    newer = reported(api, account, 20, at=at(hours=1))
    rows = table_rows()

    older = reported(api, account, 30, at=at(hours=2))
    again = reported(api, account, 20, at=newer["reported_at"])

    assert older == again == newer
    assert table_rows() == rows


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({"active_contacts": 1, "logins": 2}, ("logins", "active_contacts, activities, custom_reports, email_sends")),
        ({"active_contacts": -1}, ("active_contacts", "0")),
        ({"active_contacts": 1, "email_sends": 1.5}, ("email_sends", "")),
        ({"active_contacts": 1, "email_sends": True}, ("email_sends", "")),
        ({"active_contacts": 10**30}, ("active_contacts", "")),
        ({"email_sends": 1}, ("active_contacts", "")),
        ({"active_contacts": 1, "at": "2999-01-01T00:00:00Z"}, ("at", "future")),
        ({"active_contacts": 1} | {f"limit_{n}": 1 for n in range(40_000)}, ("limit_0", "known are")),
    ],
    ids=["unknown", "negative", "a part", "a truth", "huge", "no contacts", "future", "a flood"],
)
def test_what_can_not_be_is_refused(api: Api, partner: Partner, body: dict[str, Any], fault: tuple[str, str]) -> None:
    answer = report(api, partner.create(plan=TRIAL), body)

    assert fault[1] in answer.faults[fault[0]]
    assert len(answer.text) < 10_000


def test_going_over_is_one_event_per_crossing(api: Api, partner: Partner) -> None:
    account = partner.create()

    for contacts in (1000, 1001, 1002, 1000, 1003):
        reported(api, account, contacts)

    data = {"account_id": account["id"], "limit": 1000}
    assert told_over(api, partner) == [
        ("account.contacts_over", data | {"used": 1001}),
        ("account.contacts_over", data | {"used": 1003}),
    ]


def test_a_headquarters_contacts_are_summed_and_held_against_its_contract(
    api: Api, headquarters: Partner, children: list[dict[str, Any]]
) -> None:
    agreed = contract(api, headquarters, 1000)
    for child, contacts in zip(children, (700, 300, 0), strict=True):
        within = reported(api, child, contacts)
    over = reported(api, children[2], 1)
    reported(api, children[2], 2)
    raised = contract(api, headquarters, 2000)
    contract(api, headquarters, 1000)

    assert agreed.json["contacts"] == {"used": 0, "limit": 1000, "over": False}
    assert within["pooled"] == {"used": 1000, "limit": 1000, "over": False}
    assert over["pooled"] == {"used": 1001, "limit": 1000, "over": True}
    assert raised.json["contacts"] == {"used": 1002, "limit": 2000, "over": False}
    assert headquarters.get("/v1/partner")["contacts"] == {"used": 1002, "limit": 1000, "over": True}
    seen = headquarters.get(f"/v1/accounts/{children[0]['id']}/usage")
    assert seen["contacts"] == {"used": 700, "limit": None, "over": False}  # its own tier is 500
    data = {"partner_id": headquarters.id, "limit": 1000}
    assert told_over(api, headquarters) == [
        ("partner.contacts_over", data | {"used": 1001}),
        ("partner.contacts_over", data | {"used": 1002}),
    ]


def test_reports_at_once_all_count(api: Api, headquarters: Partner, children: list[dict[str, Any]]) -> None:
    contract(api, headquarters, 500)
    now = clock.now()

    def one(n: int) -> None:
        usage.report(
            account_id=children[n % 3]["id"],
            contacts=100 + n,
            limits={},
            at=now - timedelta(minutes=20 - n),
            now=now,
            actor="operator",
        )

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(one, range(12)))

    assert headquarters.get("/v1/partner")["contacts"]["used"] == 109 + 110 + 111
    assert told_over(api, headquarters) == []


def test_an_account_that_ends_leaves_the_sum_and_one_that_comes_back_is_in_it(
    api: Api, headquarters: Partner, children: list[dict[str, Any]]
) -> None:
    for child in children:
        reported(api, child, 100)
    gone = children[0]
    path = f"/v1/accounts/{gone['id']}"

    headquarters.post(f"{path}/cancel")
    api.stream()
    canceled = headquarters.get("/v1/partner")["contacts"]["used"]
    api.forward(days=366)
    api.run_schedules()
    api.stream()
    expired = headquarters.get("/v1/partner")["contacts"]["used"]
    late = reported(api, gone, 5000)
    revived = headquarters.ask("PUT", f"{path}/plan", {"plan": CHILD | {"contacts": 1000}})
    changes = api.stream()
    api.invoke("publish_changes", {"Records": changes})

    assert (canceled, expired) == (300, 200)
    assert late["contacts"]["used"] == 5000
    assert late["pooled"]["used"] == 200
    assert revived.status == 200, revived.text
    assert headquarters.get("/v1/partner")["contacts"]["used"] == 5200


def test_an_account_that_ends_during_a_report_is_not_counted(
    api: Api, headquarters: Partner, children: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    read, ending = partners.program_of, [children[0]["id"]]

    def read_while_it_ends(*, partner_id: str) -> Program:
        if ending:
            AccountRow.get(ending.pop()).update(actions=[AccountRow.status.set(Status.EXPIRED)])
        return read(partner_id=partner_id)

    monkeypatch.setattr(partners, "program_of", read_while_it_ends)
    shown = reported(api, children[0], 100)

    assert shown["contacts"]["used"] == 100
    assert shown["pooled"]["used"] == 0


def test_a_contract_is_for_programs_that_pool(api: Api, partner: Partner) -> None:
    refused = contract(api, partner, 1000)

    assert (refused.status, refused.code) == (409, "contacts_not_pooled")
    assert partner.get("/v1/partner")["contacts"] is None
