"""My partner account: API keys, webhooks and the log of events, as browsers meet them."""

import re

from chalicelib.domain.people.roles import Role
from tests.functional.conftest import TRIAL, Api
from tests.functional.portal.conftest import signed_in

MARKUP = "<b>CI</b>"


def test_a_key_is_shown_once_has_the_roles_scopes_at_most_and_is_revoked(api: Api) -> None:
    partner = api.partner()
    owner, member = signed_in(partner.id), signed_in(partner.id, Role.MEMBER)

    made = owner.post("api/keys", {"name": MARKUP, "scopes": ["read", "billing"], "once": "k1"})
    again = owner.post("api/keys", {"name": MARKUP, "scopes": ["read", "billing"], "once": "k1"})
    beyond = member.post("api/keys", {"name": "Theirs", "scopes": ["read", "billing"], "once": "k2"})
    empty = owner.post("api/keys", {"once": "k3"})

    assert (made.status, again.status, beyond.status, empty.status) == (200, 200, 422, 422)
    key = re.findall(r"<code>(sk_[\w-]+)</code>", made.html)[0]
    assert key not in again.html
    assert "Your role does not have billing" in beyond.text
    assert len(re.findall('class="fault"', empty.html)) == 2
    listed = owner.get("api")
    assert (MARKUP in listed.text, MARKUP in listed.html, key in listed.html) == (True, False, False)

    revoke = re.findall(r'action="\.*/?(api/keys/[^"]+/revoke)"', listed.html)
    assert {member.post(path).status for path in revoke} == {403}  # both have billing, which a member lacks
    assert owner.post(revoke[0]).status == 303
    assert "Revoked" in owner.get("api").text


def test_a_webhook_is_added_changed_and_deleted(api: Api) -> None:
    owner = signed_in(api.partner().id)
    wrong = owner.post("webhooks", {"url": "http://10.0.0.1", "events": ["nothing.*"], "once": "w1"})
    made = owner.post(
        "webhooks", {"url": "https://hooks.example/in", "events": ["account.*"], "description": MARKUP, "once": "w2"}
    )

    assert (wrong.status, made.status) == (422, 200)
    assert 'class="fault"' in wrong.html
    secret = re.findall(r"<code>(whsec_[^<]+)</code>", made.html)[0]
    path = re.findall(r'href="\.*/?(webhooks/whk_\w+)"', owner.get("webhooks").html)[0]
    page = owner.get(path)
    assert (secret in page.html, MARKUP in page.html, MARKUP in page.text) == (False, False, True)
    changed = owner.post(path, {"url": "https://hooks.example/other", "events": ["account.*", "invoice.paid"]})
    assert (changed.status, "hooks.example/other" in owner.get(path).text) == (303, True)
    assert (owner.post(f"{path}/disable").status, "Switch on" in owner.get(path).text) == (303, True)
    assert (owner.post(f"{path}/enable").status, "Switch on" in owner.get(path).text) == (303, False)
    mark = {"generation": re.findall(r'name="generation" value="(\d+)"', owner.get(path).html)[0]}
    new, repeated = (re.findall(r"<code>(whsec_[^<]+)</code>", owner.post(f"{path}/secret", mark).html) for _ in "12")
    assert (new == repeated, new == [secret]) == (True, False)
    api.forward(minutes=2)
    assert "was shown before" in owner.post(f"{path}/secret", mark).text
    assert signed_in(api.partner().id).get(path).status == 404
    assert (owner.post(f"{path}/delete").status, owner.get(path).status) == (303, 404)


def test_the_log_says_who_did_it_and_what_changed(api: Api) -> None:
    partner = api.partner()
    account = partner.create(name="acme", plan=TRIAL)
    owner = signed_in(partner.id)
    owner.post("webhooks", {"url": "https://hooks.example/in", "description": MARKUP, "once": "w1"})
    partner.post(f"/v1/accounts/{account['id']}/disable", {})
    api.stream()

    everything, disabled = owner.get("events"), owner.part("events?type=account.disabled", "list")

    assert re.search(r"Webhook created \d+ \w+, [\d:]+ · webhook.created Ann", everything.text)
    assert MARKUP not in everything.html
    assert (disabled.status, "active" in disabled.text, "account.created" in disabled.text) == (200, True, False)
    assert account["id"] in disabled.html
    assert re.search(r"First key\s+acme", disabled.text)
    assert "aktiv → auf gesperrt" in signed_in(partner.id, language="de").get(f"accounts/{account['id']}/history").text
    assert signed_in(api.partner().id).get(f"events?account_id={account['id']}").status == 404
