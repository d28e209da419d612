"""What the gateway answers by itself is a problem like ours, and tells nobody more than it should."""

import json
from typing import Any

import pytest

from infra.gateway import RESPONSES, GatewayResponse, gateway_responses, let_browsers_ask
from infra.package import PROJECT, read_template

# AWS, API Gateway's developer guide, "Gateway response types": all of them.
TYPES = {
    *("ACCESS_DENIED", "API_CONFIGURATION_ERROR", "AUTHORIZER_CONFIGURATION_ERROR", "AUTHORIZER_FAILURE"),
    *("BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS", "DEFAULT_4XX", "DEFAULT_5XX", "EXPIRED_TOKEN"),
    *("INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "INVALID_API_KEY", "INVALID_SIGNATURE"),
    *("MISSING_AUTHENTICATION_TOKEN", "QUOTA_EXCEEDED", "REQUEST_TOO_LARGE", "RESOURCE_NOT_FOUND"),
    *("THROTTLED", "UNAUTHORIZED", "UNSUPPORTED_MEDIA_TYPE", "WAF_FILTERED"),
}
EDGE = read_template(PROJECT / "infra" / "edge.yaml")


def test_every_type_of_response_is_given_once() -> None:
    given = [kind for each in RESPONSES for kind in each.types]

    assert sorted(given) == sorted(TYPES)


@pytest.mark.parametrize("response", RESPONSES, ids=lambda each: each.types[0])
def test_a_response_is_a_problem_with_the_requests_id(response: GatewayResponse) -> None:
    answer = gateway_responses()[response.types[0]]
    problem = json.loads(answer["ResponseTemplates"]["application/json"])

    assert problem["status"] == answer["StatusCode"] == response.status
    assert problem["type"] == f"urn:sublet:problem:{problem['code']}"
    assert problem.keys() == {"type", "title", "status", "code", "detail", "request_id"}
    assert problem["request_id"] == "$context.requestId"


def test_whoever_is_throttled_is_told_when_to_try_again() -> None:
    assert gateway_responses()["THROTTLED"]["ResponseParameters"]["Headers"]["Retry-After"] == "'1'"


def test_no_answer_says_what_the_gateway_itself_would_say() -> None:
    """Its error message quotes the Authorization header of a request to an unknown route."""
    assert "$context.error" not in str(gateway_responses())


def test_a_preflight_needs_no_key() -> None:
    integration = {"type": "aws_proxy", "uri": {"Fn::Sub": "…${APIHandler.Arn}/invocations"}}
    asked = {"responses": {}, "security": [{"api_key_authorizer": []}], "x-amazon-apigateway-integration": integration}
    template = {
        "Resources": {"RestAPI": {"Properties": {"DefinitionBody": {"paths": {"/v1/partner": {"get": asked}}}}}}
    }

    let_browsers_ask(template)

    options = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]["/v1/partner"]["options"]
    assert options["x-amazon-apigateway-integration"] == integration
    assert "security" not in options


LOGGED = json.loads(EDGE["Resources"]["RestAPI"]["Properties"]["AccessLogSetting"]["Format"])


def test_the_access_log_has_the_requests_id_and_what_came_of_it() -> None:
    assert LOGGED["request_id"] == "$context.requestId"
    assert {"method", "route", "status", "holder", "milliseconds"} <= LOGGED.keys()


@pytest.mark.parametrize(
    "secret",
    ["$context.path", "header", "querystring", "$context.error.message", "sourceIp", "$context.authorizer.key"],
)
def test_no_key_token_address_or_query_string_is_in_the_access_log(secret: str) -> None:
    assert secret not in " ".join(LOGGED.values())


def _rules() -> dict[str, Any]:
    return {rule["Name"]: rule["Statement"] for rule in EDGE["Resources"]["ApiFirewall"]["Properties"]["Rules"]}


def test_the_firewall_lets_through_what_our_own_routes_are_sent() -> None:
    """Long bodies, HTML and URLs in them, long cursors, and clients without a User-Agent."""
    overridden = _rules()["common-rules"]["ManagedRuleGroupStatement"]["RuleActionOverrides"]

    assert {each["Name"] for each in overridden if each["ActionToUse"] == {"Count": {}}} >= {
        *("SizeRestrictions_BODY", "CrossSiteScripting_BODY", "GenericRFI_BODY"),
        *("SizeRestrictions_QUERYSTRING", "NoUserAgent_HEADER"),
    }


def test_the_webhooks_of_processors_are_not_counted_by_address() -> None:
    scope = _rules()["public-routes-by-address"]["RateBasedStatement"]["ScopeDownStatement"]
    public, others = scope["AndStatement"]["Statements"]

    assert public["ByteMatchStatement"]["SearchString"] == "/public/"
    assert others["NotStatement"]["Statement"]["ByteMatchStatement"]["SearchString"] == "/webhooks"
