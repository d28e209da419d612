"""My sign-in: name and language, password, the authenticator app, and where I am signed in."""

from chalicelib.domain.refusals import Invalid
from chalicelib.portal import cookies
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import LANGUAGES, Visit
from chalicelib.services.people import credentials, profiles, second_factors, sessions, sign_ins

pages = Pages()


@pages.get("me", scope="signed in")
def show_me(visit: Visit) -> View:
    """All of it on one page; only setting up an app has one of its own."""
    values = {
        "profile": profiles.profile_of(visit.me),
        "app_required": sessions.requires_app(visit.me.team_id),
        "sessions": sessions.list_open(person_id=visit.me.person_id, now=visit.machine_now),
        "languages": visit.texts.options("people.me.languages.", LANGUAGES),
    }
    return View("people/me.html", values)


@pages.post("me", scope="signed in", again=show_me)
def change_profile(visit: Visit) -> Redirect:
    """Changes name and language."""
    language = visit.entered("language")
    if language not in LANGUAGES:
        raise Invalid(errors=[("language", f"must be one of {', '.join(LANGUAGES)}")])
    profiles.change(visit.me, name=visit.entered("name"), language=language, now=visit.machine_now)
    return Redirect("me", done="saved")


@pages.post("me/password", scope="signed in", again=show_me)
def change_password(visit: Visit) -> Redirect:
    """Replaces the password, and signs out everywhere else."""
    credentials.change(
        session=visit.me,
        password=visit.password("present_password"),
        new_password=visit.password("new_password"),
        now=visit.machine_now,
        told_at=visit.now,
    )
    return Redirect("me", done="password_changed")


@pages.get("me/app", scope="signed in")
def show_app(visit: Visit) -> View:
    """A secret for an authenticator app, as a QR code and to be typed in; after a fault, the same one."""
    import segno  # 50 ms

    token = visit.entered("token")
    if token:
        setup = second_factors.setup_of(visit.me, token, now=visit.machine_now)
    else:
        setup = second_factors.begin_setup(visit.me, now=visit.machine_now)
    drawn = segno.make(setup.uri, micro=False).svg_inline(scale=4, omitsize=True)
    return View("people/me_app.html", {"setup": setup, "qr": drawn})


@pages.post("me/app", scope="signed in", again=show_app)
def set_up_app(visit: Visit) -> View:
    """Turns the app on, and shows the recovery codes, once."""
    codes = second_factors.finish_setup(
        visit.me,
        token=visit.entered("token"),
        code=visit.entered("code"),
        password=visit.password("password"),
        now=visit.machine_now,
        told_at=visit.now,
    )
    return View("people/me_codes.html", {"codes": codes})


@pages.post("me/app/off", scope="signed in", again=show_me)
def turn_app_off(visit: Visit) -> Redirect:
    """Lets the password alone be enough again."""
    second_factors.turn_off(visit.me, password=visit.password("app_password"), now=visit.machine_now, told_at=visit.now)
    return Redirect("me", done="app_off")


@pages.post("me/recovery-codes", scope="signed in", again=show_me)
def renew_codes(visit: Visit) -> View:
    """Shows other recovery codes, once, in place of the earlier ones."""
    codes = second_factors.renew_recovery_codes(
        visit.me, password=visit.password("app_password"), now=visit.machine_now, told_at=visit.now
    )
    return View("people/me_codes.html", {"codes": codes})


@pages.post("me/sessions/{session_id}/end", scope="signed in")
def end_session(visit: Visit, session_id: str) -> Redirect:
    """Signs out somewhere else."""
    sessions.end(person_id=visit.me.person_id, session_id=session_id)
    return Redirect("me", done="session_ended")


@pages.post("me/team", scope="signed in", again=show_me)
def switch_team(visit: Visit) -> Redirect:
    """Goes on in another team."""
    begun = sign_ins.switch_team(
        visit.me, team_id=visit.entered("team"), device=cookies.device_of(visit), now=visit.machine_now
    )
    return Redirect("home", headers=cookies.kept(visit, begun.token))
