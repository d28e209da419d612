"""Partners: what is refused when one is created."""

import pytest

from chalicelib.domain.refusals import Invalid
from tests.world import World

pytestmark = pytest.mark.usefixtures("aws")


def test_a_partner_in_no_time_zone_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        World(time_zone="Factory")

    assert caught.value.errors[0][0] == "time_zone"
