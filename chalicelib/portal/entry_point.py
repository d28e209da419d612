"""What every request for a page passes: who it is, whether it may, the page, and the headers of its answer."""

import contextlib
import hmac
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from urllib.parse import quote, unquote, urlsplit

from chalice.app import Request, Response

from chalicelib.api import clock, problems
from chalicelib.api.call import call_of, request_id_of
from chalicelib.api.observability import logged_if_cut_off, logger
from chalicelib.api.pages.forms import cookie_of
from chalicelib.api.parsing import Faults
from chalicelib.api.problems import Problem
from chalicelib.domain.refusals import Refusal
from chalicelib.portal import assets, cookies, forms, rendering, sent_again, site
from chalicelib.portal.declared import Download, Page, Redirect, Reply, View
from chalicelib.portal.visits import Visit
from chalicelib.services.people import sessions

CSRF = "csrf"
_LONGEST_SEGMENT = 2_000
"""A token in a path may be long; an id is not."""
_LONGEST_WAY_BACK = 2_000
_PARTNERS = {"read", "write", "billing"}
_OWN_SIGN_IN = "people.me"
"""The module whose pages are open to who has to set up an app first."""


def answer(request: Request) -> Response:
    """The response to a request for a page; never raises."""
    started = time.perf_counter()
    place = _place_of(request)
    if place.startswith("assets/"):
        return _logged(assets.answer(place) or _bare(404), "assets", started)
    request_id = request_id_of(request)
    logger.append_keys(request_id=request_id, route=f"{request.method} portal", partner=None, key_id=None, account=None)
    nonce = secrets.token_urlsafe(12)
    with logged_if_cut_off(request.lambda_context):
        try:
            response = _answered(request, _visit_of(request, place), nonce)
        except Exception as error:
            response = _bare(problems.of_error(error).status)
    response.headers["X-Request-Id"] = request_id
    _logged(response, "page", started)
    logger.remove_keys(["person"])  # the API's next request in this process has none
    return response


def _answered(request: Request, visit: Visit, nonce: str) -> Response:
    try:
        visit = _signed_in(visit)
        visit, reply = _reply(request, visit)
        return _response(visit, reply, nonce)
    except Exception as error:
        return _of_error(visit, error, nonce)


def _reply(request: Request, visit: Visit) -> tuple[Visit, Reply]:
    """The visit, as far as it is known by then, and what the page says."""
    found = site.find(request.method, visit.place)
    if found is None or found.page is None:
        raise _no_page(other_method=found is not None and found.other_method)
    page = found.page
    logger.append_keys(route=f"{request.method} portal/{page.path}")
    if page.scope != "public":
        if visit.session is None and not (page.method == "POST" and cookie_of(visit, cookies.NAME)):
            return visit, _sign_in(visit)
        if visit.session is not None:
            if visit.session.app_needed and found.module != _OWN_SIGN_IN and page.path != "sign-out":
                return visit, Redirect("me/app")
            _check_access(page, visit)
    if page.method == "GET":
        return visit, page.handler(visit, **found.variables)
    _check_origin(visit)
    visit, ours = _with_form(visit, forms.read(request))
    if page.scope != "public" and visit.session is None:
        if visit.by_htmx:
            raise sent_again.signed_out()  # a part of the form: it stays, and what was entered with it
        return visit, sent_again.after_session(visit) or _sign_in(visit)
    if not ours:
        return _not_taken(page, visit, found.variables)
    return _handled(page, visit, found.variables)


def _handled(page: Page, visit: Visit, variables: Mapping[str, str]) -> tuple[Visit, Reply]:
    """What a form does; for one that is refused, the page that it is on, with what is wrong. One that may have done
    what it says can be sent again."""
    try:
        return visit, page.handler(visit, **variables)
    except Exception as error:
        problem = _problem_of(error)
        if problem.status >= 500:
            offer = sent_again.after_failure(visit, problem)
            if offer is None:
                raise problem from error
            return visit, offer
        if page.again is None or problem.status in {403, 404}:
            raise
        return _shown_again(page, sent_again.as_new(visit), problem, variables)


def _shown_again(page: Page, visit: Visit, problem: Problem, variables: Mapping[str, str]) -> tuple[Visit, View]:
    """The page that a form is on, with what was entered and what is wrong."""
    assert page.again is not None
    shown = visit.refused(problem)
    view = page.again(shown, **variables)
    assert isinstance(view, View)
    return shown, View(view.template, view.values, problem.status, view.headers, view.sources)


def _not_taken(page: Page, visit: Visit, variables: Mapping[str, str]) -> tuple[Visit, View]:
    """The page of a form of this site that an earlier session was given: with what was entered, to be sent anew."""
    if page.again is not None and not visit.by_htmx:
        with contextlib.suppress(Faults, Refusal, Problem):
            return _shown_again(page, visit, sent_again.of_earlier_session(), variables)
    raise _not_our_form()


def _problem_of(error: Exception) -> Problem:
    return problems.invalid(error.errors) if isinstance(error, Faults) else problems.of_error(error)


def _check_access(page: Page, visit: Visit) -> None:
    has = visit.may_open(page.scope) if page.method == "GET" else page.scope in ("signed in", *visit.scopes)
    if not has or (page.scope in _PARTNERS and visit.partner is None):
        raise Problem(
            status=403,
            code="insufficient_scope",
            title="Your role may not do this",
            detail=f"This needs the right {page.scope}. An owner of your team can give it to you.",
        )


def _check_origin(visit: Visit) -> None:
    """Refuse a form that the browser doesn't say comes from this site."""
    ours = urlsplit(visit.base_url)
    site_said = visit.headers.get("Sec-Fetch-Site")
    from_here = (
        site_said == "same-origin" if site_said else visit.headers.get("Origin") == f"{ours.scheme}://{ours.netloc}"
    )
    if not from_here:
        raise _not_our_form()


def _with_form(visit: Visit, given: Mapping[str, list[str]]) -> tuple[Visit, bool]:
    """The visit with its form, and whether that is to be taken: of whoever is signed in, it has to hold the session's
    secret."""
    secret = visit.session.csrf if visit.session else ""
    sent = given.get(CSRF, [""])[-1]
    ours = visit.session is None or hmac.compare_digest(sent.encode(), secret.encode())
    return visit.with_form({name: values for name, values in given.items() if name != CSRF}), ours


def _visit_of(request: Request, place: str) -> Visit:
    """The visit of a stranger: no table is read yet."""
    call = call_of(request)
    known = {each.name: getattr(call, each.name) for each in fields(call)}
    return Visit(
        **known
        | {
            "path": f"/portal/{place}",
            "place": place,
            "module": site.module_of(place) or "",
            "query": _query_of(request),
        }
    )


def _signed_in(visit: Visit) -> Visit:
    """The visit of whoever's session the cookie names, by one read."""
    token = cookie_of(visit, cookies.NAME)
    session = sessions.find(token, now=clock.machine_now()) if token else None
    if session is None:
        return visit
    logger.append_keys(partner=session.partner_id, person=session.person_id)
    return replace(visit, session=session, partner=session.partner_id, scopes=session.scopes)


def _place_of(request: Request) -> str:
    """The path behind `portal/`, decoded segment by segment; empty if it can't be one."""
    segments = [unquote(segment) for segment in (request.uri_params or {}).get("proxy", "").split("/")]
    if any(
        not segment or not segment.isprintable() or "/" in segment or len(segment) > _LONGEST_SEGMENT
        for segment in segments
    ):
        return ""
    return "/".join(segments)


def _query_of(request: Request) -> dict[str, str | list[str]]:
    given = request.query_params
    values = {name: given.getlist(name) for name in given} if given else {}
    return {name: several[0] if len(several) == 1 else several for name, several in values.items()}


def _sign_in(visit: Visit) -> Redirect:
    """To the sign-in, and from there back to the page that was asked for."""
    if visit.by_htmx:
        return Redirect(site.SIGN_IN)  # what asked is a part of a page
    came = visit.here if visit.method == "GET" else ""
    came = came if len(came) <= _LONGEST_WAY_BACK else visit.place
    return Redirect(f"{site.SIGN_IN}?next={quote(came)}" if came not in {"", site.FIRST} else site.SIGN_IN)


def _no_page(*, other_method: bool) -> Problem:
    if other_method:
        return Problem(
            status=405, code="method_not_allowed", title="Not a page", detail="This address only takes a form."
        )
    return Problem(status=404, code="not_found", title="Page not found", detail="There is no page at this address.")


def _not_our_form() -> Problem:
    return Problem(
        status=403,
        code="not_our_form",
        title="The form was not sent",
        detail="It was open for too long, or doesn't come from this site. Open the page again and repeat it.",
    )


def _response(visit: Visit, reply: Reply, nonce: str) -> Response:
    if isinstance(reply, Redirect):
        return _redirect(visit, reply)
    if isinstance(reply, Download):
        headers = _headers(nonce, {}) | {
            "Content-Type": f"{reply.media_type}; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{reply.name}"',
        }
        return Response(body=reply.content, headers=headers)
    headers = _headers(nonce, reply.sources) | {"Content-Type": "text/html; charset=utf-8", "Vary": "HX-Request"}
    return Response(
        body=rendering.render(reply, visit, nonce=nonce),
        headers=headers | dict(reply.headers),
        status_code=reply.status,
    )


def _redirect(visit: Visit, reply: Redirect) -> Response:
    to = reply.to
    if reply.done:
        to += f"{'&' if '?' in to else '?'}done={quote(reply.done)}"
    elsewhere = to.startswith(("https://", "http://"))  # a local stack has no https
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store", **reply.headers}
    if visit.by_htmx:  # it would follow a redirect by itself and put the page into the element
        here = to if elsewhere else visit.address(to)
        status = 401 if reply.to == site.SIGN_IN else 204
        return Response(body="", headers=headers | {"HX-Redirect": here}, status_code=status)
    location = to if elsewhere else visit.url(to)
    return Response(body="", headers=headers | {"Location": location}, status_code=303)


def _of_error(visit: Visit, error: Exception, nonce: str) -> Response:
    """A page that says what went wrong, in the service's words; one that needs no table if a table may be the cause."""
    problem = _problem_of(error)
    if problem.status >= 500:
        visit = replace(visit, session=None, partner=None, scopes=())
    view = View(
        "problem.html", {"problem": visit.in_words(problem)}, status=problem.status, headers=dict(problem.headers)
    )
    return _response(visit, view, nonce)


def _bare(status: int) -> Response:
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store", "Content-Type": "text/plain; charset=utf-8"}
    return Response(
        body="Not found\n" if status == 404 else "Something went wrong\n", headers=headers, status_code=status
    )


def _headers(nonce: str, sources: Mapping[str, Sequence[str]]) -> dict[str, str | list[str]]:
    """Nothing is stored, framed or loaded from elsewhere, and no script or style runs but those with the nonce."""
    policy = {
        "default-src": ["'none'"],
        "script-src": [f"'nonce-{nonce}'"],
        "style-src": [f"'nonce-{nonce}'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    for directive, origins in sources.items():
        policy[directive] = [*policy.get(directive, []), *origins]
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": "; ".join(f"{name} {' '.join(values)}" for name, values in policy.items()),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Referrer-Policy": "same-origin",
        "Strict-Transport-Security": "max-age=31536000",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def _logged(response: Response, what: str, started: float) -> Response:
    log = logger.error if response.status_code >= 500 else logger.info
    log(what, status=response.status_code, milliseconds=round((time.perf_counter() - started) * 1000, 1))
    return response
