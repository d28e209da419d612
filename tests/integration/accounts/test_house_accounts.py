"""The accounts of a house are listed like a partner's, though they are spread over partitions (docs/rules.md §9)."""

from datetime import timedelta

import pytest

from chalicelib.config import settings
from chalicelib.domain.ids import new_id
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import overview as overview_rows
from chalicelib.models.accounts.house_shards import places_of
from chalicelib.services.accounts import overview
from chalicelib.services.accounts.overview import Question
from chalicelib.services.partners import partners
from tests.books import images
from tests.world import ACTOR, TRIAL, World

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def house(aws: None) -> World:
    """The agency program's house with seven accounts, three of them created at the same instant."""
    world = World()
    world.partner_id = partners.house_of("agency", now=world.now, actor=ACTOR).id
    for number in range(7):
        if number not in (3, 4):
            world.now += timedelta(hours=1)
        world.sign_up(None, id=new_id("acct", at=world.now), plan=TRIAL)
    return world


def listed(world: World, *, limit: int, descending: bool = False) -> list[str]:
    found, start = [], None
    while True:
        page, start = overview.list_accounts(
            partner_id=world.partner_id,
            question=Question(descending=descending),
            limit=limit,
            start=start,
            by_operator=True,
            now=world.now,
        )
        found += [account.id for account in page]
        if start is None:
            return found


def test_they_are_spread_over_partitions(house: World) -> None:
    stored = {image["partner_id"]["S"] for image in images(settings().accounts_table) if "created_at" in image}

    assert len(stored) > 1
    assert stored <= set(places_of(house.partner_id))


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_they_are_listed_by_creation_page_by_page(house: World, limit: int, *, descending: bool) -> None:
    ids = listed(house, limit=limit, descending=descending)

    read = account_rows.get_many(ids)
    places = [(read[each].created_at, each) for each in ids]
    assert len(set(ids)) == 7
    assert places == sorted(places, reverse=descending)


def test_each_has_the_house_as_its_partner_however_it_is_read(house: World) -> None:
    ids = listed(house, limit=50)

    assert {account.partner_id for account in account_rows.get_many(ids).values()} == {house.partner_id}
    assert {stored.account.partner_id for stored in overview_rows.summaries_of(house.partner_id)} == {house.partner_id}
    assert house.account(ids[0]).partner_id == house.partner_id
