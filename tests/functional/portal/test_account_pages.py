"""The pages of accounts: adding one, its plan, what is done to it."""

from chalicelib.domain.people.roles import Role
from tests.functional.conftest import TRIAL, Api
from tests.functional.portal.conftest import signed_in


def test_an_account_shows_its_summary_to_its_partner_only(api: Api) -> None:
    partner, other = api.partner(), api.partner()
    account = partner.create(name="blue-door", plan=TRIAL, client={"name": "Blue <b>Door</b>", "email": "a@b.example"})

    page = signed_in(partner.id, Role.READ_ONLY).get(f"accounts/{account['id']}")

    assert page.status == 200
    assert "Blue &lt;b&gt;Door&lt;/b&gt;" in page.html
    assert "Trial" in page.text
    assert "Cancel this account" not in page.text  # it needs write
    assert "Cancel this account" in signed_in(partner.id).get(f"accounts/{account['id']}").text
    assert signed_in(other.id).get(f"accounts/{account['id']}").status == 404
    assert signed_in(partner.id).get("accounts/acct_none").status == 404
