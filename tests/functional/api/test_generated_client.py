"""A client generated from the OpenAPI document walks the first flows, its answers typed."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import openapi_python_client
import pytest
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser.errors import GeneratorError

from tests.functional.conftest import OPERATOR, PARTNER, PLUS, Api
from tests.functional.routes import DOCUMENT

NAME = "generated_client"


@pytest.fixture(scope="module")
def warnings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[GeneratorError]]:
    """What the generator had to say; the client can be imported meanwhile."""
    folder = tmp_path_factory.mktemp("generated")
    source = folder / "openapi.json"
    source.write_text(json.dumps(DOCUMENT), encoding="utf-8")
    said = openapi_python_client.generate(config=_config(source, folder / NAME))
    sys.path.insert(0, str(folder))
    yield list(said)
    sys.path.remove(str(folder))


def _config(source: Path, target: Path) -> Config:
    return Config.from_sources(ConfigFile(post_hooks=[]), MetaType.NONE, source, "utf-8", True, target)


@pytest.fixture
def connect(api: Api, warnings: list[GeneratorError]) -> Callable[[str], Any]:
    """Makes a client for a key; its requests go through the app instead of over the wire."""

    def handle(request: httpx.Request) -> httpx.Response:
        key = request.headers["Authorization"].removeprefix("Bearer ")
        path = request.url.raw_path.decode()
        answer = api.ask(request.method, path, key=key, raw=request.content, Content_Type="application/json")
        return httpx.Response(answer.status, headers=answer.headers, text=answer.text)

    def client(key: str) -> Any:
        return _part("client").AuthenticatedClient(
            base_url="https://sublet.example",
            token=api.operator if key == OPERATOR else key,
            httpx_args={"transport": httpx.MockTransport(handle)},
            raise_on_unexpected_status=True,
        )

    return client


def _part(name: str) -> ModuleType:
    return importlib.import_module(f"{NAME}.{name}")


def test_the_generator_warns_of_nothing_but_the_pdf(warnings: list[GeneratorError]) -> None:
    assert [warning.header.split(" within ")[0] for warning in warnings] == [
        "WARNING parsing GET /client/invoices/{invoice_id}/pdf",
        "WARNING parsing GET /v1/credit-notes/{credit_note_id}/pdf",
        "WARNING parsing GET /v1/invoices/{invoice_id}/pdf",
    ]
    assert all("application/pdf" in str(warning.detail) for warning in warnings)


def test_a_partner_creates_an_account_and_reads_its_invoice_and_what_happened(
    api: Api, connect: Callable[[str], Any]
) -> None:
    models = _part("models")
    partner = _part("api.operator.create_partner").sync(
        client=connect(OPERATOR), body=models.CreatePartner.from_dict(PARTNER)
    )
    assert isinstance(partner, models.PartnerCreated)
    client = connect(partner.api_key.key)
    card = _part("api.billing_profiles.create_billing_profile").sync(
        client=client, body=models.CreateProfile(name="Company card", payment_method="pm_card_visa")
    )
    assert isinstance(card, models.Profile)
    entry = _part("api.credits_.buy_prepaid").sync(
        client=client, body=models.BuyPrepaid(billing_profile_id=card.id, amount=1000)
    )
    assert isinstance(entry, models.Entry)
    account = _part("api.accounts.create_account").sync(
        client=client,
        body=models.CreateAccount(
            name="acme",
            client=models.ClientBody(name="Acme Inc", email="owner@acme.example"),
            notification_email="ops@bright.example",
            country="US",
            language="en",
            time_zone="America/Chicago",
            plan=models.PlanBody.from_dict(PLUS),
            billing_profile_id=card.id,
        ),
    )
    assert isinstance(account, models.AccountCreated)
    preview = _part("api.accounts.change_plan").sync(
        account.id,
        client=client,
        preview=True,
        body=models.ChangePlan(plan=models.PlanBody.from_dict(PLUS | {"tier": "professional"})),
    )
    api.stream()

    invoices = _part("api.invoices.list_invoices").sync(client=client)
    events = _part("api.events.list_events").sync(client=client, account_id=account.id)
    usage = _part("api.usage.get_usage").sync(account.id, client=client)
    refused = _part("api.accounts.get_account").sync("acct_x", client=client)

    assert isinstance(preview, models.Quote)
    assert isinstance(invoices, models.InvoicePage)
    (invoice,) = invoices.data
    assert isinstance(invoice, models.Invoice)
    assert (invoice.total, invoice.prepaid_applied, invoice.status) == (4900, 1000, models.InvoiceStatus.PAID)
    assert isinstance(events, models.EventPage)
    assert "account.created" in {event.type_ for event in events.data}
    assert isinstance(usage, models.Usage)
    assert isinstance(refused, models.Problem)
    assert refused.code == "not_found"
