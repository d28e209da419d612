"""Partners: what is refused when one is created."""

from unittest.mock import patch

import pytest

from chalicelib.domain.refusals import Invalid, NotFound
from chalicelib.models.partners.partners import PartnerRow
from chalicelib.services.partners import partners
from tests.world import World

pytestmark = pytest.mark.usefixtures("aws")


def test_a_partner_in_no_time_zone_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        World(time_zone="Factory")

    assert caught.value.errors[0][0] == "time_zone"


def test_a_partner_that_was_created_just_now_is_found_even_where_the_table_is_read_as_it_was_before() -> None:
    world, real = World(), PartnerRow.get

    def a_moment_behind(*key: str, consistent_read: bool = False) -> PartnerRow:
        if not consistent_read:
            raise PartnerRow.DoesNotExist
        return real(*key, consistent_read=True)

    with patch.object(PartnerRow, "get", a_moment_behind):
        assert partners.get_partner(partner_id=world.partner_id).id == world.partner_id
        with pytest.raises(NotFound):
            partners.get_partner(partner_id="prt_NOBODY")
