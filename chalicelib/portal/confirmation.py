"""What a form will do, said before it does it: money that moves, and what cannot be undone.

The form is sent a second time, by a button that says what it does. Its mark stays the same, so pressed twice it does
one thing.
"""

from collections.abc import Mapping, Sequence

from chalicelib.portal.declared import Handler, Page, View
from chalicelib.portal.visits import ONCE, Visit

_STEP = "step"
_CONFIRM, _CHANGE = "confirm", "change"

Fact = tuple[str, str]
"""What something is called, and what it is."""


def handler_of(page: Page, visit: Visit) -> Handler:
    """What answers a form: what it does; before that is confirmed, what says so; or the page that it is on."""
    step = visit.entered(_STEP)
    if page.before is None or page.again is None or step == _CONFIRM:
        return page.handler
    return page.again if step == _CHANGE else page.before


def ask(
    visit: Visit,
    *,
    title: str,
    facts: Sequence[Fact],
    button: str,
    note: str = "",
    ends: bool = False,
    also: Mapping[str, object] | None = None,
) -> View:
    """The page that says what the form of this visit will do. ``ends`` is for what cannot be undone.

    ``also`` are fields that the form gets with its confirmation: what was shown, where that may be another by then.
    """
    also = also or {}
    given = {name: values for name, values in visit.given.items() if name not in {ONCE, _STEP, *also}}
    fields = [*((name, value) for name, values in given.items() for value in values), *also.items()]
    values = {"title": title, "facts": facts, "button": button, "note": note, "ends": ends, "fields": fields}
    return View("confirm.html", values)
