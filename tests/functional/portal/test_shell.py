"""What every page of the portal passes: who it is, whether it may, its form, and the headers of its answer."""

from chalicelib.domain.people.roles import Role
from tests.functional.conftest import SANDBOX, TRIAL, Api
from tests.functional.portal.conftest import signed_in


def test_an_overview_shows_what_a_partner_has_and_nothing_of_others(api: Api) -> None:
    partner, other = api.partner(), api.partner()
    partner.create(name="blue-door", plan=TRIAL, client={"name": "Blue <b>Door</b>", "email": "a@b.example"})
    partner.create(name="green-hill", plan=SANDBOX)
    other.create(name="not-yours", plan=TRIAL)
    visitor = signed_in(partner.id, Role.READ_ONLY)

    page = visitor.get("accounts")

    assert page.status == 200
    assert "blue-door" in page.text
    assert "Blue &lt;b&gt;Door&lt;/b&gt;" in page.html
    assert "Sandbox" in page.text
    assert "not-yours" not in page.text
    assert "Log in" not in page.text  # it needs write
    assert "Bright Agency" in page.text
    part = visitor.part("accounts?q=green&plan=&status=", "list")
    assert (part.status, "<html" in part.html) == (200, False)
    assert "green-hill" in part.text
    assert "blue-door" not in part.text
    assert part.headers["HX-Push-Url"] == "/portal/accounts?q=green"
    assert "Kein Account passt" in signed_in(partner.id, language="de-AT").get("accounts?q=nobody").text
