"""A contract: which years it is invoiced for, and when what is declined is tried again (docs/rules.md §10)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.billing import contracts
from chalicelib.domain.billing.contracts import Contract, ContractRuns
from chalicelib.domain.calendar import first_instant
from chalicelib.domain.refusals import Invalid
from tests.builders import usd
from tests.proving import examples

ZONE = "America/Chicago"
NOW = datetime(2026, 6, 15, 18, tzinfo=UTC)
RETRY_DAYS = (1, 3, 5, 7)


def agreed(
    contract: Contract | None = None, *, price: int = 1_200_000, starts_on: str, now: datetime = NOW
) -> Contract:
    return contracts.agreed(
        contract or Contract("prt_1"),
        price=usd(price),
        starts_on=date.fromisoformat(starts_on),
        time_zone=ZONE,
        now=now,
    )


def charged(contract: Contract, **outcome: Any) -> Contract:
    """The contract after its next year was paid, or declined."""
    assert contract.due_at is not None
    now = outcome.pop("now", contract.due_at)
    charge = contracts.year_charge(contract, billing_profile_id="bp_1", now=now)
    if outcome.pop("paid", True):
        return contracts.paid(contract, charge, time_zone=ZONE, now=now)
    return declined(contract, now=now)


def declined(contract: Contract, *, now: datetime, on_schedule: bool = True, card_changed: bool = False) -> Contract:
    charge = contracts.year_charge(contract, billing_profile_id="bp_1", now=now)
    if contract.unpaid is not None:
        charge = replace(charge, id=contract.unpaid.invoice_id, attempt=contract.unpaid.attempts + 1)
    return contracts.declined(
        contract,
        replace(charge, on_schedule=on_schedule),
        retry_days=RETRY_DAYS,
        time_zone=ZONE,
        card_changed=card_changed,
        now=now,
    )


class TestTheFirstYear:
    @pytest.mark.parametrize(
        ("starts_on", "first", "last"),
        [
            pytest.param("2026-06-16", "2026-06-16", "2027-06-16", id="from tomorrow"),
            pytest.param("2026-06-15", "2026-06-15", "2027-06-15", id="from today"),
            pytest.param("2026-06-14", "2026-06-14", "2027-06-14", id="from yesterday"),
            pytest.param("2025-06-16", "2025-06-16", "2026-06-16", id="the year that ends today runs still"),
            pytest.param("2025-06-15", "2026-06-15", "2027-06-15", id="a new year begins today"),
            pytest.param("2021-03-01", "2026-03-01", "2027-03-01", id="years before it was agreed on are not invoiced"),
            pytest.param("2024-02-29", "2026-02-28", "2027-02-28", id="29 February in a common year"),
            pytest.param("2028-02-29", "2028-02-29", "2029-02-28", id="29 February"),
        ],
    )
    def test_is_the_one_that_runs_or_the_first(self, starts_on: str, first: str, last: str) -> None:
        year = contracts.year_due(agreed(starts_on=starts_on))

        assert (year.start, year.end) == (date.fromisoformat(first), date.fromisoformat(last))

    def test_is_charged_when_its_first_day_begins_in_the_partners_zone(self) -> None:
        assert agreed(starts_on="2026-12-01").due_at == datetime(2026, 12, 1, 6, tzinfo=UTC)

    def test_is_charged_at_once_if_it_has_begun(self) -> None:
        assert agreed(starts_on="2026-03-01").due_at == NOW  # an alarm in the past is heard by no sweep

    def test_has_one_line_at_the_price_of_the_contract(self) -> None:
        charge = contracts.year_charge(agreed(starts_on="2026-12-01"), billing_profile_id=None, now=NOW)

        (line,) = charge.lines
        assert (line.kind, line.amount, charge.total) == ("contract", usd(1_200_000), usd(1_200_000))
        assert line.period == charge.period
        assert line.explained == "The contract's price for a year."


class TestYearAfterYear:
    @given(
        start=st.dates(date(2026, 6, 15), date(2032, 12, 31)),
        years=st.integers(1, 9),
    )
    @settings(max_examples=examples(25, prove=500))
    def test_years_tile_time_and_are_counted_from_the_start(self, start: date, years: int) -> None:
        contract = agreed(starts_on=start.isoformat())
        begun = []
        for _ in range(years):
            begun.append(contracts.year_due(contract).start)
            assert contract.due_at == max(first_instant(begun[-1], ZONE), NOW)
            contract = charged(contract)

        assert [each.year - start.year for each in begun] == list(range(years))
        assert {each.month for each in begun} == {start.month}
        assert contract.paid_until == contracts.year_due(contract).start

    def test_29_february_comes_back_in_leap_years(self) -> None:
        contract = agreed(starts_on="2028-02-29")
        begun = []
        for _ in range(5):
            begun.append(contracts.year_due(contract).start.isoformat())
            contract = charged(contract)

        assert begun == ["2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]

    def test_each_invoice_has_an_identity_of_its_own(self) -> None:
        first = agreed(starts_on="2026-12-01")
        second = charged(first)
        ids = {contracts.year_charge(each, billing_profile_id=None, now=NOW).id for each in (first, second)}

        assert len(ids) == 2
        assert charged(charged(first, paid=False)).invoices == 1  # paid in the end, it is the same invoice

    def test_paid_very_late_the_next_year_is_charged_at_once(self) -> None:
        late = datetime(2028, 3, 1, tzinfo=UTC)

        contract = charged(agreed(starts_on="2026-12-01"), now=late)

        assert (contract.paid_until, contract.due_at) == (date(2027, 12, 1), late)


class TestAgreedOnAnew:
    def test_a_new_price_holds_from_the_next_year_on(self) -> None:
        paid = charged(agreed(starts_on="2026-12-01"))

        dearer = agreed(paid, price=1_500_000, starts_on="2026-12-01")

        assert dearer.due_at == paid.due_at
        assert contracts.year_charge(dearer, billing_profile_id=None, now=NOW).total == usd(1_500_000)

    def test_an_unpaid_invoice_keeps_its_amount(self) -> None:
        unpaid = charged(agreed(starts_on="2026-12-01"), paid=False)

        cheaper = agreed(unpaid, price=1, starts_on="2026-12-01")

        assert cheaper.unpaid == unpaid.unpaid
        assert cheaper.due_at == unpaid.due_at

    def test_before_the_first_year_the_start_can_be_moved(self) -> None:
        assert contracts.year_due(agreed(agreed(starts_on="2026-12-01"), starts_on="2026-09-01")).start == date(
            2026, 9, 1
        )

    @pytest.mark.parametrize(
        ("starts_on", "next_year"),
        [
            pytest.param("2027-12-01", "2027-12-01", id="the day the paid year ends"),
            pytest.param("2028-03-01", "2028-03-01", id="later: a year without a contract in between"),
            pytest.param("2025-12-01", "2027-12-01", id="another year, same day"),
            pytest.param("2027-11-30", None, id="a day before the paid year ends"),
            pytest.param("2026-12-02", None, id="within the paid year"),
            pytest.param("2026-03-01", None, id="before it"),
        ],
    )
    def test_a_day_that_is_paid_is_never_invoiced_again(self, starts_on: str, next_year: str | None) -> None:
        paid = charged(agreed(starts_on="2026-12-01"))

        if next_year is None:
            with pytest.raises(ContractRuns, match="2027-12-01 or any later day"):
                agreed(paid, starts_on=starts_on)
        else:
            assert contracts.year_due(agreed(paid, starts_on=starts_on)).start == date.fromisoformat(next_year)

    def test_no_other_start_while_an_invoice_is_unpaid(self) -> None:
        unpaid = charged(agreed(starts_on="2026-12-01"), paid=False)

        with pytest.raises(ContractRuns, match="unpaid"):
            agreed(unpaid, starts_on="2028-12-01")

    def test_ended_it_charges_nothing_more_and_forgives_what_is_unpaid(self) -> None:
        ended = contracts.ended(charged(agreed(starts_on="2026-12-01"), paid=False), now=NOW)

        assert (ended.price, ended.unpaid, ended.due_at, ended.paid_until) == (None, None, None, None)

    def test_agreed_on_again_within_a_paid_year_it_goes_on_behind_it(self) -> None:
        paid = charged(agreed(starts_on="2026-03-01"))
        again = agreed(contracts.ended(paid, now=NOW), starts_on="2026-03-01")

        assert (again.next_on, again.due_at) == (date(2027, 3, 1), datetime(2027, 3, 1, 6, tzinfo=UTC))

    def test_agreed_on_again_after_a_void_year_that_year_has_another_invoice(self) -> None:
        unpaid = charged(agreed(starts_on="2026-03-01"), paid=False)
        assert unpaid.unpaid is not None
        again = agreed(contracts.ended(unpaid, now=NOW), starts_on="2026-03-01")

        charge = contracts.year_charge(again, billing_profile_id=None, now=NOW)
        assert charge.period == unpaid.unpaid.period
        assert charge.id != unpaid.unpaid.invoice_id

    @pytest.mark.parametrize(
        ("priced", "starts", "field"),
        [(True, False, "starts_on"), (False, True, "price")],
        ids=["no start", "no price"],
    )
    def test_price_and_start_belong_together(self, priced: bool, starts: bool, field: str) -> None:
        with pytest.raises(Invalid) as refused:
            contracts.refuse_half(priced=priced, starts=starts)

        assert [name for name, _ in refused.value.errors] == [field]


class TestDeclined:
    def test_it_is_tried_again_on_days_1_3_5_and_7_and_then_waits(self) -> None:
        contract = charged(agreed(starts_on="2026-12-01"), paid=False)
        tried = []
        while contract.due_at is not None:
            tried.append(contract.due_at.date().isoformat())
            assert contract.due_at.hour == 6  # midnight in Chicago
            contract = declined(contract, now=contract.due_at)

        assert tried == ["2026-12-02", "2026-12-04", "2026-12-06", "2026-12-08"]
        assert contract.unpaid is not None
        assert (contract.is_past_due, contract.unpaid.retry_on, contract.unpaid.attempts) == (True, None, 5)

    def test_a_retry_somebody_asked_for_uses_up_none_of_them(self) -> None:
        contract = charged(agreed(starts_on="2026-12-01"), paid=False)
        assert contract.due_at is not None

        after = declined(contract, now=contract.due_at - timedelta(hours=1), on_schedule=False)

        assert after.unpaid is not None
        assert (after.due_at, after.unpaid.retries, after.unpaid.attempts) == (contract.due_at, 0, 2)

    def test_a_card_chosen_meanwhile_is_tried_at_once(self) -> None:
        contract = agreed(starts_on="2026-12-01")
        assert contract.due_at is not None

        assert declined(contract, now=contract.due_at, card_changed=True).due_at == contract.due_at

    @pytest.mark.parametrize(
        ("before", "expected"),
        [pytest.param(timedelta(seconds=1), False, id="a second before"), pytest.param(timedelta(0), True, id="then")],
    )
    def test_a_retry_is_the_schedules_from_the_first_instant_of_its_day(
        self, before: timedelta, expected: bool
    ) -> None:
        contract = charged(agreed(starts_on="2026-12-01"), paid=False)
        assert contract.due_at is not None

        assert contracts.is_scheduled_retry(contract, time_zone=ZONE, now=contract.due_at - before) is expected

    def test_soon_means_now_also_after_the_last_retry(self) -> None:
        contract = charged(agreed(starts_on="2026-12-01"), paid=False)
        given_up = replace(contract, due_at=None)

        assert contracts.retried_soon(given_up, now=NOW).due_at == NOW
        assert contracts.retried_soon(agreed(starts_on="2026-12-01"), now=NOW).due_at != NOW  # nothing is unpaid
