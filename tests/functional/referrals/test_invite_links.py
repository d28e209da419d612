"""A partner's invite link (docs/rules.md §10)."""

import pytest

from tests.functional.conftest import Api, Partner

LINK = "/v1/invite-link"
PLUS = {"pricing_version": "V3", "product": "marketing", "tier": "plus"}


def test_a_link_is_there_from_the_start(partner: Partner) -> None:
    link = partner.get(LINK)

    assert link == {
        "pn": link["pn"],
        "url": link["url"],
        "highlighted_plans": [],
        "experiences": ["trial", "buy_now"],
        "visits": 0,
        "sign_ups": 0,
    }
    assert link["url"].endswith(f"/public/invites/{link['pn']}")
    assert partner.get(LINK) == link


def test_partners_of_one_name_have_links_of_different_names(api: Api) -> None:
    names = [api.partner(name="Bright Agency").get(LINK)["pn"] for _ in range(3)]

    assert names == ["bright-agency", "bright-agency-2", "bright-agency-3"]


def test_a_link_is_changed_field_by_field_and_the_change_is_an_event(api: Api, partner: Partner) -> None:
    before = partner.get(LINK)
    renamed = partner.ask("PATCH", LINK, {"pn": "brighter"})
    highlighted = partner.ask("PATCH", LINK, {"highlighted_plans": [PLUS], "experiences": ["buy_now"]})
    api.stream()
    latest, first = [e for e in partner.get("/v1/events")["data"] if e["type"] == "invite_link.changed"]

    assert renamed.json["pn"] == "brighter"
    assert renamed.json["url"].endswith("/public/invites/brighter")
    assert (
        partner.get(LINK)
        == highlighted.json
        == {
            **renamed.json,
            "highlighted_plans": [PLUS],
            "experiences": ["buy_now"],
        }
    )
    assert (first["before"], first["after"]) == ({"pn": before["pn"]}, {"pn": "brighter"})
    assert latest["after"] == {"highlighted_plans": [PLUS], "experiences": ["buy_now"]}
    assert first["actor"].startswith("api_key:")


def test_nothing_changed_is_no_event(api: Api, partner: Partner) -> None:
    link = partner.get(LINK)
    answer = partner.ask("PATCH", LINK, {"pn": link["pn"], "experiences": ["trial", "buy_now"]})
    api.stream()

    assert answer.json == link
    assert [e for e in partner.get("/v1/events")["data"] if e["type"] == "invite_link.changed"] == []


def test_no_other_partner_gets_a_name_that_is_or_was_taken(api: Api, partner: Partner) -> None:
    other = api.partner()
    first = partner.get(LINK)["pn"]
    partner.ask("PATCH", LINK, {"pn": "brighter"})

    for taken in (first, "brighter"):
        answer = other.ask("PATCH", LINK, {"pn": taken})
        assert (answer.status, answer.code) == (409, "pn_taken")
    assert partner.ask("PATCH", LINK, {"pn": first}).json["pn"] == first


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"pn": "ab"}, "pn"),
        ({"pn": "Bright!"}, "pn"),
        ({"highlighted_plans": [{**PLUS, "tier": "trial"}]}, "highlighted_plans.0"),
        ({"experiences": []}, "experiences"),
        ({"experiences": ["trial", "trial"]}, "experiences.1"),
    ],
)
def test_says_what_is_wrong(partner: Partner, body: dict[str, object], field: str) -> None:
    assert field in partner.ask("PATCH", LINK, body).faults


def test_a_program_that_refers_nobody_has_no_links(api: Api) -> None:
    headquarters = api.partner(program="franchise")

    assert headquarters.ask("GET", LINK).code == "no_invite_link"
    assert headquarters.ask("PATCH", LINK, {"pn": "brighter"}).status == 409
