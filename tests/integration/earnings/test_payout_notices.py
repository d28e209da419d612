"""What a partner is told by mail of its payouts, each thing once (docs/rules.md §11)."""

from datetime import timedelta

import pytest

from chalicelib.domain.events.notices.kinds import kind_of
from chalicelib.gateways import sandbox_mail
from chalicelib.services.earnings import payouts
from chalicelib.services.events import notices
from tests.integration.events.test_event_log import told
from tests.payout_worlds import PayoutWorld

pytestmark = pytest.mark.usefixtures("aws")

OWN = "books@bright.example"


def payday(*amounts: int, address: str | None) -> PayoutWorld:
    world = PayoutWorld(program="solutions")
    world.be_paid_at(address)
    world.earn(*amounts)
    world.to_payout_day()
    world.run_schedules()
    return world


def mailed(world: PayoutWorld) -> list[str]:
    """The subjects of the mails to the partner about its payouts."""
    for event in told(world):
        if event.type.startswith("payout.") and kind_of(event) is not None:
            for message_id in ("m1", "m2"):
                notices.send(event, message_id=message_id, now=world.now)
    mails = list(sandbox_mail.kept())
    assert {mail.to for mail in mails} <= {OWN}
    return [mail.subject for mail in mails]


@pytest.mark.parametrize(
    ("amount", "address", "subjects"),
    [
        (6_000, "money@bright.example", ["A payout of $60.00 is on its way"]),
        (4_000, "money@bright.example", ["No payout to Bright Agency this time"]),
        (6_000, None, ["No payout to Bright Agency this time"]),
        (
            6_000,
            "money+failed@bright.example",
            ["A payout of $60.00 is on its way", "A payout of $60.00 has failed"],
        ),
        (
            6_000,
            "money+unclaimed@bright.example",
            ["A payout of $60.00 is on its way", "Your payout of $60.00 is waiting at PayPal"],
        ),
    ],
    ids=["paid", "too little", "no address", "failed", "unclaimed"],
)
def test_it_is_told_what_has_become_of_its_payout(amount: int, address: str | None, subjects: list[str]) -> None:
    world = payday(amount, address=address)

    assert sorted(mailed(world)) == sorted(subjects)


def test_what_comes_back_and_is_paid_by_other_means_is_told_as_well() -> None:
    world = payday(6_000, address="money+returned@bright.example")
    mailed(world)
    world.be_paid_at(None)
    world.now += timedelta(days=32)
    world.run_schedules()
    first, second = world.payouts
    assert (first.status, second.status) == ("returned", "held")

    payouts.mark_paid(payout_id=second.id, reference="Wire 42", now=world.now, actor="operator")

    assert sorted(mailed(world)) == [
        "A payout of $60.00 has come back",
        "A payout of $60.00 is on its way",
        "A payout of $60.00 is paid",
        "No payout to Bright Agency this time",
        "Your payout of $60.00 is waiting at PayPal",
    ]
