"""The audit's checks, each on the smallest books that show it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.accounts import lifecycle
from chalicelib.domain.accounts.accounts import Account, Client, PaymentState, Relationship, Status
from chalicelib.domain.audit import AccountInBooks, Alarm, Books, InvoiceInBooks, Kind, Waiting, prove
from chalicelib.domain.audit.journal import JournalCheck
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus
from chalicelib.domain.calendar import Frequency, Period
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.domain.catalog.quotes import Line
from chalicelib.domain.charging.card_charges import CardCharge
from chalicelib.domain.charging.charges import ChargeKind
from chalicelib.domain.money import Money
from chalicelib.domain.wallet.journal import CreditKind, Entry, EntryKind
from chalicelib.domain.wallet.wallets import CreditBalance, Wallet, empty
from chalicelib.programs import program

NOW = datetime(2026, 5, 10, tzinfo=UTC)
AGENCY = program("agency")
PAYER = "prt_1"


def usd(amount: int) -> Money:
    return Money(amount, "USD")


def entries(*amounts: int, balances: list[int] | None = None, sequences: list[int] | None = None) -> list[Entry]:
    """A journal that moved these amounts, with the balances and numbers it should have unless others are given."""
    sums = [sum(amounts[: place + 1]) for place in range(len(amounts))]
    return [
        Entry(
            id=f"txn_{place}",
            payer=PAYER,
            kind=EntryKind.GRANT,
            at=NOW,
            amount=usd(amount),
            balance_after=usd(balance),
            sequence=sequence,
        )
        for place, (amount, balance, sequence) in enumerate(
            zip(amounts, balances or sums, sequences or range(1, len(amounts) + 1), strict=True)
        )
    ]


def account(**changes: Any) -> Account:
    """An account in its second paid month."""
    made = Account(
        id="acct_1",
        partner_id=PAYER,
        payer=PAYER,
        name="acme",
        status=Status.ACTIVE,
        kind=PlanKind.PAID,
        relationship=Relationship.MANAGED,
        client=Client("Acme", "owner@acme.example"),
        notification_email="ops@bright.example",
        country="US",
        data_region="us",
        language="en",
        time_zone="UTC",
        plan=Plan("V3", "marketing", "plus", 1000, Frequency.MONTHLY, {}, ()),
        created_at=NOW,
        updated_at=NOW,
        currency="USD",
        anchor=date(2026, 4, 1),
        period=Period(date(2026, 5, 1), date(2026, 6, 1)),
        price=usd(0),
    )
    return replace(made, **changes)


def invoice(number: int, start: date, end: date, **changes: Any) -> Invoice:
    """A paid invoice of no money: its amounts are not what it is about."""
    made = Invoice(
        id=f"inv_{number}",
        payer=PAYER,
        account_id="acct_1",
        number=number,
        charge_kind=ChargeKind.RENEWAL if number > 1 else ChargeKind.FIRST_PERIOD,
        status=InvoiceStatus.PAID,
        currency="USD",
        lines=(),
        total=usd(0),
        prepaid_applied=usd(0),
        card_charged=usd(0),
        issued_at=NOW,
        period=Period(start, end),
    )
    return replace(made, **changes)


APRIL = invoice(1, date(2026, 4, 1), date(2026, 5, 1))
MAY = invoice(2, date(2026, 5, 1), date(2026, 6, 1))


def found(
    *,
    wallet: Wallet | None = None,
    accounts: list[Account] | None = None,
    invoices: tuple[Invoice, ...] = (APRIL, MAY),
    charges: tuple[CardCharge, ...] = (),
    booked: list[AccountInBooks] | None = None,
    **changes: Any,
) -> list[tuple[Kind, str]]:
    """What is found in books that are right but for what is given."""
    accounts = [account()] if accounts is None else accounts
    kept = wallet or empty(payer=PAYER, currency="USD")
    numbered = max((each.number for each in invoices), default=0)
    active = sum(each.counts_as_active_paid for each in accounts)
    kept = replace(kept, last_invoice_number=numbered, active_paid_accounts=active)
    books = Books(
        wallet=kept,
        program=AGENCY,
        newest_entry={},
        newest_invoice=numbered,
        accounts=booked or [AccountInBooks(each, alarm_of(each), each.id) for each in accounts],
        journals={},
        invoices=[InvoiceInBooks(each) for each in invoices],
        bills=[],
        disputes=[],
        waiting=[],
        card_charges=lambda record: [charge for charge in charges if charge.identity == record.identity],
        unclaimed=lambda in_progress: [],
        elsewhere=lambda ids: {},
        history=lambda account_id: [],
        allocated=lambda payer, credit: [],
    )
    return [(finding.kind, finding.subject) for finding in prove(replace(books, **changes), now=NOW)]


def alarm_of(account: Account) -> Alarm | None:
    step = lifecycle.upcoming(account, program=AGENCY)
    return Alarm(lifecycle.alarm_at(account, step), heard=True) if step else None


def test_right_books_have_no_finding() -> None:
    assert found() == []


class TestJournal:
    def check(self, journal: list[Entry], *, balance: int, sequence: int, newest: int = 0) -> list[tuple[Kind, str]]:
        check = JournalCheck(PAYER, CreditKind.PREPAID, usd(balance), sequence, newest)
        findings = [*(each for entry in journal for each in check.entry(entry)), *check.end()]
        return [(finding.kind, finding.subject) for finding in findings]

    def test_right(self) -> None:
        assert self.check(entries(100, -40, 5), balance=65, sequence=3, newest=3) == []

    def test_empty(self) -> None:
        assert self.check([], balance=0, sequence=0) == []

    def test_a_wrong_balance_is_reported_once_and_where_it_is(self) -> None:
        journal = entries(100, -40, 5, balances=[100, 61, 65])
        assert self.check(journal, balance=65, sequence=3) == [(Kind.JOURNAL_BALANCE, "txn_1")]

    def test_a_wrong_amount_is_reported_once_and_where_it_is(self) -> None:
        journal = entries(100, -41, 5, balances=[100, 60, 65])
        assert self.check(journal, balance=65, sequence=3) == [(Kind.JOURNAL_BALANCE, "txn_1")]

    def test_two_wrong_amounts_are_two(self) -> None:
        journal = entries(100, -41, 5, balances=[100, 60, 66])
        assert self.check(journal, balance=66, sequence=3) == [
            (Kind.JOURNAL_BALANCE, "txn_1"),
            (Kind.JOURNAL_BALANCE, "txn_2"),
        ]

    def test_a_missing_entry_explains_what_it_moved(self) -> None:
        journal = entries(100, 5, balances=[100, 65], sequences=[1, 3])
        assert self.check(journal, balance=65, sequence=3) == [(Kind.JOURNAL_SEQUENCE, "txn_1")]

    def test_a_missing_last_entry(self) -> None:
        assert self.check(entries(100, -40), balance=65, sequence=3) == [(Kind.JOURNAL_SEQUENCE, PAYER)]

    def test_an_entry_the_wallet_does_not_know_of(self) -> None:
        assert self.check(entries(100), balance=100, sequence=1, newest=2) == [(Kind.JOURNAL_SEQUENCE, PAYER)]

    def test_one_cent_between_wallet_and_journal(self) -> None:
        assert self.check(entries(100, -40), balance=59, sequence=2) == [(Kind.WALLET_BALANCE, PAYER)]


def test_credits_have_a_journal_of_their_own() -> None:
    wallet = replace(
        empty(payer=PAYER, currency="USD"), credits={CreditKind.SMS: CreditBalance(balance=999, sequence=1)}
    )
    bought = Entry(
        id="txn_sms",
        payer=PAYER,
        kind=EntryKind.PURCHASE,
        at=NOW,
        amount=Money(1000, CreditKind.SMS.unit),
        balance_after=Money(1000, CreditKind.SMS.unit),
        sequence=1,
        credit=CreditKind.SMS,
    )

    assert found(wallet=wallet, journals={CreditKind.SMS: [bought]}) == [(Kind.WALLET_BALANCE, PAYER)]


class TestPeriods:
    def test_a_gap_of_a_day_between_renewals(self) -> None:
        late = replace(MAY, period=Period(date(2026, 5, 2), date(2026, 6, 1)))
        assert found(accounts=[account(period=late.period)], invoices=(APRIL, late)) == [(Kind.PERIOD_GAP, "inv_2")]

    def test_a_day_doubly_invoiced(self) -> None:
        early = replace(MAY, period=Period(date(2026, 4, 30), date(2026, 6, 1)))
        assert (Kind.PERIOD_OVERLAP, "inv_2") in found(invoices=(APRIL, early))

    def test_an_account_that_came_back_may_leave_a_gap(self) -> None:
        back = replace(MAY, charge_kind=ChargeKind.FIRST_PERIOD, period=Period(date(2026, 5, 9), date(2026, 6, 9)))
        assert found(accounts=[account(period=back.period)], invoices=(APRIL, back)) == []

    def test_but_never_an_overlap(self) -> None:
        back = replace(MAY, charge_kind=ChargeKind.FIRST_PERIOD, period=Period(date(2026, 4, 9), date(2026, 5, 9)))
        assert (Kind.PERIOD_OVERLAP, "inv_2") in found(accounts=[account(period=APRIL.period)], invoices=(APRIL, back))

    def test_a_conversion_cuts_its_month_short(self) -> None:
        annual = invoice(3, date(2026, 5, 9), date(2027, 5, 9), charge_kind=ChargeKind.CONVERSION, account_id="acct_1")
        converted = account(anchor=date(2026, 5, 9), period=annual.period)
        assert found(accounts=[converted], invoices=(APRIL, MAY, annual)) == []

    def test_but_no_month_before_it(self) -> None:
        annual = invoice(3, date(2026, 4, 9), date(2027, 4, 9), charge_kind=ChargeKind.CONVERSION)
        assert found(invoices=(APRIL, MAY, annual)) == [(Kind.PERIOD_OVERLAP, "inv_3")]

    def test_a_renewal_without_a_beginning(self) -> None:
        only = replace(MAY, number=1)
        assert found(invoices=(only,)) == [(Kind.PERIOD_GAP, "inv_2")]

    def test_an_invoice_that_was_given_up_covers_nothing(self) -> None:
        void = replace(MAY, status=InvoiceStatus.VOID)
        ended = account(status=Status.EXPIRED, expired_at=NOW, period=APRIL.period)
        assert found(accounts=[ended], invoices=(APRIL, void)) == []

    def test_an_unpriced_account_has_no_invoices(self) -> None:
        assert found(accounts=[account(price=None)], invoices=()) == []

    def test_a_priced_account_has(self) -> None:
        assert found(accounts=[account()], invoices=()) == [(Kind.PERIOD_CURRENT, "acct_1")]

    def test_a_trial_and_a_pending_account_have_none_either(self) -> None:
        trial = account(kind=PlanKind.TRIAL, anchor=None)
        assert found(accounts=[trial], invoices=()) == []
        assert found(accounts=[account(status=Status.PENDING)], invoices=()) == []

    def test_an_invoice_on_an_open_bill_covers_its_period(self) -> None:
        on_bill = replace(MAY, status=InvoiceStatus.OPEN, bill_id="bill_1", billed=usd(0))
        assert found(invoices=(APRIL, on_bill)) == [(Kind.BILL_TOTAL, "bill_1")]  # of which nobody else knows

    def test_past_due_without_an_open_invoice(self) -> None:
        owing = account(payment_state=PaymentState.PAST_DUE)
        assert found(accounts=[owing]) == [(Kind.OPEN_INVOICE, "acct_1")]


class TestInvoices:
    def test_lines_that_miss_the_total_by_a_cent(self) -> None:
        wrong = replace(MAY, lines=(Line("plan", "Plus", usd(1)), Line("credit", "", usd(-2))))
        assert found(invoices=(APRIL, wrong)) == [(Kind.INVOICE_LINES, "inv_2")]

    def test_an_open_invoice_on_which_money_was_taken(self) -> None:
        taken = replace(MAY, status=InvoiceStatus.VOID, card_charged=usd(1), reference="pi_1")
        charges = (CardCharge("inv_2-1", "pi_1", usd(1)),)
        ended = account(status=Status.EXPIRED, expired_at=NOW, period=APRIL.period)
        assert found(accounts=[ended], invoices=(APRIL, taken), charges=charges) == [(Kind.INVOICE_PAYMENT, "inv_2")]


class TestCards:
    PAID = replace(
        MAY, lines=(Line("plan", "Plus", usd(100)),), total=usd(100), card_charged=usd(100), reference="pi_1"
    )

    @pytest.mark.parametrize(
        ("charges", "kinds"),
        [
            pytest.param([("inv_2-1", "pi_1", 100)], [], id="the charge it names"),
            pytest.param([("inv_2-3", "pi_1", None)], [], id="by a later attempt, its amount not asked"),
            pytest.param([], [Kind.CARD_NOT_CHARGED], id="none"),
            pytest.param([("inv_2-1", "pi_1", 99)], [Kind.CARD_AMOUNT], id="a cent less"),
            pytest.param([("inv_2-1", "pi_2", 100)], [Kind.CARD_REFERENCE], id="another"),
            pytest.param([("inv_2-1", "pi_1", 100), ("inv_2-2", "pi_2", 100)], [Kind.CARD_CHARGED_TWICE], id="two"),
        ],
    )
    def test_exactly_one_charge_of_that_amount(self, charges: list[tuple[Any, ...]], kinds: list[Kind]) -> None:
        made = tuple(CardCharge(key, ref, usd(amount) if amount else None) for key, ref, amount in charges)
        assert found(invoices=(APRIL, self.PAID), charges=made) == [(kind, "inv_2") for kind in kinds]


class TestAlarms:
    @pytest.mark.parametrize(
        ("late", "kinds"),
        [
            pytest.param(timedelta(0), [], id="to the second"),
            pytest.param(timedelta(milliseconds=999), [], id="rounded up to the next second"),
            pytest.param(timedelta(seconds=1), [Kind.ALARM_WRONG], id="a second late"),
            pytest.param(timedelta(milliseconds=-1), [Kind.ALARM_WRONG], id="before its time"),
        ],
    )
    def test_the_alarm_is_the_one_the_next_step_needs(self, late: timedelta, kinds: list[Kind]) -> None:
        due = alarm_of(account())
        assert due is not None
        booked = AccountInBooks(account(), Alarm(due.at + late, heard=True), "acct_1")
        assert found(accounts=[account()], booked=[booked]) == [(kind, "acct_1") for kind in kinds]

    @pytest.mark.parametrize(
        ("ago", "kinds"),
        [
            pytest.param(timedelta(hours=2), [], id="two hours ago"),
            pytest.param(timedelta(hours=2, seconds=1), [Kind.ALARM_LATE], id="longer ago"),
        ],
    )
    def test_an_alarm_that_rang_long_ago_is_stuck(self, ago: timedelta, kinds: list[Kind]) -> None:
        waiting = Waiting("txn_1", Alarm(NOW - ago, heard=True))
        assert found(waiting=[waiting]) == [(kind, "txn_1") for kind in kinds]

    def test_a_bill_that_was_given_up_needs_none(self) -> None:
        assert found(waiting=[Waiting("bill_1", None, needs_alarm=False)]) == []
        assert found(waiting=[Waiting("bill_1", None)]) == [(Kind.ALARM_MISSING, "bill_1")]


class TestAnAccountWithSeveralPayers:
    """Another payer, and then this one, paid for the account; or the other way round (docs/rules.md §9)."""

    OTHER = "acct_1"

    def taken_over(self, **changes: Any) -> Account:
        return account(earlier_payers=(self.OTHER,), **changes)

    def test_its_time_is_tiled_by_the_invoices_of_all_of_them(self) -> None:
        theirs = replace(APRIL, payer=self.OTHER)
        ours = replace(MAY, number=1)

        assert found(accounts=[self.taken_over()], invoices=(ours,), history=lambda id: [theirs, ours]) == []

    @pytest.mark.parametrize(
        ("theirs", "kind"),
        [((), Kind.PERIOD_GAP), ((APRIL, replace(MAY, id="inv_9")), Kind.PERIOD_TWICE)],
        ids=["never paid for", "paid twice"],
    )
    def test_a_gap_or_a_twin_between_two_payers_is_found(self, theirs: tuple[Invoice, ...], kind: Kind) -> None:
        ours = replace(MAY, number=1)

        assert found(accounts=[self.taken_over()], invoices=(ours,), history=lambda id: [*theirs, ours]) == [
            (kind, ours.id)
        ]

    def test_whoever_paid_before_has_nothing_to_prove_but_the_invoice(self) -> None:
        now_by_its_client = account(payer=self.OTHER, earlier_payers=(PAYER,))

        assert found(booked=[AccountInBooks(now_by_its_client, None, "acct_1")], accounts=[], invoices=(APRIL,)) == []

    def test_an_account_of_another_partner_by_now_explains_the_invoices_of_its_time_here(self) -> None:
        moved = account(partner_id="prt_2", payer="prt_2", earlier_payers=(PAYER,))

        assert found(accounts=[], elsewhere=lambda ids: {moved.id: moved}) == []

    def test_an_invoice_of_a_payer_that_the_account_does_not_name_is_nobodys(self) -> None:
        moved = account(partner_id="prt_2", payer="prt_2")
        by_its_client = AccountInBooks(account(payer=self.OTHER), None, "acct_1")

        assert found(accounts=[], elsewhere=lambda ids: {moved.id: moved}) == [(Kind.INVOICE_OF_NOBODY, "acct_1")]
        assert found(accounts=[], booked=[by_its_client]) == [(Kind.INVOICE_OF_NOBODY, "acct_1")]

    def test_a_payer_that_is_neither_its_partner_nor_its_client_is_found(self) -> None:
        strange = account(payer="prt_2", earlier_payers=(PAYER,))

        assert found(accounts=[], booked=[AccountInBooks(strange, None, "acct_1")]) == [(Kind.PAYER, "acct_1")]


class TestCreditsThatGoAlong:
    """The old partner allocated 100; the account used 30 of them with the new one (docs/rules.md §9)."""

    def entry(self, kind: EntryKind, *, change: int, moves: int, payer: str = PAYER) -> Entry:
        def sms(amount: int) -> Money:
            return Money(amount, CreditKind.SMS.unit)

        return Entry(
            "txn_1",
            payer,
            kind,
            NOW,
            sms(moves),
            sms(moves),
            1,
            account_id="acct_1",
            account_change=sms(change),
            credit=CreditKind.SMS,
        )

    def books(self, *, here: Entry, balance: int, **changes: Any) -> list[tuple[Kind, str]]:
        kept = replace(
            empty(payer=PAYER, currency="USD"), credits={CreditKind.SMS: CreditBalance(balance=balance, sequence=1)}
        )
        return found(wallet=kept, journals={CreditKind.SMS: [here]}, **changes)

    def test_with_the_new_partner_both_journals_come_to_what_the_account_has(self) -> None:
        used = self.entry(EntryKind.USED, change=-30, moves=0)
        allocated = self.entry(EntryKind.ALLOCATED, change=100, moves=-100, payer="prt_2")
        moved_in = account(earlier_payers=("prt_2",), credits={CreditKind.SMS: 70})
        both = {"accounts": [moved_in], "history": lambda id: [APRIL, MAY], "here": used, "balance": 0}

        assert self.books(allocated=lambda payer, credit: [allocated] if payer == "prt_2" else [], **both) == []
        assert self.books(**both) == [(Kind.ACCOUNT_CREDITS, "acct_1")]

    def test_with_the_old_partner_they_are_no_longer_compared(self) -> None:
        allocated = self.entry(EntryKind.ALLOCATED, change=100, moves=0)
        granted = replace(allocated, amount=Money(-100, "SMS"), balance_after=Money(-100, "SMS"))
        moved_out = account(partner_id="prt_2", payer="prt_2", earlier_payers=(PAYER,), credits={CreditKind.SMS: 70})

        found_here = self.books(here=granted, balance=-100, accounts=[], elsewhere=lambda ids: {"acct_1": moved_out})

        assert (Kind.ACCOUNT_CREDITS, "acct_1") not in found_here
