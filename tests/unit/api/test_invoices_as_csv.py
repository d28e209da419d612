"""An invoice as a row of CSV."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from chalicelib.api.bodies.billing.invoices import COLUMNS
from chalicelib.domain.disputes import DisputeStatus, Noted
from tests.invoices import NIGHT, paid_invoice, usd

OPEN = Noted("disp_1", DisputeStatus.OPEN, usd(4_900), "fraudulent", NIGHT)
DISPUTE = ("dispute_status", "dispute_amount", "dispute_amount_decimal", "dispute_currency")


def test_a_disputed_invoice_says_so_and_one_that_is_not_says_nothing() -> None:
    lost = replace(OPEN, id="disp_2", status=DisputeStatus.LOST, opened_at=NIGHT + timedelta(days=1))

    assert [COLUMNS[name](paid_invoice()) for name in DISPUTE] == [None] * 4
    assert [COLUMNS[name](paid_invoice(disputes=(OPEN, lost))) for name in DISPUTE] == [
        "open",
        4_900,
        Decimal("49.00"),
        "USD",
    ]
    assert COLUMNS["dispute_status"](paid_invoice(disputes=(lost,))) == "lost"
