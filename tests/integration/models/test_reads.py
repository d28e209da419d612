"""Rows of several tables in one request."""

from typing import Any

import pytest

from chalicelib import aws
from chalicelib.models import reads
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.partners import partners as partner_rows
from chalicelib.models.transactions import Busy
from chalicelib.models.wallet import wallets as wallet_rows
from tests.counting import requests_counted
from tests.world import World

pytestmark = pytest.mark.usefixtures("aws")


def test_each_row_is_what_a_read_of_its_own_gives() -> None:
    world = World()
    card = world.card()
    account = world.create(billing_profile_id=card)
    kept, named, wallet = (
        account_rows.read(account.id),
        name_rows.read_owner(account.name),
        wallet_rows.read(account.payer),
    )
    partner, profile = partner_rows.read(world.partner_id), profile_rows.read(world.partner_id, card)
    other, none = account_rows.read("acct_GONE"), None

    with requests_counted() as asked:
        found = reads.together(kept, named, wallet, partner, profile, other, none)

    assert asked == ["BatchGetItem accounts names wallets partners billing-profiles"]
    assert found.of(kept) == account_rows.get(account.id)
    assert found.of(named) == account.id
    assert found.of(wallet) == world.wallet
    assert found.of(partner) == partner_rows.get(world.partner_id)
    assert found.of(profile) == profile_rows.get(world.partner_id, card)
    assert (found.of(other), found.of(none)) == (None, None)


def answered_with(monkeypatch: pytest.MonkeyPatch, *left: int) -> list[int]:
    """DynamoDB leaves that many of the keys it is asked for to the next request; the numbers of those it was asked."""
    asked: list[int] = []
    ask = type(aws.tables()).dispatch

    def dispatch(self: Any, operation: str, given: dict[str, Any]) -> Any:
        ((table, wanted),) = given["RequestItems"].items()
        keep = left[min(len(asked), len(left) - 1)]
        asked.append(len(wanted["Keys"]))
        taken, rest = wanted["Keys"][keep:], wanted["Keys"][:keep]
        answer = ask(self, operation, {"RequestItems": {table: {**wanted, "Keys": taken}}})
        return answer | {"UnprocessedKeys": {table: {**wanted, "Keys": rest}} if rest else {}}

    monkeypatch.setattr(type(aws.tables()), "dispatch", dispatch)
    monkeypatch.setattr("chalicelib.models.reads.time.sleep", lambda _: None)
    return asked


def test_what_dynamodb_left_out_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    worlds = [World(names=100 * n) for n in range(3)]
    wanted = [partner_rows.read(world.partner_id) for world in worlds]
    asked = answered_with(monkeypatch, 2, 1, 0)

    found = reads.together(*wanted)

    assert asked == [3, 2, 1]
    assert all(found.of(read) for read in wanted)


def test_a_table_that_answers_less_and_less_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    worlds = [World(), World(names=100)]
    asked = answered_with(monkeypatch, 1)

    with pytest.raises(Busy):
        reads.together(*(partner_rows.read(world.partner_id) for world in worlds))

    assert len(asked) == 9
