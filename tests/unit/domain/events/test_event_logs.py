"""Which log an event of an account goes to, and what it shows there (docs/rules.md §9, §11)."""

from dataclasses import replace

import pytest

from chalicelib.domain.accounts.accounts import Relationship
from chalicelib.domain.events.event_logs import of_account_event, of_client_event
from tests.builders import make_account

MANAGED = make_account()
REFERRED = replace(MANAGED, payer=MANAGED.id, relationship=Relationship.REFERRED)


@pytest.mark.parametrize("type", ["account.renewed", "account.plan_change_scheduled", "account.created"])
def test_every_event_of_a_managed_account_is_its_partners_whole(type: str) -> None:
    assert of_account_event(type, MANAGED) == (MANAGED.partner_id, None)


@pytest.mark.parametrize(
    "type", ["account.created", "account.plan_changed", "account.permission_ended", "account.expired"]
)
def test_of_a_referred_account_the_partner_reads_what_changes_its_view_and_only_those_fields(type: str) -> None:
    log, fields = of_account_event(type, REFERRED)

    assert log == REFERRED.partner_id
    assert fields == {"relationship", "name", "client", "status", "expiry_reason", "plan", "payment_state"}


@pytest.mark.parametrize(
    "type",
    [
        "account.renewed",
        "account.payment_failed",
        "account.plan_change_scheduled",
        "account.cancellation_scheduled",
        "account.provisioning_failed",
        "account.something_new",
    ],
)
def test_everything_else_of_a_referred_account_is_its_clients_own(type: str) -> None:
    assert of_account_event(type, REFERRED) == (REFERRED.id, None)


@pytest.mark.parametrize("type", ["account.created", "account.expired", "account.renewed"])
def test_an_account_of_the_house_has_all_of_them_itself(type: str) -> None:
    assert of_account_event(type, REFERRED, of_house=True) == (REFERRED.id, None)


def test_what_concerns_the_client_of_a_referred_account_is_not_its_partners() -> None:
    assert of_client_event(REFERRED) == REFERRED.id
    assert of_client_event(MANAGED) == MANAGED.partner_id
    assert of_client_event(replace(MANAGED, payer=MANAGED.id)) == MANAGED.partner_id
