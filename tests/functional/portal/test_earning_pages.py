"""Earnings, payouts, the invite link, permissions and transfers in the portal, on moto."""

from chalicelib.domain.people.roles import Role
from tests.functional.conftest import Api
from tests.functional.earnings.test_payouts import earning, run_today
from tests.functional.portal.conftest import Page, signed_in
from tests.functional.transfers.test_management_requests import TRIAL

HOSTILE = "<script>alert(1)</script>"
FRANCHISE = {"pricing_version": "Franchise", "product": "ACHQ", "tier": "standard", "contacts": 500}


def test_a_partner_sees_what_it_earned_was_paid_and_why(api: Api) -> None:
    partner, other = earning(api, 6_000, -500), earning(api, 4_000)
    run_today(api, partner)
    owner = signed_in(partner.id)

    page = owner.get("earnings")
    assert page.status == 200
    for shown in ("Earnings", "only after 72 hours", "55.00 USD paid out so far"):
        assert shown in page.text
    assert "Entered by us: For May." in page.text
    assert 'value="money@bright.example"' in page.html
    assert "Payout" not in owner.part("earnings?kind=adjustment&status=settled", "list").text.split("See the payout")[0]
    assert "No matching lines" in owner.part("earnings?status=held", "list").text
    assert owner.get("earnings.csv?kind=payout").html.count("\n") == 2

    (payout,) = partner.get("/v1/payouts")["data"]
    assert "money@bright.example" in owner.get("earnings/payouts").text
    statement = owner.get(f"earnings/payouts/{payout['id']}")
    assert "Adjustment (2) 55.00 USD" in statement.text
    assert owner.get(f"earnings/payouts/{payout['id']}/csv").html.count("Entered by us") == 2
    assert signed_in(other.id).get(f"earnings/payouts/{payout['id']}").status == 404
    (held,) = other.get("/v1/payouts")["data"]
    why = signed_in(other.id, language="de").get(f"earnings/payouts/{held['id']}").text
    assert "Sie müssen nichts tun" in why


def test_the_paypal_address_is_set_removed_and_refused_beside_its_field(api: Api) -> None:
    partner = api.partner()
    owner = signed_in(partner.id)
    assert "Commissions" in owner.get("earnings").text

    refused = owner.post("earnings/settings", {"paypal_email": HOSTILE})
    assert refused.status == 422
    assert HOSTILE not in refused.html
    assert 'id="f-paypal_email-fault"' in refused.html
    assert owner.post("earnings/settings", {"paypal_email": "me@bright.example"}).status == 303
    assert partner.get("/v1/earnings/settings")["paypal_email"] == "me@bright.example"
    assert owner.post("earnings/settings", {"paypal_email": ""}).status == 303
    assert partner.get("/v1/earnings/settings")["paypal_email"] is None
    assert signed_in(partner.id, Role.MEMBER).post("earnings/settings", {"paypal_email": "a@b.example"}).status == 403


def chosen(page: Page) -> int:
    """How many boxes are ticked, but for those of the frame around each page."""
    return page.html.partition("<main")[2].count("checked")


def test_the_invite_link_is_changed_and_makes_co_branded_links(api: Api) -> None:
    partner = api.partner()
    owner = signed_in(partner.id)
    page = owner.get("invite-link")
    assert "<svg" in page.html
    assert chosen(page) == 2

    form = {"pn": "new-name", "experiences": ["trial"], "plans": ["V3/marketing/plus"]}
    assert owner.post("invite-link", form).status == 303
    link = partner.get("/v1/invite-link")
    assert (link["pn"], link["experiences"]) == ("new-name", ["trial"])
    assert [plan["tier"] for plan in link["highlighted_plans"]] == ["plus"]
    assert chosen(owner.get("invite-link")) == 2
    none = owner.post("invite-link", {"pn": HOSTILE})
    assert (none.status, HOSTILE in none.html, "Choose at least one" in none.text) == (422, False, True)
    assert owner.post("invite-link", form | {"plans": ["a/b"]}).status == 422

    made = owner.part("invite-link?address=www.example.com/pricing?a=1", "made")
    assert "https://www.example.com/pricing?a=1&amp;pn=new-name" in made.html
    assert "not the address of a page" in owner.part("invite-link?address=javascript:alert(1)", "made").text


def test_a_program_without_referred_accounts_has_neither_link_nor_earnings_in_its_menu(api: Api) -> None:
    owner = signed_in(api.partner(program="franchise").id)

    page = owner.get("transfers")

    assert "Requests and transfers" in page.text
    assert ("Invite link" in page.text, "Earnings" in page.text, "Permission requests" in page.text) == (False,) * 3
    assert owner.get("invite-link").status == 409
    assert "pays no commissions" in owner.get("earnings").text


def test_permission_is_asked_for_and_withdrawn(api: Api) -> None:
    partner = api.partner(program="solutions")
    account = partner.sign_up(None, plan=TRIAL).account
    owner, path = signed_in(partner.id), f"accounts/{account['id']}/request"
    assert "lapses after 30 days" in owner.get(path).text

    assert owner.post(path).status == 303
    assert owner.post(path).status == 409
    page = owner.get("transfers/permissions")
    assert account["name"] in page.text
    assert "Open" in page.text
    assert owner.post(f"{path}/withdraw").status == 303
    assert "Withdrawn" in owner.get("transfers/permissions").text


def test_an_account_is_moved_away_after_a_preview(api: Api) -> None:
    partner = api.partner()
    account = partner.create(name="leaving")
    owner, path = signed_in(partner.id), f"accounts/{account['id']}/move"
    assert owner.get(path).status == 200
    wrong = owner.post(f"{path}/preview", {"client_email": "else@acme.example"})
    assert (wrong.status, "is not the email address" in wrong.text.lower()) == (422, True)

    form = {"client_email": account["client"]["email"]}
    preview = owner.post(f"{path}/preview", form)
    assert preview.status == 200
    assert "Pays from then on The client" in preview.text
    assert partner.get("/v1/transfers")["data"] == []
    assert owner.post(path, form).status == 303
    (filed,) = partner.get("/v1/transfers")["data"]
    assert (filed["direction"], filed["status"]) == ("out", "waiting_for_operator")
    assert owner.post(path, form).status == 409


def test_a_program_without_prices_gives_a_plan_for_the_one_that_takes_the_account(api: Api) -> None:
    partner = api.partner(program="franchise")
    account = partner.create(name="leaving", plan=FRANCHISE, billing_profile_id=None)
    owner, path = signed_in(partner.id), f"accounts/{account['id']}/move"
    form = {"client_email": account["client"]["email"]}
    assert owner.post(f"{path}/preview", form).status == 422

    plan = {"plan.tier": "V3/marketing/plus", "plan.contacts": "1000", "plan.billing_frequency": "monthly"}
    assert "49.00 USD" in owner.post(f"{path}/preview", form | plan).text
    assert owner.post(path, form | plan).status == 303


def test_a_transfer_in_is_filed_followed_and_withdrawn(api: Api) -> None:
    partner = api.partner()
    owner = signed_in(partner.id)
    assert owner.get("transfers/new").status == 200
    form = {"account": "Acme", "owner_email": "owner@acme.example", "relationship": "referred", "once": "one"}

    filed, again = (owner.post("transfers/new", form) for _ in range(2))

    assert filed.status == 303
    assert filed.headers["Location"] == again.headers["Location"]
    path = filed.headers["Location"].removeprefix("../").partition("?")[0]
    assert "Waits for the owner" in owner.get(path).text
    assert "acme" in owner.get("transfers").text
    assert signed_in(api.partner().id).get(path).status == 404
    assert owner.post(f"{path}/plan", {"plan.tier": "V3/marketing/plus"}).status == 409
    assert owner.post(f"{path}/withdraw").status == 303
    assert "Withdrawn" in owner.get(path).text
    wrong = owner.post("transfers/new", {"account": HOSTILE, "owner_email": "x"})
    assert (wrong.status, HOSTILE in wrong.html) == (422, False)


def test_many_are_filed_at_once_with_a_result_for_each(api: Api) -> None:
    owner = signed_in(api.partner().id)
    rows = f"direction;account;owner_email;relationship\nin;one;a@b.example;referred\nin;{HOSTILE};nobody;referred\n"

    page = owner.post("transfers/several", {"rows": rows})

    assert page.status == 200
    assert "1 of 2 rows are requested" in page.text
    assert "must be an email address" in page.text
    assert HOSTILE not in page.html
    assert owner.post("transfers/several", {"rows": "colour\nred"}).status == 422
