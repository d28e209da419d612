"""A partner that has one of everything, for the tests of who may ask for what."""

import re
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from chalice.local import LambdaContext

from chalicelib.api.declared import Route
from tests.functional.conftest import OPERATOR, SANDBOX, TRIAL, Api, Partner

NOT_MADE_HERE = {
    "bill_id": "bill_01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "add_on": "sms",
    "credit_note_id": "txn_01ARZ3NDEKTSV4RRFFQ69G5FAV",
}
"""Ids of kinds that take a story of their own to come about: nobody has these. Names that are nobody's secret."""


@dataclass
class Estate:
    """A partner that has one of everything that has an id."""

    partner: Partner
    account: dict[str, Any]
    ids: dict[str, str]

    @classmethod
    def of(cls, api: Api) -> "Estate":
        partner = api.partner()
        card = partner.card()
        account = partner.create(billing_profile_id=card, client={"name": "Secret Client", "email": "s@secret.example"})
        bought = partner.buy(5000, account_id=account["id"])
        partner.create(plan=TRIAL)
        ids = {
            "purchase_id": bought["id"],
            "account_id": account["id"],
            "profile_id": card,
            "invoice_id": partner.get("/v1/invoices")["data"][0]["id"],
            "key_id": partner.post("/v1/api-keys", {"name": "Till", "scopes": ["read"]}).json["id"],
            "webhook_id": partner.post("/v1/webhooks", {"url": "https://hooks.secret.example/"}).json["id"],
        }
        sandbox = partner.create(plan=SANDBOX)
        made = partner.post("/v1/snapshots", {"account_id": sandbox["id"], "name": "Secret set-up"})
        letter = {"name": "Secret letter", "html": "<p>Secret</p>"}
        template = partner.post(f"/v1/accounts/{sandbox['id']}/templates", letter)
        view = partner.post("/v1/views", {"name": "Secret view", "filters": {"q": "secret"}})
        work = {"account_id": account["id"], "kind": "design", "description": "Secret work"}
        ids["service_request_id"] = partner.post("/v1/service-requests", work).json["id"]
        move = {
            "direction": "in",
            "account": "secret-name",
            "owner_email": "s@secret.example",
            "relationship": "referred",
        }
        ids["transfer_id"] = partner.post("/v1/transfers", move).json["id"]
        refund = f"/v1/operator/partners/{partner.id}/invoices/{ids['invoice_id']}/refunds"
        refunded = partner.ask("POST", refund, {"amount": 100}, key=OPERATOR).json["invoice"]
        ids["credit_note_id"] = refunded["credit_notes"][0]["id"]
        ids["payout_id"] = held_payout(api, partner)
        ids |= {"snapshot_id": made.json["id"], "template_id": template.json["id"], "view_id": view.json["id"]}
        return cls(partner, account, ids)

    def path(self, route: Route) -> str:
        """The route's path with this partner's ids in it; a kind of id nobody knows here has to be added above."""
        return re.sub(r"{(\w+)}", lambda match: (self.ids | NOT_MADE_HERE)[match[1]], route.path)


def held_payout(api: Api, partner: Partner) -> str:
    """A payout of the partner that is too small to be made."""
    adjustment = {"amount": 1, "reason": "Secret reason"}
    partner.ask("POST", f"/v1/operator/partners/{partner.id}/earnings", adjustment, key=OPERATOR)
    partner.ask("POST", "/v1/operator/payout-runs", {"program": "agency"}, key=OPERATOR)
    with patch.object(LambdaContext, "get_remaining_time_in_millis", lambda _: 300_000):
        for _ in range(2):
            api.run_schedules()
    (payout,) = partner.get("/v1/payouts")["data"]
    payout_id: str = payout["id"]
    return payout_id
