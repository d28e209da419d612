"""The invite link: its name, its QR code, what its page offers, and co-branded links to any other page."""

from typing import Any

from chalicelib.api.bodies.referrals.invite_links import ChangeInviteLink, InviteLinkShape
from chalicelib.domain.referrals import invite_links as domain
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.services.referrals import invite_links

pages = Pages()

_PLAN = ("pricing_version", "product", "tier")


@pages.get("invite-link", scope="read")
def show_invite_link(visit: Visit) -> View:
    """The link and its settings; htmx asks for the co-branded link alone."""
    link = invite_links.get_link(partner_id=visit.partner_id, now=visit.now)
    address = visit.asked("address")[:2_000]
    values: dict[str, Any] = {
        "address": address,
        "co_branded": domain.co_branded(address, pn=link.pn) if address else None,
    }
    if visit.element:
        return View("referrals/invite_link.html", values)
    program = load_program(visit.partner_seen.program)
    traffic = invite_links.get_traffic(partner_id=visit.partner_id)
    shape = InviteLinkShape.of(link, traffic, base_url=visit.base_url)
    values |= {
        "link": shape,
        "qr": _qr(shape.url),
        "plans": [(_code(offer), _title(offer)) for offer in domain.plans_for_sale(program)],
        "highlighted": visit.given.get("plans", [_code(plan) for plan in shape.highlighted_plans]),
        "experiences": domain.possible_experiences(program),
        "chosen": visit.given.get("experiences", shape.experiences),
    }
    return View("referrals/invite_link.html", values)


@pages.post("invite-link", scope="write", again=show_invite_link)
def change_invite_link(visit: Visit) -> Redirect:
    """Changes the name, the plans that are highlighted, or what the page offers."""
    plans = [dict(zip(_PLAN, code.split("/"), strict=False)) for code in visit.given.get("plans", [])]
    body = visit.form(ChangeInviteLink, highlighted_plans=plans, experiences=visit.given.get("experiences", []))
    invite_links.change_link(partner_id=visit.partner_id, request=body.wanted(), now=visit.now, actor=visit.actor)
    return Redirect("invite-link", done="saved")


def _qr(url: str) -> str:
    import segno  # 50 ms

    drawn: str = segno.make(url, micro=False).svg_inline(scale=4, omitsize=True)
    return drawn


def _code(plan: Any) -> str:
    return "/".join(getattr(plan, name) for name in _PLAN)


def _title(plan: Any) -> str:
    return f"{plan.tier.capitalize()} ({plan.product}, {plan.pricing_version})"
