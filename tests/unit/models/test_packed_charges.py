"""A charge in progress and the lines of an invoice are stored small; earlier builds stored them as plain JSON."""

from dataclasses import replace
from decimal import Decimal

import pytest
from pydantic import TypeAdapter

from chalicelib.domain.catalog.explanations import Explanation, Rule
from chalicelib.domain.catalog.quotes import Line, Terms
from chalicelib.domain.charging.charges import Charge, ChargeKind
from chalicelib.models.packed_charges import ChargeAttribute, LinesAttribute
from tests.builders import NOW, SECOND, make_plan, usd

LINE = Line(
    "plan",
    "Plus, 1,000 contacts, monthly",
    usd(4900),
    SECOND,
    Explanation(Rule.PRICE, item="plan", list_price=4900, partner_percent=Decimal(55)),
)
RENEWAL = Charge(
    id="inv_4WG46G5S4BE085WGXSXW6TFFM0",
    kind=ChargeKind.RENEWAL,
    lines=(LINE,),
    total=usd(2205),
    started_at=NOW,
    period=SECOND,
    price=usd(2205),
    terms=Terms(partner_percent=Decimal(55), migration_percent=Decimal(0)),
    billing_profile_id="bp_01KGA92TC0KTJ6NFKNPR4TMRWE",
    from_set_aside=usd(0),
    from_general=usd(205),
    card=usd(2000),
    scheduled=True,
    parties="f84a61c10951e90a",
)
CHARGES = {
    "renewal": RENEWAL,
    "with add-ons": replace(RENEWAL, lines=(LINE, replace(LINE, kind="add_on", description="Größere Karte"), LINE)),
    "upgrade": replace(RENEWAL, kind=ChargeKind.UPGRADE, plan=make_plan(), request="req_1", scheduled=False),
    "refund": Charge("txn_1", ChargeKind.REFUND, (), usd(100), NOW, refunds="pi_1", card=usd(100)),
}


@pytest.mark.parametrize("charge", CHARGES.values(), ids=CHARGES)
def test_a_charge_is_read_as_it_was_stored(charge: Charge) -> None:
    attribute = ChargeAttribute()

    stored = attribute.serialize(charge)

    assert attribute.deserialize(stored) == charge
    assert len(stored) < 250


@pytest.mark.parametrize("charge", CHARGES.values(), ids=CHARGES)
def test_a_charge_that_an_earlier_build_froze_is_read(charge: Charge) -> None:
    plain = TypeAdapter(Charge).dump_json(charge, exclude_defaults=True).decode()

    assert ChargeAttribute().deserialize(plain) == charge


@pytest.mark.parametrize("charge", CHARGES.values(), ids=CHARGES)
def test_lines_are_read_as_they_were_stored_now_or_by_an_earlier_build(charge: Charge) -> None:
    attribute = LinesAttribute()
    plain = TypeAdapter(tuple[Line, ...]).dump_json(charge.lines, exclude_defaults=True).decode()

    stored = attribute.serialize(charge.lines)

    assert attribute.deserialize(stored) == attribute.deserialize(plain) == charge.lines
    assert len(stored) < 130


def test_a_charge_of_this_build_is_read_by_all_later_ones() -> None:
    """The dictionary is part of the format: this was stored with the first."""
    assert ChargeAttribute().deserialize(STORED) == RENEWAL


STORED = (
    "Q0qZJuHuJmbupsEmTq4GFqbh7hHBEeFmIW5uvgaDO83ijHjKsjj2nIw1ORsZGZgSmZwNgW4LMTSlboLGZT+eBA30C1kp2tvd0dIo"
    "xNnAO8TLzM/N2y8gyCTENyjclXopHYdf0NO6kQHJaT3NwiTRzDDZ0MDS1DDV0iBRqRYA"
)
