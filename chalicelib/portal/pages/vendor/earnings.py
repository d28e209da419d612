"""Held earnings of all partners: released or refused."""

from chalicelib.api import cursors
from chalicelib.api.bodies.earnings.earnings import ListHeldEarnings
from chalicelib.domain.earnings.lines import title_of
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.services.earnings import decisions

pages = Pages()


@pages.get("vendor/earnings", scope="operator")
def show_held(visit: Visit, **_: str) -> View:
    """The lines that are held, each with its reasons."""
    query = visit.asked_as(ListHeldEarnings)
    found, last = decisions.list_held(limit=query.limit, start=cursors.start_of(visit, query))
    values = {
        "lines": [(line, title_of(line)) for line in found],
        **visit.pager(query, last),
    }
    return View("vendor/earnings.html", values)


@pages.post("vendor/earnings/{earning_id}/release", scope="operator", again=show_held)
def release(visit: Visit, earning_id: str) -> Redirect:
    """Lets a line be paid out."""
    decisions.release(line_id=earning_id, now=visit.now, actor=visit.actor)
    return Redirect("vendor/earnings", done="released")


@pages.post("vendor/earnings/{earning_id}/refuse", scope="operator", again=show_held)
def refuse(visit: Visit, earning_id: str) -> Redirect:
    """Takes a line back whole."""
    decisions.refuse(line_id=earning_id, now=visit.now, actor=visit.actor)
    return Redirect("vendor/earnings", done="refused")
