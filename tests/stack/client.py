"""A partner's client of the deployed API."""

from dataclasses import dataclass, field
from typing import Any

import requests

PLUS = {
    "pricing_version": "V3",
    "product": "marketing",
    "tier": "plus",
    "contacts": 1000,
    "billing_frequency": "monthly",
}
TRIAL = {"pricing_version": "V1", "product": "EM", "tier": "trial"}


@dataclass
class Client:
    """Sends requests with one key, and keeps the connection."""

    base_url: str
    key: str
    session: requests.Session = field(default_factory=requests.Session)

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        return self.session.request(
            method,
            self.base_url + path,
            json=body,
            headers={"Authorization": f"Bearer {self.key}", **{k.replace("_", "-"): v for k, v in headers.items()}},
            timeout=60,
        )

    def get(self, path: str) -> Any:
        response = self.request("GET", path)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, body: Any = None, *, status: int = 201, **headers: str) -> Any:
        response = self.request("POST", path, body, **headers)
        assert response.status_code == status, response.text
        return response.json()

    def all(self, path: str) -> list[dict[str, Any]]:
        """Every item of a list, page after page."""
        items: list[dict[str, Any]] = []
        cursor = ""
        while True:
            joint = "&" if "?" in path else "?"
            page = self.get(f"{path}{joint}limit=100" + (f"&cursor={cursor}" if cursor else ""))
            items += page["data"]
            if page["next_cursor"] is None:
                return items
            cursor = page["next_cursor"]

    def card(self, payment_method: str = "pm_card_visa") -> str:
        profile = self.post("/v1/billing-profiles", {"name": "Company card", "payment_method": payment_method})
        return str(profile["id"])

    def account_body(self, name: str, **overrides: Any) -> dict[str, Any]:
        return {
            "name": name,
            "client": {"name": "Acme Inc", "email": "owner@acme.example"},
            "notification_email": "ops@bright.example",
            "country": "US",
            "language": "en",
            "time_zone": "America/Chicago",
            "plan": PLUS,
            **overrides,
        }


def new_partner(base_url: str, operator_key: str, *, program: str = "agency") -> Client:
    created = Client(base_url, operator_key).post(
        "/v1/operator/partners",
        {
            "name": "Bright Agency",
            "program": program,
            "email": "books@bright.example",
            "country": "US",
            "time_zone": "America/Chicago",
        },
    )
    return Client(base_url, created["api_key"]["key"])
