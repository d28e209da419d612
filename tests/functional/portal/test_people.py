"""Signing in, teams and one's own sign-in, as browsers meet them."""

import re
from dataclasses import replace
from html import unescape
from unittest.mock import patch

import pytest

from chalicelib.api import clock
from chalicelib.domain.people.persons import id_of
from chalicelib.domain.people.roles import VENDOR, Role
from chalicelib.gateways import lambdas
from chalicelib.models.people import persons as person_rows
from chalicelib.portal import site
from chalicelib.portal.declared import Page as Page_
from chalicelib.portal.declared import Redirect
from chalicelib.services.people import credentials, invitations, second_factors, sessions
from tests.functional.conftest import Api
from tests.functional.portal.conftest import Page, Visitor, signed_in
from tests.integration.people.test_sign_ins import app_code
from tests.people import PASSWORD, make_person

ANN = "ann@bright.example"


def token_in(page: Page) -> str:
    """The session's token in the cookie that a page sets."""
    return re.findall(r"portal=([^;]*);", page.headers["Set-Cookie"])[0]


def visitor_of(page: Page) -> Visitor:
    """The browser that a page has signed in."""
    token = token_in(page)
    return Visitor(token, sessions.find(token, now=clock.machine_now()))


def hidden(page: Page, name: str) -> str:
    return unescape(re.findall(rf'name="{name}" value="([^"]*)"', page.html)[0])


def test_a_person_signs_in_where_she_wanted_to_go_and_out_again(api: Api, stranger: Visitor) -> None:
    partner = api.partner()
    make_person(ANN, team=partner.id)
    asked = stranger.get("accounts?status=active&q=a%26b")
    form = stranger.get(asked.headers["Location"])

    wrong = stranger.post("sign-in", {"email": ANN, "password": "wrong", "next": "accounts"})
    right = stranger.post("sign-in", {"email": ANN, "password": PASSWORD, "next": hidden(form, "next")})
    ann = visitor_of(right)
    out = ann.post("sign-out")

    assert (wrong.status, "wrong" in wrong.text, ANN in wrong.html, PASSWORD in wrong.html) == (401, True, True, False)
    assert (right.status, right.headers["Location"]) == (303, "accounts?status=active&q=a%26b")
    assert "HttpOnly; SameSite=Lax" in right.headers["Set-Cookie"]
    assert ann.session
    assert (out.status, token_in(out)) == (303, "")
    assert ann.get("accounts").headers["Location"].startswith("sign-in")


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "no/such/page", "../evil?x=1", "accounts/a\nb", "\\evil"]
)
def test_nobody_is_led_elsewhere_after_the_sign_in(api: Api, stranger: Visitor, elsewhere: str) -> None:
    make_person(ANN, team=api.partner().id)

    page = stranger.post("sign-in", {"email": ANN, "password": PASSWORD, "next": elsewhere})

    assert page.headers["Location"] == "home"


def test_a_link_to_a_list_leads_to_the_same_list_after_the_sign_in(api: Api, stranger: Visitor) -> None:
    make_person(ANN, team=api.partner().id)

    wished = {"email": ANN, "password": PASSWORD, "next": "accounts?status=active&q=a%0Ab"}

    assert stranger.post("sign-in", wished).headers["Location"] == "accounts?status=active&q=a%0Ab"


def test_a_team_from_the_invitation_to_the_removal(api: Api, stranger: Visitor) -> None:
    owner = signed_in(api.partner().id)
    assert owner.session
    with patch.object(lambdas, "start") as start:
        sent = owner.post("team/invitations", {"email": "new@bright.example", "role": "member", "language": "de"})
    asked = start.call_args.args[1]
    invited = owner.get("team")
    team = invitations.teams.team_rows.get(owner.session.team_id)
    link = invitations.link_for(team.id, team.invitations[0], base_url="", now=clock.machine_now())
    path = link.removeprefix("/portal/")

    shown = stranger.get(path)
    weak = stranger.post(path, {"name": "Nadia", "password": "short"})
    joined = stranger.post(path, {"name": "Nadia", "password": "a green bottle"})
    nadia = visitor_of(joined)

    assert (sent.headers["Location"], asked["mail"]) == ("../team?done=invited", invitations.MAIL)
    assert "new@bright.example" in invited.text
    assert "Bright Agency" in shown.text
    assert (weak.status, "at least 10 characters" in weak.text) == (422, True)
    assert joined.headers["Location"].endswith("home")
    assert nadia.get("team").status == 200
    assert "Einladung schicken" not in nadia.get("team").text  # only owners invite
    assert nadia.post("team/invitations", {"email": "x@y.example", "role": "owner"}).status == 403
    person = id_of("new@bright.example")
    assert "can't come back" in owner.get(f"team/{person}").text
    assert owner.post(f"team/{person}/role", {"role": "operator"}).status == 422
    assert owner.post(f"team/{person}/remove").status == 303
    assert nadia.get("team").status == 303
    last = owner.post(f"team/{owner.session.person_id}/remove")
    assert (last.status, "owner first" in last.text) == (409, True)
    assert owner.get(f"team/{person}").status == 404


def test_whoever_is_signed_in_goes_on_in_the_team_that_was_joined(api: Api) -> None:
    ann, owner = signed_in(api.partner().id), signed_in(api.partner().id, language="de")
    assert ann.session
    assert owner.session
    with patch.object(lambdas, "start"):
        owner.post("team/invitations", {"email": ann.session.email, "role": "member", "language": "en"})
    invitation = invitations.teams.team_rows.get(owner.session.team_id).invitations[0]
    link = invitations.link_for(owner.session.team_id, invitation, base_url="", now=clock.machine_now())

    joined = visitor_of(ann.post(link.removeprefix("/portal/")))

    assert joined.session
    assert (joined.session.team_id, joined.session.role) == (owner.session.team_id, Role.MEMBER)
    assert ann.get("home").status == 303  # its session is over


def test_an_invitation_that_is_withdrawn_is_no_page(api: Api, stranger: Visitor) -> None:
    owner = signed_in(api.partner().id)
    assert owner.session
    with patch.object(lambdas, "start"):
        owner.post("team/invitations", {"email": "new@bright.example", "role": "read_only", "language": "en"})
    invitation = invitations.teams.team_rows.get(owner.session.team_id).invitations[0]
    link = invitations.link_for(owner.session.team_id, invitation, base_url="", now=clock.machine_now())

    assert owner.post(f"team/invitations/{invitation.id}/withdraw").status == 303

    assert stranger.get(link.removeprefix("/portal/")).status == 404
    assert stranger.get("invitations/x").status == 404


def test_an_app_from_the_picture_to_the_code_at_the_sign_in(api: Api, stranger: Visitor) -> None:
    ann = signed_in(api.partner().id)
    assert ann.session
    page = ann.get("me/app")
    setup = second_factors.setup_of(ann.session, hidden(page, "token"), now=clock.machine_now())
    form = {"token": setup.token, "code": app_code(setup, clock.machine_now()), "password": PASSWORD}

    wrong = ann.post("me/app", form | {"code": "1"})
    on = ann.post("me/app", form)
    codes = re.findall(r"<li><code>([a-z2-7-]+)</code>", on.html)
    asked = stranger.post("sign-in", {"email": ann.session.email, "password": PASSWORD})
    answer = {"token": hidden(asked, "token")}
    refused = stranger.post("sign-in/code", answer | {"code": form["code"]})  # it set up the app
    entered = stranger.post("sign-in/code", answer | {"code": codes[0]})

    assert "<svg" in page.html
    assert "style=" not in page.html
    assert setup.secret in page.text
    assert (wrong.status, setup.secret in wrong.text) == (422, True)
    assert len(codes) == 10
    assert (asked.status, refused.status, entered.status) == (200, 401, 303)
    assert "9 recovery codes are left" in visitor_of(entered).get("me").text
    assert ann.post("me/app/off", {"app_password": "wrong"}).status == 401
    assert ann.post("me/app/off", {"app_password": PASSWORD}).headers["Location"] == "../../me?done=app_off"


def test_where_an_app_is_required_nothing_else_is_open_before_it_is_set_up(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "requires_app", lambda team_id: team_id == VENDOR)
    operator = signed_in(VENDOR, Role.OPERATOR)
    assert operator.session
    partners, team = operator.get("vendor/partners"), operator.post("team/invitations", {"email": ANN})
    page = operator.get("me/app")
    setup = second_factors.setup_of(operator.session, hidden(page, "token"), now=clock.machine_now())
    form = {"token": setup.token, "code": app_code(setup, clock.machine_now()), "password": PASSWORD}

    assert [each.headers["Location"] for each in (partners, team)] == ["../me/app", "../me/app"]
    assert operator.get("home", HX_Request="true").headers["HX-Redirect"].endswith("/portal/me/app")
    assert ("money of all partners" in page.text, "vendor/partners" in page.html) == (True, False)
    assert operator.post("me/app", form | {"code": "1"}).status == 422
    assert operator.get("vendor/partners").status == 303
    assert operator.post("me/app", form).status == 200
    assert operator.get("vendor/partners").status == 200
    assert "Turn off" not in operator.get("me").text
    refused = operator.post("me/app/off", {"app_password": PASSWORD})
    assert (refused.status, operator.get("vendor/partners").status) == (403, 200)


def test_a_forgotten_password_by_its_pages(api: Api, stranger: Visitor) -> None:
    make_person(ANN, team=api.partner().id)
    with patch.object(lambdas, "start") as start:
        known = stranger.post("password", {"email": ANN})
        unknown = stranger.post("password", {"email": "nobody@bright.example"})
    person = person_rows.get(id_of(ANN))
    assert person is not None
    path = credentials.link_for(person, base_url="", now=clock.machine_now()).removeprefix("/portal/")

    form = stranger.get(path)
    weak = stranger.post(path, {"password": "short"})
    done = stranger.post(path, {"password": "a green bottle"})

    assert known.text == unknown.text
    assert start.call_count == 2
    assert ANN in form.text
    assert (weak.status, done.status, stranger.get(path).status) == (422, 303, 404)
    assert stranger.post("sign-in", {"email": ANN, "password": "a green bottle"}).status == 303


def test_a_person_sees_to_her_own_sign_in(api: Api) -> None:
    ann = signed_in(api.partner().id)
    assert ann.session
    person_id = ann.session.person_id
    other = sessions.begin(person_id=person_id, device="Lynx <b>", now=clock.machine_now())
    make_person(ann.session.email, team=api.partner().id)

    page = ann.get("me")
    assert "Lynx &lt;b&gt;" in page.html
    assert ann.post("me", {"name": "Änn <i>", "language": "de"}).status == 303
    assert ann.post("me", {"name": "", "language": "xx"}).status == 422
    assert "Meine Anmeldung" in ann.get("me").text
    assert "Änn &lt;i&gt;" in ann.get("me").html
    assert ann.post(f"me/sessions/{other.session.id}/end").status == 303
    assert sessions.find(other.token, now=clock.machine_now()) is None
    wrong = ann.post("me/password", {"present_password": "wrong", "new_password": "a green bottle"})
    right = ann.post("me/password", {"present_password": PASSWORD, "new_password": "a green bottle"})
    assert (wrong.status, right.status) == (401, 303)
    elsewhere = hidden(ann.get("me"), "team")
    gone = visitor_of(ann.post("me/team", {"team": elsewhere}))
    assert gone.session
    assert gone.session.team_id == elsewhere
    assert ann.get("me").status == 303


def test_a_domain_in_any_script_is_the_same_address(api: Api, stranger: Visitor) -> None:
    make_person("ann@xn--bcher-kva.example", team=api.partner().id)

    page = stranger.post("sign-in", {"email": "ann@Bücher.example", "password": PASSWORD})

    assert page.status == 303


def test_operators_have_a_team_of_their_own_and_begin_there(api: Api) -> None:
    operator = signed_in(VENDOR, Role.OPERATOR)

    begin, page = operator.get("home"), operator.get("team")

    assert operator.get(begin.headers["Location"]).status == 200

    assert (page.status, "Operator" in page.text, "Billing" in page.text) == (200, True, False)


def test_observers_look_at_the_operators_pages_and_send_no_form(api: Api) -> None:
    looking = Page_("GET", "vendor/x", lambda visit: Redirect("team"), "operator")
    changing = Page_("POST", "vendor/x", lambda visit: Redirect("team"), "operator")
    observer, owner = signed_in(VENDOR, Role.OBSERVER), signed_in(api.partner().id)

    def status(visitor: Visitor, page: Page_) -> int:
        with patch.object(site, "find", lambda method, path: site.Found(page, "people.team", {})):
            return (visitor.get if page.method == "GET" else visitor.post)("vendor/x").status

    assert status(observer, looking) == 303
    assert (status(observer, changing), status(owner, looking), status(owner, changing)) == (403, 403, 403)
    assert observer.post("team/invitations", {"email": "x@y.example", "role": "operator"}).status == 403


@pytest.mark.parametrize("path", ["sign-out", "team/invitations", "me", "me/password", "me/app/off", "me/team"])
def test_a_form_without_the_sessions_secret_does_nothing(api: Api, path: str) -> None:
    ann = signed_in(api.partner().id)
    assert ann.session
    forged = replace(ann, session=replace(ann.session, csrf="guessed"))

    assert forged.post(path).status == 403
    assert sessions.find(ann.token, now=clock.machine_now()) == ann.session


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36",
            "Chrome, Linux",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/150.0 Safari/537.36 Edg/150.0", "Edge, Windows"),
        ("Lynx/2.9", "Lynx/2.9"),
    ],
)
def test_a_session_is_listed_under_its_browser(api: Api, stranger: Visitor, said: str, shown: str) -> None:
    make_person(ANN, team=api.partner().id)

    page = stranger.post("sign-in", {"email": ANN, "password": PASSWORD}, User_Agent=said)

    assert shown in visitor_of(page).get("me").text
