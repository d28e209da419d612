"""The open Single Bill, and when a declined one is tried again (docs/rules.md §6)."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from chalicelib.domain.billing import single_bills
from chalicelib.domain.wallet import open_bill
from chalicelib.domain.wallet.open_bill import OpenBill
from tests.builders import usd

EMPTY = OpenBill(
    day=15, billing_profile_id="bp_1", id="bill_1", number=1, opened_on=date(2026, 1, 31), total=usd(0), count=0
)
DECLINED = datetime(2026, 2, 15, 6, tzinfo=UTC)


def test_an_invoice_taken_off_leaves_the_bill_as_it_was() -> None:
    assert open_bill.removed(open_bill.added(EMPTY, usd(900)), usd(900)) == EMPTY


@pytest.mark.parametrize(
    ("total", "count", "amount"),
    [pytest.param(900, 1, 901, id="a cent more than is on it"), pytest.param(0, 0, 0, id="from an empty bill")],
)
def test_more_than_is_on_a_bill_cannot_be_taken_off(total: int, count: int, amount: int) -> None:
    with pytest.raises(ValueError, match="cannot take"):
        open_bill.removed(replace(EMPTY, total=usd(total), count=count), usd(amount))


@pytest.mark.parametrize(
    ("retries", "retried_at", "expected"),
    [
        pytest.param(0, None, datetime(2026, 2, 16, 6, tzinfo=UTC), id="the day after"),
        pytest.param(1, datetime(2026, 2, 16, 6, tzinfo=UTC), datetime(2026, 2, 18, 6, tzinfo=UTC), id="day 3"),
        pytest.param(1, datetime(2026, 2, 25, 6, tzinfo=UTC), datetime(2026, 2, 26, 6, tzinfo=UTC), id="put off"),
        pytest.param(4, datetime(2026, 2, 22, 6, tzinfo=UTC), None, id="never after the last"),
    ],
)
def test_a_declined_bill_is_tried_again_on_the_programs_days(
    retries: int, retried_at: datetime | None, expected: datetime | None
) -> None:
    found = single_bills.retry_at(
        first_declined_at=DECLINED,
        retries=retries,
        retried_at=retried_at,
        retry_days=(1, 3, 5, 7),
        time_zone="America/Chicago",
    )

    assert found == expected
