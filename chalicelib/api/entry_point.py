"""What every request passes: checks, the handler, and the rendering of its answer."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from chalice.app import Request, Response

from chalicelib.api import clock, cors, etags, idempotency, parsing, problems, request_limits
from chalicelib.api.answers import HTML, Rendered, render
from chalicelib.api.base import Body, ListQuery, Query
from chalicelib.api.call import OPERATOR, Call, call_of, request_id_of
from chalicelib.api.declared import CLIENT, Route, reader_of
from chalicelib.api.observability import logged_if_cut_off, logger
from chalicelib.api.on_demand import App
from chalicelib.api.problems import FieldError, Problem
from chalicelib.domain.refusals import Refusal

_MOST_BYTES_OUT = 5_500_000
_SURELY_FITS = _MOST_BYTES_OUT // 12
"""A character takes at most two escapes, as an emoji does: 12 bytes."""


def answer(route: Route, request: Request, path_parameters: Mapping[str, str], *, app: App) -> Response:
    """The response to a request; never raises."""
    started = time.perf_counter()
    request_id = request_id_of(request)
    logger.append_keys(
        request_id=request_id, route=f"{request.method} {request.path}", partner=None, key_id=None, account=None
    )
    with logged_if_cut_off(request.lambda_context):
        try:
            call = call_of(request, by_client=route.scope == CLIENT)
            logger.append_keys(partner=call.partner, key_id=call.key_id)
            request_limits.count_request(route, call, now=clock.machine_now())
            rendered = _readable(route, request, _respond(route, call, request, path_parameters, app))
            body = _laid_out(rendered, request)
            _check_page(route, body)
        except Exception as error:
            rendered = _readable(route, request, problems.of_error(error).render(request_id=request_id))
            body = _laid_out(rendered, request)
    log = logger.error if rendered.status >= 500 else logger.info
    log("request", status=rendered.status, milliseconds=round((time.perf_counter() - started) * 1000, 1))
    headers: dict[str, str | list[str]] = {
        "Cache-Control": "no-store",
        **rendered.headers,
        "X-Request-Id": request_id,
        "X-Content-Type-Options": "nosniff",
        "Strict-Transport-Security": "max-age=31536000",
        **cors.headers_for(request.headers.get("origin")),
    }
    return Response(body=body, headers=headers, status_code=rendered.status)


def _readable(route: Route, request: Request, rendered: Rendered) -> Rendered:
    """A problem on a route that has nothing but pages is a page itself, for browsers."""
    if route.media != (HTML,) or rendered.headers.get("Content-Type") != problems.PROBLEM_JSON:
        return rendered
    from chalicelib.api.pages.problems import as_page  # no other request needs the pages

    headers = request.headers
    return as_page(rendered, accept=headers.get("accept"), accept_language=headers.get("accept-language"))


def _laid_out(rendered: Rendered, request: Request) -> str | bytes:
    """The body as sent: a text ends with a newline, and JSON is indented if the client asks for it.

    The answer stored for repeated requests, and the one that an ETag stands for, is the compact text.
    """
    body = rendered.revealed()
    if not isinstance(body, str) or not body:
        return body
    if rendered.headers.get("Content-Type", "").endswith("json") and parsing.wants_pretty(request):
        body = json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    return body if body.endswith("\n") else f"{body}\n"


def _check_page(route: Route, body: str | bytes) -> None:
    """Refuse a page too large for Lambda: 6 MB, of the text escaped as JSON once more, in ASCII."""
    if not issubclass(route.query or Query, ListQuery) or not isinstance(body, str) or len(body) < _SURELY_FITS:
        return
    if len(json.dumps(body)) > _MOST_BYTES_OUT:
        fault = FieldError(field="limit", message="must be smaller here: so many rows do not fit into one answer")
        raise problems.invalid([fault])


def _respond(route: Route, call: Call, request: Request, path_parameters: Mapping[str, str], app: App) -> Rendered:
    _check_caller(route, call)
    path_arguments = parsing.path_arguments(path_parameters)
    if route.raw_body:
        call = replace(call, raw_body=parsing.bounded_body(request))
    document = parsing.json_body(request) if route.takes_body and not route.raw_body else {}
    parameters = parsing.query_parameters(request, route.query or Query)
    if route.scope is None and call.idempotency_key is not None:
        sent = {"body": call.raw_body.hex() if route.raw_body else document, "query": parameters}
        call = replace(call, content_mark=idempotency.content_mark(sent))

    def handled() -> Rendered:
        try:
            arguments = {**path_arguments, **_validated(route, call, document, parameters)}
            return render(route.handler(call, **arguments), status=route.status)
        except (Problem, Refusal) as error:
            return problems.of_error(error).render(request_id=call.request_id)

    if route.takes_idempotency_key:
        return idempotency.once(call, {"body": document, "query": parameters}, handled)
    if route.method in {"PUT", "PATCH"} and "If-Match" in call.headers:
        _check_if_match(route, call, path_arguments, app)
    rendered = handled()
    if route.is_item and rendered.status == 200:
        etag = etags.etag_of(rendered.body, without=route.counts)
        return replace(rendered, headers={**rendered.headers, "ETag": etag})
    return rendered


def _validated(route: Route, call: Call, document: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The handler's `query` and `body`, as far as the route declares them. Raises all faults of both at once."""
    valid: dict[str, Any] = {}
    faults: list[FieldError] = []
    try:
        valid["query"] = parsing.from_query(route.query or Query, parameters)
    except parsing.Faults as found:
        faults += found.errors
    try:
        rules = partial(route.rules, call) if route.rules else None
        valid["body"] = parsing.from_body(route.body or Body, document, rules=rules)
    except parsing.Faults as found:
        faults += found.errors
    if faults:
        raise problems.invalid(faults)
    declared = {"query": route.query, "body": route.body}
    return {name: value for name, value in valid.items() if declared[name] is not None}


def _check_caller(route: Route, call: Call) -> None:
    """Refuse a key without the route's scope; on a client's route, whoever has no session of a client's log-in."""
    if route.scope is None:
        return
    if call.by_client:
        logger.append_keys(account=call.client.id)
        return
    right_kind = route.scope == OPERATOR or call.partner is not None
    lacking = [scope for scope in route.scopes if scope not in call.scopes or not right_kind]
    if lacking:
        needed, given = " and ".join(route.scopes), ", ".join(call.scopes) or "none"
        raise Problem(
            status=403,
            code="insufficient_scope",
            title="The API key may not do this",
            detail=f"This needs the scope {needed}; the key has {given}.",
            extra={"needed_scope": lacking[0], "given_scopes": list(call.scopes)},
        )


def _check_if_match(route: Route, call: Call, path_arguments: Mapping[str, str], app: App) -> None:
    """If-Match names the ETag of the GET on the same path or, if there is none, on a path above it.

    Checked before the change; the conditions of the write itself catch what changes in between.
    """
    reader = reader_of(route.path, app)
    if reader is None:
        etags.check(call.headers["If-Match"], None)
        return
    arguments: dict[str, Any] = {
        name: value for name, value in path_arguments.items() if "{" + name + "}" in reader.path
    }
    if reader.query is not None:
        arguments["query"] = reader.query()
    current = render(reader.handler(call, **arguments), status=200)
    etags.check(call.headers["If-Match"], etags.etag_of(current.body, without=reader.counts))
