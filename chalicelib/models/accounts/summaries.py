"""Account summaries, packed: the one attribute that the overview index holds of an account besides its keys.

JSON of every field that a renewal leaves alone, deflated with a dictionary of what such JSON is made of, in base 64:
620 bytes of JSON become some 160, so that the index rows of 10,000 accounts are read in three pages.
"""

import json
from collections.abc import Callable
from dataclasses import MISSING, fields
from datetime import datetime
from enum import StrEnum
from functools import cache, partial
from typing import Any, NamedTuple, get_type_hints

from chalicelib import serialization
from chalicelib.domain.accounts import light_accounts, summaries
from chalicelib.domain.accounts.accounts import Account, ManagementRequestStatus, Provisioning
from chalicelib.domain.accounts.summaries import StoredSummary
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.copies import replace
from chalicelib.domain.ids import bytes_of, id_of, is_id
from chalicelib.models.packed import decoded, deflated, encoded, inflated

MOST_CHARACTERS = 200
"""With its keys an index row has 113 bytes more: so three pages of a megabyte (1,048,576 bytes) hold 10,000."""

_EXCLUDED = {"id", "partner_id", "created_at"} | {
    "terms",
    "charge",
    "charges",
    "credits",
    "earlier_payers",
    "earning_terms",
    "first_paid_on",
    "had_bonus",
    "earlier_partners",
    "moved_at",
    "migrated",
    "reminded_for",
    "card_notice_on",
    "renewed_by",
    "touched_at",
    "fingerprint",
    "revision",
    "version",
}
"""The keys, and what renewals, charges in progress and reminders change or no list shows. All else is packed."""
LEFT_OUT_IF_LONG = ("metadata", "disabled_message")
"""Shown in a list, but lists are not sorted by them, and are searched by them only after reading the row."""
_SELDOM_SET = {"period", "overdue", "cancellation", "pending_change", "waits_until", "provisioning", "expired_at"}
"""Rules look at these in every account, and few have them: those get them at once, all others the default, so that no
look costs anything."""
_ALWAYS_SET = ("name", "status", "kind", "relationship", "time_zone")
"""Rules look at these in every account, too."""

_NO_ID = bytes(16)
_ITSELF = "self"
"""The payer of an account that pays for itself, or an earlier one; its id would be packed for nothing. Other earlier
payers are not packed: the audit looks here for the accounts that are or were payers themselves."""
_WHOLE, _NOT_WHOLE = b"\x01", b"\x02"
"""The first byte, which says how the rest is to be read."""

# Part of the format: stored rows were packed with it. Another dictionary needs other first bytes. What comes last
# costs least, so a usual account as a whole is at the end.
_DICTIONARY = (
    b'"metadata":{"owner":"team":"id":"disabled""canceled""expired""archived","kind":"trial""sandbox""referred",'
    b'"single_bill":true"custom_domain":"payment_state":"past_due","overdue":{"invoice_id":"inv_"period":{"start":"'
    b'"end":"total":{"terms":{"partner_percent":"migration_percent":"0"first_declined_at":"cancellation":{"reason":null,'
    b'"retain_data":true,"effective_on":"pending_change":{"plan":"asked_at":"expired_at":"archived_at":"'
    b'"expiry_reason":"non_payment""V1","product":"EM","tier":"S1","product":"email","tier":"lite""standard""premium"'
    b'"Franchise","product":"ACHQ""enterprise""professional""starter""contacts":500"contacts":2500"contacts":5000'
    b'"contacts":10000"annual""add_ons":["sms","seo"],"country":"GB","country":"DE","country":"IE""eu-central-1"'
    b'"eu-west-1""language":"de""time_zone":"Australia/Sydney""Europe/London""Europe/Berlin""Europe/Dublin"'
    b'"America/New_York""America/Los_Angeles""EUR""GBP"T00:00:00Z.com @gmail.com info@ hello@'
    b'{"name":"","status":"active","kind":"paid","relationship":"managed","client":{"name":" Inc",'
    b'"email":"owner@.example"},"notification_email":"ops@.com","country":"US","data_region":"us-east-1","language":"en",'
    b'"time_zone":"America/Chicago","plan":{"pricing_version":"V3","product":"marketing","tier":"plus","contacts":1000,'
    b'"billing_frequency":"monthly","limits":{"email_sends":10000,"activities":5000,"custom_reports":10},"add_ons":[]},'
    b'"updated_at":"2026-","currency":"USD","metadata":{"},"anchor":"2026-",'
    b'"price":{"amount":4900,"currency":"USD"}}'
)


def pack(account: Account) -> str:
    """The packed account. What is too long for it is left out, and marked as left out."""
    account = replace(account, period=summaries.stored_period(account))
    if account.cancellation is not None:
        account = replace(account, cancellation=replace(account.cancellation, reason=None))  # in no list
    if account.provisioning is not None:  # a list shows how far it is, not why
        shown = Provisioning(account.provisioning.status, account.provisioning.give_up_at)
        account = replace(account, provisioning=shown)
    if account.last_request is not None and account.last_request.status is not ManagementRequestStatus.OPEN:
        account = replace(account, last_request=None)  # a list shows only an open one
    data = _form().sparse(account)
    if account.payer == account.partner_id:
        del data["payer"]
    elif account.pays_itself:
        data["payer"] = _ITSELF
    if account.id in account.earlier_payers:
        data["earlier_payers"] = [_ITSELF]
    if account.updated_at == account.created_at:
        del data["updated_at"]
    packed = _packed(_WHOLE, data)
    if len(packed) <= MOST_CHARACTERS:
        return packed
    shorter = {name: value for name, value in data.items() if name not in LEFT_OUT_IF_LONG}
    return _packed(_NOT_WHOLE, shorter) if shorter != data else packed


class Opened(NamedTuple):
    """A packed account as JSON that is not parsed yet."""

    whole: bool
    profile: bytes
    """The bits of the billing profile's id."""
    text: bytes

    def may_have(self, searched: bytes) -> bool:
        """Whether a field may have the text in it, which is :func:`searchable`: False only if none has."""
        return searched in self.text.lower() or not self.text.isascii()


def searchable(folded: str) -> bytes | None:
    """A text in small letters as it is in packed JSON; None if JSON may write it in another way."""
    return folded.encode() if folded.isprintable() and not {*'"\\'} & {*folded} else None


def opened(packed: str, *, id: str) -> Opened:
    """The packed account of this id as JSON. Raises ValueError if that is not what it is."""
    content = decoded(packed)
    form = content[:1]
    if form not in (_WHOLE, _NOT_WHOLE):
        raise ValueError(f"{id} is packed in a format not known here, {form!r}")
    return Opened(form == _WHOLE, content[1:17], inflated(content[17:], _DICTIONARY))


def unpack(packed: str | Opened, *, id: str, partner_id: str, created_at: datetime | str) -> StoredSummary:
    """The account as it was packed. What is in its fields is checked when they are first asked for."""
    if isinstance(packed, str):
        packed = opened(packed, id=id)
    data = _fast_parse()(packed.text)
    data["created_at"] = created_at
    if "updated_at" not in data:
        data["updated_at"] = created_at
    if "payer" not in data:
        data["payer"] = partner_id
    elif data["payer"] == _ITSELF:
        data["payer"] = id
    if "earlier_payers" in data:
        data["earlier_payers"] = [id]
    if packed.profile != _NO_ID:
        data["billing_profile_id"] = packed.profile
    known = {**_seldom_set(), "id": id, "partner_id": partner_id}
    for name, convert in _always_set():
        known[name] = convert(data[name]) if convert else data[name]
    for name in _SELDOM_SET.intersection(data):
        known[name] = _field_of(data, name)
    return StoredSummary(light_accounts.light(known, partial(_field_of, data)), packed.whole)


def contents(packed: str, *, id: str) -> dict[str, Any]:
    """The fields of an account that were packed, as JSON has them, without defaults and what was too long."""
    content = opened(packed, id=id)
    data: dict[str, Any] = _parse(content.text.decode())
    if content.profile != _NO_ID:
        data["billing_profile_id"] = id_of("bp", content.profile)
    return data


def is_whole(packed: str) -> bool:
    """Whether nothing was left out for being too long."""
    return decoded(packed[:4])[:1] == _WHOLE


def _field_of(data: dict[str, Any], name: str) -> Any:
    """A field of the account that was packed as ``data``, which leaves defaults out; or how often it renews."""
    if name == "frequency":
        return Frequency(data["plan"]["billing_frequency"])
    convert, default = _fields()[name]
    if name in data:
        return convert(data[name]) if convert else data[name]
    if default is MISSING:
        raise ValueError(f"{name} is missing in what was packed")
    return default() if isinstance(default, type) else default


def _packed(form: bytes, data: dict[str, Any]) -> str:
    """An id is random and does not compress: its 16 bytes come before the rest."""
    profile = data.get("billing_profile_id")
    if profile is not None and is_id("bp", profile):
        data = {name: value for name, value in data.items() if name != "billing_profile_id"}
    else:
        profile = None
    text = _compact(data).encode()
    return encoded(form + (bytes_of(profile) if profile else _NO_ID) + deflated(text, _DICTIONARY))


_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_parse = json.JSONDecoder().decode


@cache
def _fast_parse() -> Callable[[bytes], Any]:
    from pydantic_core import from_json  # twice as fast, but is slow to load

    return from_json


@cache
def _seldom_set() -> dict[str, Any]:
    """What accounts that don't have these fields have in their place."""
    return {field.name: field.default for field in fields(Account) if field.name in _SELDOM_SET}


@cache
def _always_set() -> list[tuple[str, Callable[[Any], Any] | None]]:
    return [(name, _fields()[name][0]) for name in _ALWAYS_SET]


@cache
def _form() -> serialization.Form:
    return serialization.of_dataclass(Account, without=_EXCLUDED)


@cache
def _fields() -> dict[str, tuple[Callable[[Any], Any] | None, Any]]:
    """The fields of an account: how each is read, None if it is as it was packed, and its default."""
    kinds = get_type_hints(Account)
    return {
        field.name: (
            _profile_id if field.name == "billing_profile_id" else _conversion(kinds[field.name]),
            field.default if field.default_factory is MISSING else field.default_factory,
        )
        for field in fields(Account)
    }


def _conversion(kind: Any) -> Callable[[Any], Any] | None:
    if kind in (str, str | None):
        return None
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return serialization.form_of(kind).read
    from pydantic import TypeAdapter  # reads thousands of accounts in a fraction of the time, but is slow to load

    return TypeAdapter(kind).validator.validate_python


def _profile_id(packed: bytes | str) -> str:
    return id_of("bp", packed) if isinstance(packed, bytes) else packed
