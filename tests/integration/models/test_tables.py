"""The models and the template tell of the same tables."""

import pytest

from chalicelib.gateways.sandbox_payments import MemoryRow
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.models.accounts.names import NameRow
from chalicelib.models.billing.invoices import InvoiceRow
from chalicelib.models.clients.client_access import AccessRow
from chalicelib.models.clients.rate_limits import AttemptsRow
from chalicelib.models.control import ControlRow
from chalicelib.models.earnings.lines import EarningLineRow
from chalicelib.models.earnings.payouts import PayoutRow
from chalicelib.models.events.deliveries import DeliveryRow
from chalicelib.models.events.events import EventRow
from chalicelib.models.events.notices import NoticeRow
from chalicelib.models.events.suppressions import SuppressionRow
from chalicelib.models.events.webhooks import WebhookRow
from chalicelib.models.partners.api_keys import ApiKeyRow
from chalicelib.models.partners.billing_profiles import BillingProfileRow
from chalicelib.models.partners.partners import PartnerRow
from chalicelib.models.people.persons import PersonRow
from chalicelib.models.setup.service_requests import ServiceRequestRow
from chalicelib.models.transfers.management_requests import ManagementRequestRow
from chalicelib.models.transfers.transfers import TransferRow
from chalicelib.models.wallet.wallets import WalletRow
from infra.tables import table_definitions

MODELS = {
    "ACCOUNTS_TABLE": AccountRow,
    "NAMES_TABLE": NameRow,
    "PARTNERS_TABLE": PartnerRow,
    "WALLETS_TABLE": WalletRow,
    "API_KEYS_TABLE": ApiKeyRow,
    "BILLING_PROFILES_TABLE": BillingProfileRow,
    "LEDGER_TABLE": InvoiceRow,
    "EARNINGS_TABLE": EarningLineRow,
    "EVENTS_TABLE": EventRow,
    "SETUPS_TABLE": ServiceRequestRow,
    "CONTROL_TABLE": ControlRow,
    "ACCESS_TABLE": AccessRow,
    "GUARDS_TABLE": AttemptsRow,
    "PEOPLE_TABLE": PersonRow,
    "WEBHOOKS_TABLE": WebhookRow,
    "DELIVERIES_TABLE": DeliveryRow,
    "NOTICES_TABLE": NoticeRow,
    "SUPPRESSIONS_TABLE": SuppressionRow,
    "SANDBOX_TABLE": MemoryRow,
}
MORE = {"ACCOUNTS_TABLE": (ManagementRequestRow, TransferRow), "EARNINGS_TABLE": (PayoutRow,)}
"""Further models of a table, with indexes of their own."""


def _sorted(definition):
    """Keys and indexes in an order that does not matter."""
    indexes = {
        index["IndexName" if "IndexName" in index else "index_name"]: (
            {key["AttributeName"]: key["KeyType"] for key in index.get("KeySchema", index.get("key_schema"))},
            _projection(index.get("Projection", index.get("projection"))),
        )
        for index in definition["indexes"]
    }
    return {**definition, "indexes": indexes}


def _projection(projection):
    return projection["ProjectionType"], sorted(projection.get("NonKeyAttributes", []))


def _of_model(model):
    schema = model._get_schema()
    return _sorted(
        {
            "attributes": {a["AttributeName"]: a["AttributeType"] for a in schema["attribute_definitions"]},
            "key": {key["AttributeName"]: key["KeyType"] for key in schema["key_schema"]},
            "indexes": schema.get("global_secondary_indexes", []),
        }
    )


def _of_template(table):
    arguments = table.create_table_arguments
    return _sorted(
        {
            "attributes": {a["AttributeName"]: a["AttributeType"] for a in arguments["AttributeDefinitions"]},
            "key": {key["AttributeName"]: key["KeyType"] for key in arguments["KeySchema"]},
            "indexes": arguments.get("GlobalSecondaryIndexes", []),
        }
    )


@pytest.mark.parametrize("table", table_definitions(), ids=lambda table: table.logical_id)
def test_the_model_has_the_keys_and_indexes_of_the_template(aws, table):
    if table.env_var == "IDEMPOTENCY_TABLE":  # Powertools' own
        assert _of_template(table)["key"] == {"id": "HASH"}
        return

    found = [_of_model(model) for model in (MODELS[table.env_var], *MORE.get(table.env_var, ()))]
    together = {part: {name: of for each in found for name, of in each[part].items()} for part in found[0]}
    assert together == _of_template(table)


def test_every_table_of_the_template_has_a_model():
    assert {table.env_var for table in table_definitions()} == {*MODELS, "IDEMPOTENCY_TABLE"}
