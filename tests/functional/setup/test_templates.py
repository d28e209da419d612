"""Campaign templates: made, passed on by link within one partner, deleted (docs/rules.md §12)."""

import json
from typing import Any

import pytest

from tests.functional.conftest import SANDBOX, TRIAL, Api, Partner, table_rows

LETTER = {"name": "Welcome", "subject": "Hello", "html": "<p>\n\tHello, Żółć 💌\n</p>"}


def template_of(partner: Partner, account: dict[str, Any], **overrides: Any) -> Any:
    answer = partner.post(f"/v1/accounts/{account['id']}/templates", LETTER | overrides)
    assert answer.status == 201, answer.text
    return answer.json


def link_to(partner: Partner, template: dict[str, Any]) -> str:
    answer = partner.post(f"/v1/templates/{template['id']}/share-link")
    assert answer.status == 201, answer.text
    url: str = answer.json["url"]
    return url


def test_a_template_is_kept_to_the_letter_and_listed_without_its_content(partner: Partner) -> None:
    account = partner.create(plan=TRIAL)
    made = template_of(partner, account)

    listed = partner.all(f"/v1/accounts/{account['id']}/templates?limit=1")

    assert partner.get(f"/v1/templates/{made['id']}") == made
    assert made["html"] == LETTER["html"]
    assert listed == [{name: value for name, value in made.items() if name != "html"}]


def test_another_account_of_mine_imports_it_by_its_link(partner: Partner) -> None:
    one, other = partner.create(plan=TRIAL), partner.create(plan=TRIAL)
    made = template_of(partner, one)
    link = link_to(partner, made)

    imported = partner.post(f"/v1/accounts/{other['id']}/templates/import", {"link": link})
    twice = partner.post(f"/v1/accounts/{other['id']}/templates/import", {"link": link})
    renamed = partner.post(f"/v1/accounts/{other['id']}/templates/import", {"link": link, "name": "Welcome 2"})
    partner.ask("DELETE", f"/v1/templates/{made['id']}")

    assert imported.status == 201, imported.text
    assert (twice.code, renamed.status) == ("name_in_use", 201)
    kept = partner.get(f"/v1/templates/{imported.json['id']}")
    assert (kept["account_id"], kept["subject"], kept["html"]) == (other["id"], "Hello", LETTER["html"])


def test_links_that_lead_nowhere_are_all_refused_alike(api: Api, partner: Partner) -> None:
    one, other = partner.create(plan=TRIAL), partner.create(plan=TRIAL)
    stranger = api.partner()
    theirs = link_to(stranger, template_of(stranger, stranger.create(plan=TRIAL)))
    made = template_of(partner, one)
    ended, deleted = link_to(partner, made), template_of(partner, one, name="Other")
    of_deleted = link_to(partner, deleted)
    partner.ask("DELETE", f"/v1/templates/{deleted['id']}")
    path = f"/v1/accounts/{other['id']}/templates/import"
    api.forward(days=7)

    faults = [
        partner.post(path, {"link": link}).faults for link in (theirs, ended, of_deleted, "https://x.example/", "🦊")
    ]

    assert faults == [{"link": "leads to no template of yours: ask for a new one, links end after 7 days"}] * 5


def test_a_link_is_good_until_its_last_second(api: Api, partner: Partner) -> None:
    one, other = partner.create(plan=TRIAL), partner.create(plan=TRIAL)
    link = link_to(partner, template_of(partner, one))
    api.forward(days=6, hours=23, minutes=59)

    assert partner.post(f"/v1/accounts/{other['id']}/templates/import", {"link": link}).status == 201


def test_an_account_does_not_import_its_own(partner: Partner) -> None:
    account = partner.create(plan=TRIAL)
    made = template_of(partner, account)

    refused = partner.post(f"/v1/accounts/{account['id']}/templates/import", {"link": link_to(partner, made)})

    assert refused.faults == {"link": f"leads to {made['id']}, which {account['id']} has already"}


def test_a_link_is_shown_once_and_kept_nowhere(partner: Partner) -> None:
    made = template_of(partner, partner.create(plan=TRIAL))
    first = partner.post(f"/v1/templates/{made['id']}/share-link", Idempotency_Key="k1")
    again = partner.post(f"/v1/templates/{made['id']}/share-link", Idempotency_Key="k1")

    assert again.json == first.json | {"url": None}
    assert first.json["url"].rpartition("/")[2] not in json.dumps(table_rows(), default=str)


def test_a_template_is_of_a_bearable_size_and_an_account_has_20(partner: Partner) -> None:
    account = partner.create(plan=TRIAL)
    path = f"/v1/accounts/{account['id']}/templates"
    for number in range(20):
        template_of(partner, account, name=f"No. {number}")

    assert partner.post(path, LETTER | {"html": "x" * 100_001}).faults.keys() == {"html"}
    assert partner.post(path, LETTER | {"html": "ż" * 50_001}).faults.keys() == {"html"}
    assert partner.post(path, LETTER | {"html": "a\x00b"}).faults.keys() == {"html"}
    assert partner.post(path, LETTER | {"name": "a\nb"}).faults.keys() == {"name"}
    assert partner.post(path, LETTER | {"html": "ż" * 50_000}).code == "too_many"


def test_a_snapshot_keeps_copies_that_nobody_can_ask_for(partner: Partner) -> None:
    sandbox = partner.create(plan=SANDBOX)
    one = template_of(partner, sandbox)
    template_of(partner, sandbox, name="Farewell")
    made = partner.post("/v1/snapshots", {"account_id": sandbox["id"], "name": "Shop"}).json
    partner.ask("DELETE", f"/v1/templates/{one['id']}")

    again = partner.get(f"/v1/snapshots/{made['id']}")
    copies = [row["id"]["S"] for row in table_rows()["sublet-setups"] if row.get("owner", {}).get("S") == made["id"]]

    assert again["templates"] == ["Farewell", "Welcome"]
    assert len(copies) == 2
    assert {partner.ask("GET", f"/v1/templates/{copy}").code for copy in copies} == {"not_found"}
    assert partner.ask("DELETE", f"/v1/snapshots/{made['id']}").status == 204


def test_an_account_that_gets_the_templates_of_a_snapshot_still_has_20_at_most(api: Api, partner: Partner) -> None:
    sandbox = partner.create(plan=SANDBOX)
    for number in range(20):
        template_of(partner, sandbox, name=f"No. {number}")
    made = partner.post("/v1/snapshots", {"account_id": sandbox["id"], "name": "Shop"}).json
    account = partner.create(plan=SANDBOX, snapshot_id=made["id"])
    path = f"/v1/accounts/{account['id']}/templates"

    early = partner.post(path, LETTER)
    api.forward(minutes=2)
    api.run_schedules()

    assert (early.status, early.code) == (409, "account_being_built")
    assert len(partner.all(path)) == 20
    assert partner.post(path, LETTER).code == "too_many"


@pytest.mark.parametrize("type", ["template.created", "template.imported", "template.deleted"])
def test_it_is_an_event_of_its_account(api: Api, partner: Partner, type: str) -> None:
    one, other = partner.create(plan=TRIAL), partner.create(plan=TRIAL)
    link = link_to(partner, template_of(partner, one))
    made = partner.post(f"/v1/accounts/{other['id']}/templates/import", {"link": link}).json
    partner.ask("DELETE", f"/v1/templates/{made['id']}")
    api.stream()

    (event,) = [each for each in partner.get("/v1/events")["data"] if each["type"] == type]

    whose = one if type == "template.created" else other
    assert (event["account_id"], event["data"]["name"]) == (whose["id"], "Welcome")
    assert "Hello" not in json.dumps(event)
