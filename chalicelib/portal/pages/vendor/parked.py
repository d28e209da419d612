"""What broke the worker and is parked, so that no sweep finds it: seen, and sent back."""

from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.services.schedule import parked

pages = Pages()

_MOST_SHOWN = 100


@pages.get("vendor/parked", scope="operator")
def show_parked(_: Visit) -> View:
    """What has waited longest first, with the kind of error that parked it."""
    found = parked.list_parked()
    return View("vendor/parked.html", {"parked": found[:_MOST_SHOWN], "count": len(found)})


@pages.post("vendor/parked/unpark", scope="operator", again=show_parked)
def unpark(visit: Visit) -> Redirect:
    """Returns one subject to its sweep, or all if the form names none."""
    parked.unpark(visit.given.get("id"))
    return Redirect("vendor/parked", done="unparked")
