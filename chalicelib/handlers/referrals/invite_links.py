"""A partner's invite link."""

from chalice.app import Blueprint

from chalicelib.api.bodies.referrals.invite_links import ChangeInviteLink, InviteLinkShape
from chalicelib.api.call import Call
from chalicelib.api.routes import Routes
from chalicelib.domain.referrals.invite_links import InviteLink
from chalicelib.services.referrals import invite_links

routes = Routes(Blueprint(__name__), tag="invite links")


@routes.get("/v1/invite-link", returns=InviteLinkShape, scope="read", summary="Read your invite link", refusals=(409,))
def get_invite_link(call: Call) -> InviteLinkShape:
    """The link that credits to you whoever signs up through it. Its name is made from yours until you choose one."""
    return _shown(call, invite_links.get_link(partner_id=call.partner_id, now=call.now))


@routes.patch(
    "/v1/invite-link",
    body=ChangeInviteLink,
    returns=InviteLinkShape,
    scope="write",
    summary="Change your invite link",
    refusals=(409,),
)
def change_invite_link(call: Call, body: ChangeInviteLink) -> InviteLinkShape:
    """Change its name, or what its page shows. A name you had keeps leading to you; nobody else gets it."""
    link = invite_links.change_link(partner_id=call.partner_id, request=body.wanted(), now=call.now, actor=call.actor)
    return _shown(call, link)


def _shown(call: Call, link: InviteLink) -> InviteLinkShape:
    traffic = invite_links.get_traffic(partner_id=link.partner_id)
    return InviteLinkShape.of(link, traffic, base_url=call.base_url)
