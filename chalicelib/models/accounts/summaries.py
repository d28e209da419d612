"""Account summaries, packed: the one attribute that the overview index holds of an account besides its keys.

JSON of every field that a renewal leaves alone, deflated with a dictionary of what such JSON is made of, in base 64:
620 bytes of JSON become some 160, so that the index rows of 10,000 accounts are read in three pages.
"""

import json
import zlib
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from chalicelib import serialization
from chalicelib.domain.accounts import summaries
from chalicelib.domain.accounts.accounts import Account, ManagementRequestStatus, Provisioning
from chalicelib.domain.accounts.summaries import StoredSummary
from chalicelib.domain.ids import bytes_of, id_of, is_id

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
_LEFT_OUT_IF_LONG = ("metadata", "disabled_message")
"""Shown in a list, but lists are not sorted by them, and are searched by them only after reading the row."""

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
    known = serialization.form_of(Account).sparse(account)
    data = {name: value for name, value in known.items() if name not in _EXCLUDED}
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
    shorter = {name: value for name, value in data.items() if name not in _LEFT_OUT_IF_LONG}
    return _packed(_NOT_WHOLE, shorter) if shorter != data else packed


def unpack(packed: str, *, id: str, partner_id: str, created_at: datetime) -> StoredSummary:
    """The account as it was packed."""
    content = b64decode(packed + "=" * (-len(packed) % 4))
    form, profile, deflated = content[:1], content[1:17], content[17:]
    if form not in (_WHOLE, _NOT_WHOLE):
        raise ValueError(f"{id} is packed in a format not known here, {form!r}")
    data: dict[str, Any] = json.loads(zlib.decompressobj(-zlib.MAX_WBITS, _DICTIONARY).decompress(deflated))
    given = {"payer": partner_id, "updated_at": created_at} | data
    if given["payer"] == _ITSELF:
        given["payer"] = id
    if "earlier_payers" in given:
        given["earlier_payers"] = [id]
    if profile != _NO_ID:
        given["billing_profile_id"] = id_of("bp", profile)
    account = _adapter().validate_python(given | {"id": id, "partner_id": partner_id, "created_at": created_at})
    return StoredSummary(account, whole=form == _WHOLE)


def _packed(form: bytes, data: dict[str, Any]) -> str:
    """An id is random and does not compress: its 16 bytes come before the rest."""
    profile = data.get("billing_profile_id")
    if profile is not None and is_id("bp", profile):
        data = {name: value for name, value in data.items() if name != "billing_profile_id"}
    else:
        profile = None
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, 9, zlib.Z_DEFAULT_STRATEGY, _DICTIONARY)
    deflated = deflate.compress(text) + deflate.flush()
    return b64encode(form + (bytes_of(profile) if profile else _NO_ID) + deflated).decode().rstrip("=")


@cache
def _adapter() -> Any:
    from pydantic import TypeAdapter  # reads thousands of accounts in a fraction of the time, but is slow to load

    return TypeAdapter(Account)
