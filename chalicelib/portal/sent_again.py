"""Forms that are sent a second time: because they were refused, because nobody knows what became of them, or because
the session they were given has ended.

A form has a mark, under which it does one thing (`Visit.derived_id`). Once it is refused it has done nothing, and gets
another mark: a card processor would repeat its answer to the first. While it may have done what it says it keeps its
mark, and can't be changed.
"""

import re
from collections.abc import Mapping

from chalicelib.api.problems import Problem
from chalicelib.portal.declared import View
from chalicelib.portal.visits import ONCE, Visit

_SECRET = re.compile(r"password|.*_password|code")
"""The names of fields whose content is in no page."""


def as_new(visit: Visit) -> Visit:
    """The visit of a form that has done nothing: sent again, it is another one."""
    return visit.with_form({name: values for name, values in visit.given.items() if name != ONCE})


def of_earlier_session() -> Problem:
    """Why a form is not taken that was shown in an earlier session of this browser."""
    return Problem(
        status=403,
        code="earlier_session",
        title="The form was not sent",
        detail="Nothing was sent. You have signed in anew since this form was opened, perhaps for another team. "
        "Look through what you entered, then send it again.",
    )


def signed_out() -> Problem:
    """Why a part of a form is not answered whose session has ended: what was entered stays as it is."""
    return Problem(status=401, code="signed_out", title="You are signed out", detail="Sign in, then repeat it.")


def after_failure(visit: Visit, problem: Problem) -> View | None:
    """The form with its mark, to be sent again as it was: it may have done what it says, or not. None for what must not
    be in a page."""
    if problem.code == "charge_outcome_unknown":
        return _offer(visit, "outcome_unknown", status=problem.status, headers=problem.headers)
    return _offer(visit, "may_be_done", status=problem.status, headers=problem.headers)


def after_session(visit: Visit) -> View | None:
    """The form of a session that has ended, to be sent after the sign-in. None for what must not be in a page."""
    return _offer(visit, "session_over", status=401, headers={})


def _offer(visit: Visit, why: str, *, status: int, headers: Mapping[str, str]) -> View | None:
    if visit.by_htmx or any(map(_SECRET.fullmatch, visit.given)):
        return None
    fields = [(name, value) for name, values in visit.given.items() if name != ONCE for value in values]
    return View("send_again.html", {"why": why, "fields": fields}, status=status, headers=dict(headers))
