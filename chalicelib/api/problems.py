"""Every error as a problem document (RFC 9457, `application/problem+json`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic_core import to_jsonable_python

from chalicelib.api.answers import Rendered, dumps
from chalicelib.api.observability import logger
from chalicelib.domain.catalog.quotes import Quote
from chalicelib.domain.refusals import Refusal, RefusalKind
from chalicelib.domain.wallet.wallets import Mismatch
from chalicelib.services.schedule import transient_errors

PROBLEM_JSON = "application/problem+json"
_STATUS_OF: Mapping[RefusalKind, int] = {
    RefusalKind.UNVERIFIED: 400,
    RefusalKind.UNAUTHENTICATED: 401,
    RefusalKind.PAYMENT_DECLINED: 402,
    RefusalKind.FORBIDDEN: 403,
    RefusalKind.NOT_FOUND: 404,
    RefusalKind.CONFLICT: 409,
    RefusalKind.INVALID: 422,
    RefusalKind.RATE_LIMITED: 429,
    RefusalKind.UNAVAILABLE: 503,
}
_MOST_ERRORS = 100
_LONGEST_FIELD = 100
"""Real requests have fewer and shorter fields; a body of a megabyte may not, and its answer must fit into a row."""


@dataclass(frozen=True)
class FieldError:
    """One fault: where (`plan.tier`) and what (`must be one of …`)."""

    field: str
    message: str


@dataclass(eq=False)
class Problem(Exception):
    """An error as the client sees it. The API raises it; services raise a `Refusal` and know nothing of HTTP."""

    status: int
    code: str
    title: str
    detail: str
    errors: Sequence[FieldError] | None = None
    extra: Mapping[str, object] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def render(self, *, request_id: str) -> Rendered:
        """The response; the members of RFC 9457 and ours can't be replaced by `extra`."""
        document = {
            **to_jsonable_python(dict(self.extra), fallback=str),
            "type": f"urn:sublet:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "request_id": request_id,
        }
        if self.errors is not None:
            document["errors"] = [{"field": error.field, "message": error.message} for error in self.errors]
        return Rendered(
            status=self.status, body=dumps(document), headers={"Content-Type": PROBLEM_JSON, **self.headers}
        )


def of_error(error: Exception) -> Problem:
    """The problem for an exception.

    A service that is late, throttles or does not answer is a 503; an unexpected error is a 500. The client learns
    nothing of either, the log everything.
    """
    if isinstance(error, Problem):
        return error
    if isinstance(error, Refusal):
        return _of_refusal(error)
    if transient_errors.is_transient(error) or isinstance(error, Mismatch):
        logger.error("unavailable", exc_info=error)
        return _unavailable()
    logger.error("internal error", exc_info=error)
    return Problem(
        status=500,
        code="internal_error",
        title="Internal error",
        detail="Something went wrong on our side. Try again with the same Idempotency-Key, or give us the request id.",
    )


def _unavailable() -> Problem:
    return Problem(
        status=503,
        code="unavailable",
        title="Temporarily unavailable",
        detail="A service we need did not answer in time. Try again in a moment, with the same Idempotency-Key.",
        headers={"Retry-After": "5"},
    )


def invalid(errors: Sequence[FieldError]) -> Problem:
    """A request with faults: all of them, unless there are more than anybody could read."""
    errors = _readable(errors)
    return Problem(
        status=422,
        code="invalid_request",
        title="The request is not valid",
        detail=_joined(errors),
        errors=errors,
    )


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal's kind."""
    return _STATUS_OF[refusal.kind]


def _of_refusal(refusal: Refusal) -> Problem:
    if refusal.kind is RefusalKind.UNAVAILABLE:
        logger.warning(refusal.code, exc_info=refusal)
    errors = _readable([FieldError(field=field, message=message) for field, message in refusal.errors])
    has_own_detail = refusal.detail != f"{refusal.title}."
    return Problem(
        status=status_of(refusal),
        code=refusal.code,
        title=refusal.title,
        detail=refusal.detail if has_own_detail or not errors else _joined(errors),
        errors=errors if errors or refusal.kind is RefusalKind.INVALID else None,
        extra={name: _shown(value) for name, value in refusal.extra.items()},
        headers={} if refusal.retry_after is None else {"Retry-After": str(refusal.retry_after)},
    )


def _shown(value: object) -> object:
    """A value as clients know it: a quote, of a price that changed, has its shape of the API."""
    if not isinstance(value, Quote):
        return value
    from chalicelib.api.bodies.catalog.plans import QuoteShape  # other refusals need not load it

    return QuoteShape.of(value).model_dump(mode="json")


def _readable(errors: Sequence[FieldError]) -> list[FieldError]:
    shown = [replace(error, field=_shortened(error.field)) for error in errors[:_MOST_ERRORS]]
    if more := len(errors) - len(shown):
        shown.append(FieldError(field="", message=f"there are {more} further faults"))
    return shown


def _shortened(field: str) -> str:
    return field if len(field) <= _LONGEST_FIELD else f"{field[: _LONGEST_FIELD - 1]}…"


def _joined(errors: Sequence[FieldError]) -> str:
    return "; ".join(f"{error.field} {error.message}" if error.field else error.message for error in errors) + "."
