"""A partner's client of a deployed stack, for benchmarks and races."""

import json
import subprocess
import threading
from typing import Any

import requests

from infra.local.stack import LocalStack
from infra.local.stack import audit as stack_audit

Answer = requests.Response


class Partner:
    """Sends requests with one key. Each thread keeps its own connection."""

    def __init__(self, base_url: str, key: str, partner_id: str = "") -> None:
        self.id = partner_id
        self._base_url = base_url
        self._key = key
        self._own = threading.local()

    def ask(self, method: str, path: str, body: Any = None, *, idempotency_key: str | None = None) -> Answer:
        """Send a request; returns the response, whatever its status."""
        if not hasattr(self._own, "session"):
            self._own.session = requests.Session()
            self._own.session.headers["Authorization"] = f"Bearer {self._key}"
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        answer: Answer = self._own.session.request(
            method, self._base_url + path, json=body, headers=headers, timeout=60
        )
        return answer

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create something; exits if it is refused."""
        return self._wanted(201, "POST", path, body)

    def get(self, path: str) -> dict[str, Any]:
        return self._wanted(200, "GET", path)

    def all(self, path: str) -> list[dict[str, Any]]:
        """All items of a list, page by page."""
        items: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.get(f"{path}?limit=100" + (f"&cursor={cursor}" if cursor else ""))
            items += page["data"]
            if page["next_cursor"] is None:
                return items
            cursor = page["next_cursor"]

    def card(self, payment_method: str = "pm_card_visa") -> str:
        body = {"name": payment_method, "payment_method": payment_method}
        return str(self.post("/v1/billing-profiles", body)["id"])

    def _wanted(self, status: int, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = self.ask(method, path, body)
        if answer.status_code != status:
            raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text}")
        told: dict[str, Any] = answer.json()
        return told


def make_partner(stack: LocalStack, *, program: str = "agency", name: str = "Bright Agency") -> Partner:
    """A partner with its first key."""
    created = Partner(stack.base_url, stack.operator_key).post(
        "/v1/operator/partners",
        {
            "name": name,
            "program": program,
            "email": "books@bright.example",
            "country": "US",
            "time_zone": "America/Chicago",
        },
    )
    return Partner(stack.base_url, created["api_key"]["key"], created["id"])


def audit(stack: LocalStack) -> int:
    """The exit code of the audit of the whole stack, which prints its own table."""
    return stack_audit(stack.deployed).returncode


def findings(stack: LocalStack) -> dict[str, list[str]]:
    """What the audit finds wrong, by partner."""
    told = json.loads(stack_audit(stack.deployed, "--json", output=subprocess.PIPE).stdout)
    return {
        each["partner_id"]: [f"{found['kind']} {found['subject']}: {found['message']}" for found in each["findings"]]
        for each in told["partners"]
    }
