"""Held earnings of all partners: released or refused."""

from chalicelib.api import cursors
from chalicelib.api.bodies.earnings.earnings import ListHeldEarnings
from chalicelib.domain.earnings.lines import title_of
from chalicelib.portal import confirmation
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.services.accounts import named
from chalicelib.services.earnings import decisions
from chalicelib.services.partners import partners

pages = Pages()


@pages.get("vendor/earnings", scope="operator")
def show_held(visit: Visit, **_: str) -> View:
    """The lines that are held, each with its reasons."""
    query = visit.asked_as(ListHeldEarnings)
    found, last = decisions.list_held(limit=query.limit, start=cursors.start_of(visit, query))
    values = {
        "lines": [(line, title_of(line)) for line in found],
        "names": named.names_of_any(line.partner_id for line in found),
        **visit.pager(query, last),
    }
    return View("vendor/earnings.html", values)


@pages.post("vendor/earnings/{earning_id}/release", scope="operator", again=show_held)
def release(visit: Visit, earning_id: str) -> Redirect:
    """Lets a line be paid out."""
    decisions.release(line_id=earning_id, now=visit.now, actor=visit.actor)
    return Redirect("vendor/earnings", done="released")


def _say_refusal(visit: Visit, earning_id: str) -> View:
    line, say = decisions.get_held(line_id=earning_id), visit.texts.plain
    partner = partners.get_partner(partner_id=line.partner_id)
    return confirmation.ask(
        visit,
        title=say("vendor.earnings.refuse"),
        facts=[
            (say("vendor.partners.name"), partner.name),
            (say("vendor.earnings.line"), title_of(line)),
            (say("vendor.earnings.amount"), visit.formats.money(line.amount)),
        ],
        note=say("vendor.earnings.how"),
        button=say("vendor.earnings.refuse"),
        ends=True,
    )


@pages.post("vendor/earnings/{earning_id}/refuse", scope="operator", again=show_held, before=_say_refusal)
def refuse(visit: Visit, earning_id: str) -> Redirect:
    """Takes a line back whole."""
    decisions.refuse(line_id=earning_id, now=visit.now, actor=visit.actor)
    return Redirect("vendor/earnings", done="refused")
