"""Snapshots, templates and service requests in the portal."""

import re
from html import unescape

from tests.functional.conftest import OPERATOR, SANDBOX, TRIAL, Api
from tests.functional.portal.conftest import signed_in

CLIENT = {"name": "Blue Door", "email": "owner@blue.example"}


def test_a_template_is_written_shared_and_imported(api: Api) -> None:
    partner = api.partner()
    one, two = (partner.create(name=name, plan=TRIAL, client=CLIENT)["id"] for name in ("blue-door", "red-door"))
    visitor = signed_in(partner.id)

    written = {"name": "Spring <b>", "subject": "Hello", "html": "<p>Hi</p>"}
    assert visitor.post(f"accounts/{one}/templates", written).status == 303
    page = visitor.get(f"accounts/{one}/templates").html
    assert "Spring &lt;b&gt;" in page
    share = re.search(r'action="[^"]*(accounts/[^"]*/share)"', page)
    assert share
    shared = visitor.post(share[1]).html
    link = re.search(r'data-copy="([^"]+)"', shared)
    assert link

    assert visitor.post(f"accounts/{two}/templates/import", {"link": unescape(link[1])}).status == 303
    assert "Spring" in visitor.get(f"accounts/{two}/templates").text
    assert visitor.post(f"accounts/{two}/templates/import", {"link": "nonsense"}).status == 422
    assert visitor.post(share[1].replace("/share", "/delete")).status == 303
    assert "Spring" not in visitor.get(f"accounts/{one}/templates").text


def test_a_snapshot_is_made_by_an_accounts_name_and_deleted(api: Api) -> None:
    partner = api.partner()
    partner.create(name="blue-door", plan=SANDBOX, client=CLIENT)
    visitor = signed_in(partner.id)
    assert "You have no snapshots yet" in visitor.get("templates").text

    made = visitor.post("snapshots", {"account": "blue-door", "name": "Yoga & more"})
    assert made.status == 303, made.text
    page = visitor.get("templates").html
    assert "Yoga &amp; more" in page
    assert visitor.post("snapshots", {"account": "nobodys", "name": "x"}).status == 422
    delete = re.search(r'action="[^"]*(snapshots/[^"]*/delete)"', page)
    assert delete
    assert signed_in(api.partner().id).post(delete[1]).status == 404
    assert visitor.post(delete[1]).status == 303
    assert "Yoga" not in visitor.get("templates").text


def test_work_is_asked_for_and_its_quote_accepted_at_the_price_shown(api: Api) -> None:
    partner = api.partner()
    partner.create(name="blue-door", plan=TRIAL, client=CLIENT)
    visitor = signed_in(partner.id)

    asked = {"account": "blue-door", "kind": "design", "description": "Three mailings", "margin_percent": "25"}
    filed = visitor.post("services", asked)
    assert filed.status == 303, filed.text
    request_id = re.search(r"sreq_\w+", filed.headers["Location"])
    assert request_id
    place = f"services/{request_id[0]}"
    quote = {"status": "quoted", "price": 40000}
    api.ask("PATCH", f"/v1/operator/service-requests/{request_id[0]}", quote, key=OPERATOR)

    page = visitor.get(place)
    assert "500.00" in page.text  # with the margin of 25 percent
    assert visitor.post(f"{place}/accept", {"price": "39900"}).status == 409
    assert visitor.post(f"{place}/accept", {"price": "40000"}).status == 303
    assert visitor.post(f"{place}/withdraw").status == 409
    assert "Accepted" in visitor.get("services?status=accepted").text
    assert signed_in(api.partner().id).get(place).status == 404
