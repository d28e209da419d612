"""What the gateway answers without our functions, on the deployed stack."""

import requests

from infra.local.stack import LocalStack
from tests.stack.client import Client

ORIGIN = {"Origin": "https://portal.example.com"}


def test_a_wrong_key_and_an_unknown_route_are_answered_with_problems(stack: LocalStack) -> None:
    for path, status, code in (("/v1/partner", 401, "unauthorized"), ("/v1/nothing", 404, "not_found")):
        answer = Client(stack.base_url, "sk_nobodys").request("GET", path, **ORIGIN)

        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = answer.json()
        assert (problem["status"], problem["code"]) == (status, code)
        assert problem["request_id"] == answer.headers["X-Request-Id"]
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN["Origin"], "it says nothing of anybody"
        assert "sk_nobodys" not in answer.text


def test_a_preflight_needs_no_key_and_lets_no_page_in_unless_its_origin_is_named(stack: LocalStack) -> None:
    asked = {**ORIGIN, "Access-Control-Request-Method": "POST"}

    answer = requests.options(f"{stack.base_url}/v1/accounts/acc_1", headers=asked, timeout=60)

    assert (answer.status_code, answer.text) == (204, "")
    assert "Access-Control-Allow-Origin" not in answer.headers
