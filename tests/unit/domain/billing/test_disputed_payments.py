"""What is left of a payment that is refunded and disputed, in every order of both."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain import disputes
from chalicelib.domain.billing import refunds
from chalicelib.domain.billing.refunds import Payment, Refund
from chalicelib.domain.disputes import Dispute, DisputeStatus, Reported
from chalicelib.domain.money import Money
from chalicelib.domain.wallet.journal import Entry, EntryKind
from tests.invoices import line, paid_invoice, usd
from tests.proving import examples

NOW = datetime(2026, 5, 10, tzinfo=UTC)
PAID = 4_900
OPEN, WON, LOST = DisputeStatus.OPEN, DisputeStatus.WON, DisputeStatus.LOST


def invoice() -> Payment:
    return paid_invoice(line(amount=PAID), card_charged=usd(PAID))


def purchase() -> Payment:
    money = usd(PAID)
    return Entry("txn_1", "prt_1", EntryKind.PURCHASE, NOW, money, balance_after=money, sequence=1)


@dataclass
class Books:
    """A payment, its refunds and what the bank says of its disputes."""

    payment: Payment
    refunded: list[Money] = field(default_factory=list)
    at_bank: dict[str, Reported] = field(default_factory=dict)
    recorded: dict[str, Dispute] = field(default_factory=dict)

    def refund(self, amount: int) -> None:
        """A refund, unless it would be refused."""
        blocked = disputes.blocks_refunds(self.payment.disputes) or refunds.falling_short(self.payment)
        money = min(usd(amount), refunds.left_of_card(self.payment))
        if money and not blocked:
            self._note(money)
            self.refunded.append(money)

    def refund_fails(self, which: int) -> None:
        if self.refunded:
            self._note(-self.refunded.pop(which % len(self.refunded)))
            self._look_at_those_falling_short()

    def bank_says(self, which: int, status: DisputeStatus, amount: int) -> None:
        reference = f"du_{which}"
        self.at_bank[reference] = Reported(
            "stripe", reference, "pi_1", "prt_1", self.payment.id, usd(amount), "general", status, NOW
        )
        self._look(reference)
        self._look_at_those_falling_short()

    def _look_at_those_falling_short(self) -> None:
        """What their alarms lead to."""
        by_id = {reported.id: reference for reference, reported in self.at_bank.items()}
        for short in refunds.falling_short(self.payment):
            self._look(by_id[short.id])
        assert not refunds.falling_short(self.payment)

    def _look(self, reference: str) -> None:
        before = self.recorded.get(reference)
        after = disputes.after(
            self.at_bank[reference],
            before,
            left=refunds.left_of_card(self.payment),
            in_all=refunds.left_in_all(self.payment),
            account_id=None,
            number=None,
            now=NOW,
        )
        taken = (after.taken_back or usd(0)) - ((before and before.taken_back) or usd(0))
        self.payment = refunds.disputed(self.payment, after, taken)
        self.recorded[reference] = after

    def _note(self, money: Money) -> None:
        if isinstance(self.payment, Entry):
            self.payment = refunds.of_purchase(self.payment, money)
        else:
            assert not isinstance(self.payment, refunds.Bill)
            self.payment = refunds.of_invoice(self.payment, Refund(card=money, prepaid=usd(0)))

    def should_be_gone(self) -> Money:
        """What the cardholder has back: what was refunded and what the bank took, never more than was paid."""
        lost = [each.amount for each in self.at_bank.values() if each.status is LOST]
        return min(sum([*self.refunded, *lost], usd(0)), usd(PAID))


REFUNDS = st.tuples(st.just("refund"), st.integers(1, PAID))
FAILURES = st.tuples(st.just("refund_fails"), st.integers(0, 5))
REPORTS = st.tuples(st.just("bank_says"), st.integers(0, 2), st.sampled_from(DisputeStatus), st.integers(1, PAID + 100))


@settings(max_examples=examples(60, prove=2_000))
@given(st.sampled_from([invoice, purchase]), st.lists(REFUNDS | FAILURES | REPORTS, max_size=12))
def test_whatever_is_refunded_and_disputed_in_whatever_order_each_cent_goes_once(kind, steps) -> None:  # type: ignore[no-untyped-def]
    books = Books(kind())

    for name, *given_ in steps:
        getattr(books, name)(*given_)

        assert usd(PAID) - refunds.left_of_card(books.payment) == books.should_be_gone()


def test_a_refund_that_fails_after_the_dispute_was_lost_is_what_the_bank_took() -> None:
    books = Books(invoice())
    books.refund(4_000)
    books.bank_says(0, LOST, PAID)
    assert books.recorded["du_0"].taken_back == usd(900)

    books.refund_fails(0)

    assert books.recorded["du_0"].taken_back == usd(PAID)
    assert refunds.left_of_card(books.payment) == usd(0)


def test_what_one_dispute_gives_back_another_that_is_lost_takes() -> None:
    books = Books(invoice())
    books.bank_says(0, LOST, PAID)
    books.bank_says(1, LOST, 3_000)
    assert books.recorded["du_1"].taken_back is None

    books.bank_says(0, WON, PAID)

    assert books.recorded["du_1"].taken_back == usd(3_000)
    assert refunds.left_of_card(books.payment) == usd(1_900)


def test_two_open_disputes_of_one_purchase_block_its_refund_until_both_are_decided() -> None:
    books = Books(purchase())
    books.bank_says(0, OPEN, 2_000)
    books.bank_says(1, OPEN, 2_000)

    books.bank_says(1, WON, 2_000)
    assert disputes.blocks_refunds(books.payment.disputes)

    books.bank_says(0, WON, 2_000)
    assert not disputes.blocks_refunds(books.payment.disputes)


def test_the_wallet_bears_what_was_still_general_and_gets_it_back_first_when_all_is_won() -> None:
    lost = replace(_dispute(), taken_back=usd(4_000))
    bore = disputes.from_wallet(_dispute(), lost, general=usd(1_000))
    more = replace(lost, taken_back=usd(4_900))
    after = replace(lost, from_wallet=bore)

    assert bore == usd(1_000)
    assert disputes.from_wallet(after, more, general=usd(200)) == usd(1_200)
    assert disputes.from_wallet(after, replace(lost, taken_back=usd(600)), general=usd(0)) == usd(600)
    assert disputes.from_wallet(after, replace(lost, taken_back=None), general=usd(0)) == usd(0)


def _dispute() -> Dispute:
    return Dispute("disp_1", "prt_1", "txn_1", "stripe", "du_1", LOST, usd(PAID), "general", NOW)
