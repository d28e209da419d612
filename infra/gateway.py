"""What API Gateway answers itself, before or in place of a function: problems like ours, and browsers' preflights.

These answers are part of the API's definition, and so of its deployment: resources of their own would come after it and
wait for the next one.
"""

import copy
import json
from dataclasses import dataclass
from typing import Any

_YEAR_SECONDS = 31_536_000


@dataclass(frozen=True, slots=True)
class GatewayResponse:
    """One answer, given for each of the gateway's ``types`` of responses."""

    types: tuple[str, ...]
    status: int
    code: str
    title: str
    detail: str
    retry_after: int | None = None
    """In seconds."""


# An address that is no route of ours is answered as if it needed a signature of AWS, whatever key was sent with it.
RESPONSES = (
    GatewayResponse(
        ("UNAUTHORIZED",),
        401,
        "unauthorized",
        "Unauthorized",
        "Send a valid API key: Authorization: Bearer <key>.",
    ),
    GatewayResponse(("ACCESS_DENIED",), 403, "forbidden", "Forbidden", "This API key may not do that."),
    GatewayResponse(("WAF_FILTERED",), 403, "blocked", "Blocked", "The firewall took this request for an attack."),
    GatewayResponse(
        ("MISSING_AUTHENTICATION_TOKEN", "INVALID_SIGNATURE", "EXPIRED_TOKEN", "INVALID_API_KEY", "RESOURCE_NOT_FOUND"),
        404,
        "not_found",
        "Not found",
        "There is no such route; see /openapi.json.",
    ),
    GatewayResponse(
        ("REQUEST_TOO_LARGE",), 413, "request_too_large", "Request too large", "The request is larger than 10 MB."
    ),
    GatewayResponse(("UNSUPPORTED_MEDIA_TYPE",), 415, "unsupported_media_type", "Unsupported media type", "Send JSON."),
    GatewayResponse(
        ("THROTTLED", "QUOTA_EXCEEDED"),
        429,
        "too_many_requests",
        "Too many requests",
        "Try again in a moment.",
        retry_after=1,
    ),
    GatewayResponse(
        ("DEFAULT_4XX", "BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS"),
        400,
        "bad_request",
        "Bad request",
        "The request could not be understood, or there is no such route; see /openapi.json.",
    ),
    GatewayResponse(
        ("INTEGRATION_TIMEOUT", "INTEGRATION_FAILURE"),
        504,
        "timeout",
        "Timeout",
        "No answer in time; repeat a POST with the same Idempotency-Key.",
        retry_after=5,
    ),
    GatewayResponse(
        ("DEFAULT_5XX", "AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR", "API_CONFIGURATION_ERROR"),
        500,
        "internal_error",
        "Internal error",
        "The fault is ours; repeat a POST with the same Idempotency-Key.",
    ),
)


def gateway_responses() -> dict[str, Any]:
    """The answers, by type, as SAM's `GatewayResponses`."""
    return {
        kind: {
            "StatusCode": each.status,
            "ResponseParameters": {"Headers": _headers(each)},
            "ResponseTemplates": {"application/json": _problem(each)},
        }
        for each in RESPONSES
        for kind in each.types
    }


def _headers(response: GatewayResponse) -> dict[str, str]:
    """Headers; a value in quotes is as it stands, another names one of the request.

    Pages of any origin may read what the gateway says itself: it can't compare origins, and says nothing of anybody.
    No value is a parameter's: SAM would not deploy the API anew when that has another.
    """
    headers = {
        "Content-Type": "'application/problem+json'",
        "Cache-Control": "'no-store'",
        "Strict-Transport-Security": f"'max-age={_YEAR_SECONDS}'",
        "X-Content-Type-Options": "'nosniff'",
        "X-Request-Id": "context.requestId",
        "Access-Control-Allow-Origin": "method.request.header.Origin",
    }
    return headers | ({} if response.retry_after is None else {"Retry-After": f"'{response.retry_after}'"})


def _problem(response: GatewayResponse) -> str:
    document = {
        "type": f"urn:sublet:problem:{response.code}",
        "title": response.title,
        "status": response.status,
        "code": response.code,
        "detail": response.detail,
        "request_id": "$context.requestId",
    }
    return json.dumps(document)


def let_browsers_ask(template: dict[str, Any]) -> None:
    """Let the API's function answer preflights (OPTIONS) on every path of a packaged template, without a key."""
    for methods in template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"].values():
        any_method = next(iter(methods.values()))
        methods["options"] = {
            "summary": "What pages of other origins may send here.",
            "responses": copy.deepcopy(any_method["responses"]),
            "x-amazon-apigateway-integration": copy.deepcopy(any_method["x-amazon-apigateway-integration"]),
        }
