"""Rows of accounts are stored without what their summary holds, and read with it."""

from typing import Any

import pytest

from benchmarks.units import size_of
from chalicelib.domain.accounts.accounts import Account, Status
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.domain.setup.custom_domains import DomainState
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import thin_rows
from chalicelib.models.accounts.accounts import AccountRow
from chalicelib.programs import program
from tests.builders import make_account, make_past_due, make_plan, make_sandbox, make_trial, usd

ACCOUNTS = {
    "paid": make_account(),
    "with all that a summary holds": make_account(
        billing_profile_id="bp_01KGA92TC0KTJ6NFKNPR4TMRWE",
        custom_domain="mail.acme.example",
        domain_state=DomainState.VERIFIED,
        metadata={"team": "🦊", "note": 'with "quotes"'},
        plan=make_plan(limits={"email_sends": 10_000}, add_ons=("sms",)),
        set_aside=usd(500),
        single_bill=True,
    ),
    "pays for itself": make_account(payer="acct_1", billing_profile_id="bp_of_old"),
    "trial": make_trial(),
    "sandbox": make_sandbox(),
    "past due": make_past_due(),
    "changed since": make_account(updated_at=make_account().created_at.replace(hour=16, microsecond=123_000)),
    "too long to be packed": make_account(
        status=Status.DISABLED, metadata={"note": "".join(map(str, range(200)))}, disabled_message="Not paid."
    ),
    "named in many scripts": make_account(name="zürich-東京", notification_email="büro@zürich.example"),
}


def put(account: Account) -> AccountRow:
    row = account_rows.put(account, program=program("agency"), actor="schedule:renewals").row
    assert isinstance(row, AccountRow)
    return row


@pytest.mark.parametrize("account", ACCOUNTS.values(), ids=ACCOUNTS)
def test_a_row_is_read_as_it_was_before_it_was_made_thin(account: Account) -> None:
    row = put(account)
    stored = row.serialize()

    assert AccountRow.from_raw_data(stored).value() == row.value()
    assert AccountRow.from_raw_data(stored).serialize() == stored


@pytest.mark.parametrize("account", ACCOUNTS.values(), ids=ACCOUNTS)
def test_a_row_of_an_earlier_build_which_is_whole_is_read_as_it_is(account: Account) -> None:
    row = put(account)
    whole: Any = row.to_dynamodb_dict()
    assert {"name", "kind", "client", "plan"} <= whole.keys()

    assert thin_rows.whole(whole) is whole
    assert AccountRow.from_raw_data(whole).value() == row.value()
    assert thin_rows.whole(thin_rows.thin(whole)) == whole


def test_what_conditions_indexes_and_streams_look_at_stays_in_the_row() -> None:
    stored = put(ACCOUNTS["with all that a summary holds"]).serialize()

    looked_at = {"id", "partner_id", "payer", "created_at", "status", "relationship", "version", "event"}
    assert looked_at | {"actor", "glance", "due_shard", "due_at", "set_aside", "set_aside_of"} <= stored.keys()
    assert not stored.keys() & {"name", "kind", "client", "plan", "metadata", "price", "updated_at"}


def test_metadata_too_long_for_the_summary_stays_in_the_row() -> None:
    assert "metadata" in put(ACCOUNTS["too long to be packed"]).serialize()


def test_a_row_of_the_overview_index_is_left_as_it_is() -> None:
    stored = put(make_account()).serialize()
    index_row = {name: stored[name] for name in ("id", "partner_id", "created_at", "glance")}

    assert thin_rows.whole(index_row) is index_row


@pytest.mark.parametrize("kind", [PlanKind.PAID, PlanKind.TRIAL])
def test_a_usual_row_leaves_room_for_a_charge_in_progress(kind: PlanKind) -> None:
    account = make_account() if kind is PlanKind.PAID else make_trial()

    assert size_of(put(account).serialize()) < 700
