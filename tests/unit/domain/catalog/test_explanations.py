from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.catalog.explanations import Explanation, Rule, in_words
from chalicelib.domain.money import Money
from tests import explained


@pytest.mark.parametrize(
    ("rule", "inputs", "amount", "words"),
    [
        ("price", {"item": "plan", "list_price": 4900}, 4900, "List price 49.00 per cycle."),
        ("price", {"item": "newsletter_archive", "list_price": 0}, 0, "Included in the plan."),
        (
            "price",
            {"item": "plan", "list_price": 4900, "migration_percent": Decimal(10), "partner_percent": Decimal("33.50")},
            2933,
            "List price 49.00, less 10% migration discount (4.90), less 33.5% partner discount (14.77): "
            "29.33 per cycle. Each step is rounded half up.",
        ),
        (
            "unused",
            {"item": "sms", "list_price": 1500, "days": 14, "of_days": 28, "limit": 100},
            -100,
            "Credit for unused days. List price 15.00 per cycle. For 14 of 28 days: 15.00 × 14 / 28 = 7.50. "
            "Each step is rounded half up. Only 1.00 of it was paid and not refunded.",
        ),
        ("forgone", {}, 850, "The credit exceeds the new price by 8.50. The difference is not paid out."),
        (
            "waived",
            {"limit": 50},
            -36,
            "0.36 is below the smallest card charge (0.50), and prepaid money does not cover it.",
        ),
        ("amount", {}, 1000, "The amount asked for."),
        ("amount", {"times": 3}, 15000, "3 × 50.00, as arranged."),
        ("pack", {"list_price": 1500}, 1500, "List price of the pack: 15.00."),
        ("bill", {"times": 1200}, 9900, "Sum of 1,200 invoices."),
    ],
)
def test_a_line_is_explained_in_words(rule: str, inputs: dict[str, Any], amount: int, words: str) -> None:
    assert in_words(Explanation(Rule(rule), **inputs), Money(amount, "USD")) == words


@given(
    list_price=st.integers(0, 10**8),
    percents=st.tuples(st.decimals(0, 100, places=2), st.decimals(0, 100, places=2)),
    days=st.integers(1, 366),
)
def test_its_inputs_give_its_amount(list_price: int, percents: tuple[Decimal, Decimal], days: int) -> None:
    whole = Explanation(
        Rule.PRICE, item="plan", list_price=list_price, migration_percent=percents[0], partner_percent=percents[1]
    )
    part = whole.for_days(days, of_days=366)

    assert (part.days is None) is (days == 366)
    assert part.price("USD").amount == explained.price(part)
