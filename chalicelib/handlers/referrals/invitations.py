"""The page of an invite link. It needs no API key."""

from chalice.app import Blueprint

from chalicelib.api.answers import HTML, JSON, Answer
from chalicelib.api.bodies.referrals.invitations import InvitationShape
from chalicelib.api.call import Call
from chalicelib.api.negotiation import preferred
from chalicelib.api.pages import sign_up
from chalicelib.api.pages.site import site_of
from chalicelib.api.routes import Routes
from chalicelib.domain.refusals import NotFound
from chalicelib.services.clients.looks import Look
from chalicelib.services.referrals import invite_links

routes = Routes(Blueprint(__name__), tag="sign-ups")


@routes.get(
    "/public/invites/{pn}",
    returns=InvitationShape,
    media=(HTML,),
    scope=None,
    summary="The page of an invite link",
    refusals=(404,),
)
def open_invitation(call: Call, pn: str) -> InvitationShape | Answer:
    """Who invites, and what is on offer, each with a form to sign up; with `Accept: application/json` the same as data.
    Fetching it counts nothing: the page reports its visit by `POST /public/visits` once it is looked at."""
    site = site_of(call, "", Look())
    try:
        invitation = InvitationShape.of(invite_links.get_invitation(pn, now=call.now))
    except NotFound as refusal:
        return sign_up.nowhere(call, site, refusal)
    as_page = preferred(call.headers.get("Accept"), [HTML, JSON]) == HTML
    return sign_up.offer(site, invitation) if as_page else invitation
