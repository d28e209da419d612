"""What plan an account has, now and from its next renewal, when an add-on is put on or taken off (rules §5)."""

import pytest

from chalicelib.domain.accounts import add_ons
from chalicelib.domain.accounts.accounts import Account, PendingChange, Status
from chalicelib.domain.accounts.actions import TransitionRefused
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.refusals import Invalid, NotFound
from tests.builders import NOW, agency, make_account, make_plan, make_trial

PLUS = make_plan()
SMS = make_plan(add_ons=("sms",))
SEO = make_plan(add_ons=("seo",))
BOTH = make_plan(add_ons=("sms", "seo"))
STARTER = make_plan(tier="starter")
YEAR = make_plan(billing_frequency=Frequency.ANNUAL)


def account(plan: Plan, pending: Plan | None = None) -> Account:
    return make_account(plan=plan, pending_change=PendingChange(pending, NOW) if pending else None)


@pytest.mark.parametrize(
    ("before", "now", "then"),
    [
        pytest.param(account(PLUS), SMS, None, id="put on now"),
        pytest.param(account(SMS), SMS, None, id="it has it"),
        pytest.param(account(SEO), BOTH, None, id="in the order of the price list"),
        pytest.param(account(SMS, PLUS), SMS, None, id="it was to go off: it stays"),
        pytest.param(account(SEO, PLUS), BOTH, SMS, id="another is to go off, and still is"),
        pytest.param(
            account(YEAR, PLUS),
            make_plan(billing_frequency=Frequency.ANNUAL, add_ons=("sms",)),
            SMS,
            id="also in the plan that waits",
        ),
    ],
)
def test_put_on(before: Account, now: Plan, then: Plan | None) -> None:
    assert add_ons.put_on(before, "sms", program=agency(), now=NOW) == add_ons.Plans(now, then)


@pytest.mark.parametrize(
    ("before", "then"),
    [
        pytest.param(account(SMS), PLUS, id="taken off at the renewal"),
        pytest.param(account(BOTH), SEO, id="the other stays"),
        pytest.param(account(BOTH, SMS), PLUS, id="after the other"),
        pytest.param(account(SMS, PLUS), PLUS, id="again: it is to go off already"),
        pytest.param(account(SMS, STARTER), STARTER, id="the plan that waits has none"),
        pytest.param(account(PLUS, SMS), None, id="only the plan that waits had it: nothing waits any more"),
    ],
)
def test_taken_off(before: Account, then: Plan | None) -> None:
    assert add_ons.take_off(before, "sms", program=agency(), now=NOW) == add_ons.Plans(before.plan, then)


def test_not_what_the_program_does_not_have() -> None:
    for change in (add_ons.put_on, add_ons.take_off):
        with pytest.raises(NotFound, match="'fax'; offered: sms"):
            change(account(PLUS), "fax", program=agency(), now=NOW)


def test_not_what_its_plan_is_not_offered() -> None:
    with pytest.raises(Invalid) as refused:
        add_ons.put_on(account(STARTER), "sms", program=agency(), now=NOW)

    assert refused.value.errors == (("add_on", "'sms' is not offered with starter; none is offered"),)


def test_not_what_the_plan_that_waits_does_not_offer() -> None:
    with pytest.raises(TransitionRefused, match="Withdraw that first"):
        add_ons.put_on(account(PLUS, STARTER), "sms", program=agency(), now=NOW)


def test_not_off_an_account_without_it() -> None:
    with pytest.raises(NotFound, match="has no add-on 'sms', only seo"):
        add_ons.take_off(account(SEO), "sms", program=agency(), now=NOW)


def test_not_before_a_plan_is_paid_for() -> None:
    for before in (make_trial(), make_account(status=Status.EXPIRED)):
        with pytest.raises(TransitionRefused, match="Change its plan to a paid one"):
            add_ons.put_on(before, "sms", program=agency(), now=NOW)
