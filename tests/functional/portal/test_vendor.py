"""The vendor's pages, as operators meet them in their browsers."""

import re

from chalicelib.api import clock
from chalicelib.domain.people.roles import VENDOR, Role
from chalicelib.services.people import teams
from tests.functional.conftest import Api
from tests.functional.portal.conftest import signed_in

MARKUP = "<b>Bright</b>"
NEW = {"name": MARKUP, "program": "agency", "email": "a@bright.example", "country": "US", "time_zone": "UTC"}
LISTS = ("partners", "programs", "transfers", "payout-runs", "earnings", "disputes", "parked")


def test_a_partner_is_taken_in_and_its_first_owner_invited(api: Api) -> None:
    operator = signed_in(VENDOR, Role.OPERATOR)
    form = operator.get("vendor/partners/new")
    wrong = operator.post("vendor/partners", NEW | {"time_zone": "Nowhere", "once": "p1"})

    made = operator.post("vendor/partners", NEW | {"once": "p2"})
    again = operator.post("vendor/partners", NEW | {"once": "p2"})

    assert (form.status, wrong.status, made.status, again.status) == (200, 422, 200, 200)
    key = re.findall(r"<code>(sk_[\w-]+)</code>", made.html)[0]
    assert (key in again.html, MARKUP in made.html, MARKUP in made.text) == (False, False, True)
    partner_id = re.findall(r"vendor/partners/(prt_\w+)/owner", made.html)[0]
    wrong = operator.post(f"vendor/partners/{partner_id}/owner", {"owner_email": "nobody"})
    invited = operator.post(f"vendor/partners/{partner_id}/owner", {"owner_email": "ann@bright.example"})
    assert (wrong.status, invited.status) == (422, 303)
    assert [each.email for each in teams.people_of(partner_id, now=clock.now()).invitations] == ["ann@bright.example"]


def test_an_operator_gives_money_adjusts_suspends_and_resumes(api: Api) -> None:
    operator, observer = signed_in(VENDOR, Role.OPERATOR), signed_in(VENDOR, Role.OBSERVER)
    path = f"vendor/partners/{api.partner().id}"

    assert operator.post(f"{path}/prepaid", {"amount": "1,234.50", "once": "g"}).status == 303
    assert operator.post(f"{path}/prepaid", {"amount": "1,234.50", "once": "g"}).status == 303
    assert operator.post(f"{path}/prepaid", {"amount": "1,50"}).status == 422
    adjust = {"amount": "20", "reason": MARKUP, "direction": "less", "once": "a"}
    assert operator.post(f"{path}/earnings", adjust).status == 303
    assert operator.post(f"{path}/suspend").status == 303

    page = operator.get(path)
    assert ("1,234.50 USD" in page.text, "−20.00" in page.text, "Suspended since" in page.text) == (True, True, True)
    assert operator.post(f"{path}/resume").status == 303
    looked = observer.get(path)
    assert (looked.status, "Suspend this partner" in looked.text) == (200, False)
    assert observer.post(f"{path}/suspend").status == 403


def test_every_list_opens_empty_and_unknown_ids_are_not_found(api: Api) -> None:
    api.partner()
    operator, observer = signed_in(VENDOR, Role.OPERATOR, language="de"), signed_in(VENDOR, Role.OBSERVER)
    for name in LISTS:
        assert operator.get(f"vendor/{name}").status == 200, name
        assert observer.get(f"vendor/{name}").status == 200, name
    for path in ("partners/prt_1", "programs/none", "transfers/xfer_1", "payout-runs/prun_1", "payouts/pay_1"):
        assert operator.get(f"vendor/{path}").status == 404, path
    for program in ("agency", "franchise", "solutions"):
        page = operator.get(f"vendor/programs/{program}")
        assert (page.status, len(page.html) < 100_000) == (200, True), program
