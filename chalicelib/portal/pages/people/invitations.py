"""The page behind the link of an invitation."""

from chalicelib.portal import cookies, site
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.services.people import invitations, sessions, sign_ins

pages = Pages()


@pages.get("invitations/{token}", scope="public")
def show_invitation(visit: Visit, token: str) -> View:
    """Who invites, and a form for name and password; who has a password only agrees."""
    return View("people/invitation.html", {"token": token, "invited": invitations.invited_by(token, now=visit.now)})


@pages.post("invitations/{token}", scope="public", again=show_invitation)
def accept(visit: Visit, token: str) -> Redirect:
    """Joins the team. Who chose a password just now is signed in, others sign in with theirs or go on as they are."""
    invited = invitations.invited_by(token, now=visit.now)
    person = invitations.accept(
        token=token, name=visit.entered("name"), password=visit.password("password"), now=visit.now
    )
    device = cookies.device_of(visit)
    if visit.session is not None and visit.session.person_id == person.id:
        begun = sign_ins.switch_team(visit.session, team_id=invited.team_id, device=device, now=visit.machine_now)
        return Redirect(site.FIRST, headers=cookies.kept(visit, begun.token))
    if invited.has_password:
        return Redirect(site.SIGN_IN, done="joined")
    begun = sessions.begin(person_id=person.id, team_id=invited.team_id, device=device, now=visit.machine_now)
    return Redirect(site.FIRST, headers=cookies.kept(visit, begun.token))
