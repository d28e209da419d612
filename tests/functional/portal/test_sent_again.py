"""Forms that are sent again: after a refusal, an open outcome, a new sign-in; each makes what it says, once."""

import re
from html import unescape
from typing import Any
from unittest.mock import patch

import pytest

from chalicelib.gateways import lambdas
from chalicelib.gateways.payments import OutcomeUnknown
from chalicelib.gateways.sandbox_payments import SandboxPayments
from chalicelib.models.people import sessions as session_rows
from chalicelib.models.transactions import commit
from tests.functional.conftest import PLUS, Api, Partner
from tests.functional.portal.conftest import Page, Visitor, signed_in

PACK = "credits/inbox-preview"


def fields_of(page: Page, path: str) -> dict[str, str]:
    """The hidden fields of the form that posts to this path."""
    form = re.search(rf'(?s)<form method="post" action="[./]*{re.escape(path)}[^"]*".*?</form>', page.html)
    assert form is not None, page.text
    return {
        name: unescape(value) for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
    }


def bought(partner: Partner) -> list[Any]:
    entries: list[Any] = partner.get(f"/v1/{PACK}/transactions")["data"]
    return entries


def purchase(visitor: Visitor) -> dict[str, str]:
    """The form for the smallest pack, as it is shown."""
    quantity = re.findall(r"buy\?quantity=(\d+)", visitor.get(PACK).html)[0]
    return fields_of(visitor.get(f"{PACK}/buy?quantity={quantity}"), f"{PACK}/buy")


def test_a_declined_card_gives_way_to_another_in_the_same_form(api: Api) -> None:
    partner = api.partner()
    declined, good = partner.card("pm_card_chargeDeclined"), partner.card()
    owner = signed_in(partner.id)
    form = purchase(owner)

    refused = owner.post(f"{PACK}/buy", form | {"billing_profile_id": declined})
    again = fields_of(refused, f"{PACK}/buy")
    done = owner.post(f"{PACK}/buy", again | {"billing_profile_id": good})

    assert (refused.status, again["once"] != form["once"]) == (402, True)
    assert (done.status, len(bought(partner))) == (303, 1)


def test_an_account_is_created_with_another_card_in_the_same_form(api: Api) -> None:
    partner = api.partner()
    declined, good = partner.card("pm_card_chargeDeclined"), partner.card()
    owner = signed_in(partner.id)
    plan = {f"plan.{name}": str(value) for name, value in PLUS.items()}
    client = {"client.name": "Blue", "client.email": "a@b.example", "notification_email": "a@b.example"}
    place = {"country": "US", "language": "en", "time_zone": "America/Chicago", "name": "blue-door"}
    entered = plan | client | place | {"billing_profile_id": declined}

    shown = owner.post("accounts/new", entered | {"step": "update", "once": "first"})
    form = fields_of(shown, "accounts/new")
    unpriced = owner.post("accounts/new", entered | {name: form[name] for name in ("shown", "once")})
    assert (unpriced.status, "To pay today" in unpriced.text) == (200, True)  # nobody has seen what it costs
    refused = owner.post("accounts/new", entered | form)
    done = owner.post("accounts/new", entered | fields_of(refused, "accounts/new") | {"billing_profile_id": good})

    assert (refused.status, done.status) == (402, 201), done.text


def test_a_purchase_whose_outcome_is_open_is_asked_for_again_and_not_bought_twice(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner = api.partner()
    card = partner.card()
    owner = signed_in(partner.id)
    ask = SandboxPayments.charge

    def answer_is_lost(*asked: Any, **terms: Any) -> None:
        ask(*asked, **terms)
        raise OutcomeUnknown("no answer")

    with monkeypatch.context() as away:
        away.setattr(SandboxPayments, "charge", answer_is_lost)
        lost = owner.post("credits/buy", {"amount": "20", "billing_profile_id": card, "once": "a"})
    again = fields_of(lost, "credits/buy")
    done = owner.post("credits/buy", again)

    assert (lost.status, "It counts only once" in lost.text, "Idempotency" in lost.text) == (503, True, False)
    assert again == {"csrf": again["csrf"], "once": "a", "amount": "20", "billing_profile_id": card}
    assert (done.status, partner.get("/v1/credits")["prepaid"]["balance"]) == (303, 2_000)


def test_a_password_is_in_no_form_that_is_offered_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = signed_in(api.partner().id)
    monkeypatch.setattr("chalicelib.services.people.credentials.change", lambda **_: 1 / 0)

    broken = owner.post("me/password", {"present_password": "a green bottle", "new_password": "a red bottle"})

    assert (broken.status, "bottle" in broken.html, "me/password" in broken.html) == (500, False, False)


def test_a_form_that_was_sent_with_other_entries_says_so_and_can_be_sent_as_a_new_one(api: Api) -> None:
    partner = api.partner()
    card = partner.card()
    owner = signed_in(partner.id)
    first = {"amount": "20", "billing_profile_id": card, "once": "a"}
    assert owner.post("credits/buy", first).status == 303

    other = owner.post("credits/buy", first | {"amount": "30"})
    again = fields_of(other, "credits/buy") if 'value="30"' in other.html else {}

    assert (other.status, "was sent before" in other.text, "Idempotency" in other.text) == (422, True, False)
    assert again.get("once") != "a"


def test_an_invitation_that_was_sent_is_not_taken_for_another(api: Api) -> None:
    owner = signed_in(api.partner().id)
    form = {"email": "ann@bright.example", "role": "member", "language": "en", "once": "a"}
    with patch.object(lambdas, "start") as start:
        sent = [owner.post("team/invitations", form).status for _ in range(2)]
        other = owner.post("team/invitations", form | {"email": "bea@bright.example"})
        mailed = start.call_count
        assert owner.post("team/invitations", form | fields_of(other, "team/invitations")).status == 303

    assert (sent, other.status, "was sent before" in other.text, mailed) == ([303, 303], 422, True, 2)


def test_a_form_of_an_earlier_session_is_shown_again_and_does_nothing(api: Api) -> None:
    partner = api.partner()
    owner = signed_in(partner.id)
    assert owner.session
    form = {"name": "Änn", "language": "de"}

    stale = owner.post("me", form | {"csrf": "of an earlier session"})
    foreign = owner.post("me", form | {"csrf": "guessed"}, Sec_Fetch_Site="cross-site")

    assert (stale.status, 'value="Änn"' in stale.html, "signed in anew" in stale.text) == (403, True, True)
    assert (foreign.status, "Änn" in foreign.html) == (403, False)
    assert owner.post("me", fields_of(stale, "me") | form).status == 303


def test_what_was_entered_outlasts_the_session(api: Api) -> None:
    partner = api.partner()
    owner = signed_in(partner.id)
    assert owner.session
    commit([session_rows.remove(owner.session.id)])
    form = {"name": "Nightly <b>", "url": "https://hooks.example/x", "events": ["account.*", "invoice.*"], "once": "a"}

    over = owner.post("webhooks", form)
    kept = fields_of(over, "webhooks")
    anew = signed_in(partner.id)
    shown = anew.post("webhooks", form | {"csrf": ""})

    assert (over.status, 'target="_blank"' in over.html, "Nightly &lt;b&gt;" in over.html) == (401, True, True)
    assert (kept["url"], over.html.count('name="events"')) == ("https://hooks.example/x", 2)
    assert (shown.status, 'value="https://hooks.example/x"' in shown.html) == (403, True)
    assert owner.post("webhooks", form, Sec_Fetch_Site="cross-site").status == 403
    part = owner.post("accounts/new", {"step": "update"}, HX_Request="true", HX_Target="builder")
    assert (part.status, "HX-Redirect" in part.headers) == (401, False)
    assert owner.post("me/password", {"new_password": "a green bottle"}).headers["Location"] == "../sign-in"


def test_a_pack_is_bought_at_the_price_that_was_shown(api: Api) -> None:
    partner = api.partner()
    card = partner.card()
    owner = signed_in(partner.id)
    form = purchase(owner) | {"billing_profile_id": card}

    changed = owner.post(f"{PACK}/buy", form | {"expect_due_today": str(int(form["expect_due_today"]) - 1)})

    assert (changed.status, "The price has changed" in changed.text, bought(partner)) == (409, True, [])
    assert fields_of(changed, f"{PACK}/buy")["expect_due_today"] == form["expect_due_today"]
    assert owner.post(f"{PACK}/buy", form).status == 303


def test_taking_a_cancellation_back_never_charges(api: Api) -> None:
    partner = api.partner()
    account = partner.create(billing_profile_id=partner.card())
    owner = signed_in(partner.id)
    path = f"accounts/{account['id']}"
    assert owner.post(f"{path}/cancel", {"step": "confirm", "shown": "", "retain_data": "true"}).status == 303
    form = fields_of(owner.get(f"{path}/renew"), f"{path}/renew")
    api.forward(days=32)
    api.run_schedules()

    late = owner.post(f"{path}/renew", form | {"step": "confirm"})

    assert (form["expect_due_today"], late.status) == ("0", 409)
    assert partner.get(f"/v1/accounts/{account['id']}")["status"] == "expired"
