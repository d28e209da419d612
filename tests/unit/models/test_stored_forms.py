"""What is stored stays readable: the names, the types and the order of everything that rows hold.

A row written by an earlier release is read by the next one. To add an attribute or a field is safe if it has a
default; add it to ``tests/cases/stored_forms.json`` then. To rename one, or to put it elsewhere in a record, loses what
was stored under the old name or in the old place.
"""

import dataclasses
import json
import pkgutil
import typing
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pynamodb.models import Model

from chalicelib import models
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.summaries import stored_period
from chalicelib.domain.billing.invoices import InvoicedAccount
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.quotes import Terms
from chalicelib.models.accounts import summaries
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.models.base import RecordAttribute
from chalicelib.models.billing.invoices import InvoiceRow
from tests.builders import make_account, make_plan, make_trial, usd

KNOWN = Path("tests/cases/stored_forms.json")


def rows() -> list[type[Model]]:
    """Every table row of the product."""
    for module in pkgutil.walk_packages(models.__path__, f"{models.__name__}."):
        import_module(module.name)

    def below(row: type[Model]) -> Iterator[type[Model]]:
        for each in row.__subclasses__():
            yield each
            yield from below(each)

    ours = {row for row in below(Model) if row.__module__.startswith(models.__name__) and row.get_attributes()}
    return sorted(ours, key=lambda row: row.__name__)


def nested(kind: Any, found: dict[type, list[str]]) -> None:
    """Add the fields of a dataclass, or the values of an enum, and of all it is made of to ``found``."""
    for part in typing.get_args(kind):
        nested(part, found)
    if not isinstance(kind, type) or kind in found:
        return
    if issubclass(kind, Enum):
        found[kind] = sorted(str(each.value) for each in kind)
    elif dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        found[kind] = [field.name for field in dataclasses.fields(kind)]
        for hint in hints.values():
            nested(hint, found)


def stored_forms() -> dict[str, Any]:
    """The attributes of each row with their types, and what the values nested in them are made of."""
    records: dict[type, list[str]] = {}
    forms: dict[str, dict[str, str]] = {}
    for row in rows():
        attributes = row.get_attributes().values()
        forms[row.__name__] = {each.attr_name: type(each).__name__ for each in attributes}
        for each in attributes:
            nested(getattr(each, "_kind", None), records)
    return {"rows": forms, "records": sorted([kind.__name__, of] for kind, of in records.items())}


def test_no_stored_attribute_or_field_changes_its_name_type_or_place() -> None:
    forms = stored_forms()

    assert forms == json.loads(KNOWN.read_text())


PLAN = make_plan(limits={"email_sends": 10000}, add_ons=("sms",))

RECORDS: list[tuple[RecordAttribute[Any], Any, str]] = [
    (AccountRow.plan, PLAN, '["V3","marketing","plus",1000,"monthly",{"email_sends":10000},["sms"]]'),
    (AccountRow.terms, Terms(partner_percent=Decimal(20), migration_percent=Decimal(10)), '["20","10"]'),
    (InvoiceRow.account, InvoicedAccount("acme", "Acme Inc"), '["acme","Acme Inc"]'),
]


@pytest.mark.parametrize(("attribute", "value", "stored"), RECORDS, ids=["plan", "terms", "invoiced account"])
def test_a_record_is_stored_as_the_values_of_its_fields_in_their_order(
    attribute: RecordAttribute[Any], value: Plan | Terms | InvoicedAccount, stored: str
) -> None:
    assert attribute.serialize(value) == stored
    assert attribute.deserialize(stored) == value


PACKED = {
    "paid, with a card, a domain and metadata": (
        make_account(
            billing_profile_id="bp_01KGA92TC0KTJ6NFKNPR4TMRWE",
            metadata={"team": "🦊"},
            custom_domain="mail.acme.example",
            set_aside=usd(500),
        ),
        "AQGcFJFpgJ6kar51tgmqY46DR2licm4qVdOII9BArOkEZBNRaSWpKDM9owSuFC2PoqcaRCbFn2pQs91AphmMqMeIZfS6DpzFUcIPNSVA6+AP85d1"
        "YaYKA0NdY0Pikwao3CyJTyzOTEFRbIo1GQEA",
        True,
    ),
    "trial": (
        make_trial(),
        "AQAAAAAAAAAAAAAAAAAAAACDR2licm4qvjQCKaNJSSSOQBOxJhSQVUQllqSizPSMErhStEyKnmwQuRR/skHNd3gTDe7iERYcKGUS1tQCKejhCQUj"
        "vjGiFrNiAkeqgaGuMcg9kEoKImSka2gCjEQA",
        True,
    ),
    "metadata too long to be packed": (
        make_account(metadata={"note": "".join(map(str, range(200)))}),
        "AgAAAAAAAAAAAAAAAAAAAACDR2licm4qVdOII9BArOkEZBNRaSWpKDM9owSuFC2PoqcaRCbFn2pQs91AphmMqMeIZZhBoNIyMwdaeyUVxIP8iB"
        "rlBoa6xoYkxDsA",
        False,
    ),
}
"""As release 0.1.0 packed them. What these stand for must be read as long as there are rows of that release."""


@pytest.mark.parametrize(("account", "packed", "whole"), PACKED.values(), ids=PACKED)
def test_an_account_packed_by_an_earlier_release_is_read(account: Account, packed: str, whole: bool) -> None:
    stored = summaries.unpack(packed, id=account.id, partner_id=account.partner_id, created_at=account.created_at)

    not_packed = {"terms": None, "charges": 0, "revision": 0, "version": 0, "reminded_for": None, "touched_at": None}
    shown = account if whole else replace(account, metadata={})
    assert stored.whole is whole
    assert stored.account == replace(shown, period=stored_period(account), **not_packed)
