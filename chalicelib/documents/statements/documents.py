"""The text of a payout's statement: every word and amount, without the layout (docs/rules.md §10)."""

from collections.abc import Callable, Sequence
from enum import Enum, auto

from chalicelib.documents.statements.words import Words
from chalicelib.domain.calendar import local_date
from chalicelib.domain.catalog.programs import Seller
from chalicelib.domain.earnings.lines import EarningLine
from chalicelib.domain.earnings.payouts import Payout, PayoutStatus
from chalicelib.domain.earnings.statements import AccountPart, Statement, by_account, calculation_of
from chalicelib.domain.money import Money
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.values import dataclass

MOST_LINES = 2_000
"""That one document lists: about 95 pages. They are drawn while the client waits."""


class Tone(Enum):
    """What a payout's status means to its partner: the color it is shown in."""

    DONE = auto()
    OPEN = auto()
    FAILED = auto()
    NEUTRAL = auto()


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """A line: what it is, of which day, and how its amount comes about."""

    text: str
    amount: str


@dataclass(frozen=True, slots=True)
class WrittenPart:
    """An account with its lines and what they come to."""

    name: str
    amount: str
    lines: tuple[WrittenLine, ...]


@dataclass(frozen=True, slots=True)
class StatementDocument:
    """A statement in words. The first of ``seller`` and of ``paid_to`` is a name; strong ones of the ``sums`` are
    emphasised. Without ``parts`` it has too many lines, as what stands in their place says (``left_out``).
    """

    language: str
    country: str
    title: str
    number: str
    status: str
    tone: Tone
    remark: str
    seller: tuple[str, ...]
    paid_to_label: str
    paid_to: tuple[str, ...]
    dates: tuple[tuple[str, str], ...]
    sums: tuple[tuple[str, str, bool], ...]
    description: str
    amount: str
    parts: tuple[WrittenPart, ...]
    left_out: str
    notes: tuple[str, ...]
    page: Callable[[int, int], str]


_TONES = {
    PayoutStatus.PAID: Tone.DONE,
    PayoutStatus.RETURNED: Tone.FAILED,
    PayoutStatus.FAILED: Tone.FAILED,
    PayoutStatus.HELD: Tone.NEUTRAL,
}


def compose(
    statement: Statement, lines: Sequence[EarningLine], *, partner: Partner, seller: Seller, words: Words
) -> StatementDocument:
    """The statement in words. ``lines`` are all that the payout settled, or none if they are more than can be listed.

    Dates are the partner's local ones.
    """
    payout = statement.payout
    return StatementDocument(
        language=words.code,
        country=partner.country,
        title=words.say("title"),
        number=payout.id,
        status=words.say(f"statuses.{payout.status}"),
        tone=_TONES.get(payout.status, Tone.OPEN),
        remark=words.written(payout.cause) if payout.cause else "",
        seller=(seller.name, *seller.address_lines, seller.email),
        paid_to_label=words.say("paid_to"),
        paid_to=_paid_to(payout, partner, words),
        dates=_dates(payout, partner, words),
        sums=_sums(statement, words),
        description=words.say("description"),
        amount=words.say("amount", currency=payout.amount.currency),
        parts=tuple(_part(part, partner, words) for part in by_account(lines)),
        left_out="" if lines else words.say("left_out", lines=words.written(payout.lines)),
        notes=(words.say("notes.refunds"), words.say("notes.balance")),
        page=lambda number, count: words.say("page", number=str(number), count=str(count)),
    )


def _paid_to(payout: Payout, partner: Partner, words: Words) -> tuple[str, ...]:
    sent_to = None if payout.paid_reference else payout.recipient
    address = (words.say("paypal", address=sent_to),) if sent_to else ()
    return (partner.name, partner.email, *address)


def _dates(payout: Payout, partner: Partner, words: Words) -> tuple[tuple[str, str], ...]:
    rows = [
        (words.say("payout"), words.written(payout.run_on)),
        (words.say("payable_until"), words.written(payout.payable_on)),
    ]
    if payout.paid_at is not None:
        rows.append((words.say("paid_on"), words.written(local_date(payout.paid_at, partner.time_zone))))
    reference = payout.paid_reference or payout.reference
    if reference is not None:
        rows.append((words.say("reference"), reference))
    return tuple(rows)


def _sums(statement: Statement, words: Words) -> tuple[tuple[str, str, bool], ...]:
    amount = statement.payout.amount
    kinds = [
        (
            words.say("counted", kind=words.say(f"kinds.{kind}"), lines=words.written(of_kind.lines)),
            words.written(Money(of_kind.amount, amount.currency)),
            False,
        )
        for kind, of_kind in statement.payout.sums.items()
    ]
    return (
        *kinds,
        (words.say("total"), words.amount(amount), True),
        (words.say("balance_before"), words.written(statement.balance_before), False),
        (words.say("balance_after"), words.written(statement.balance_after), False),
    )


def _part(part: AccountPart, partner: Partner, words: Words) -> WrittenPart:
    name = part.name or part.account_id or words.say("not_of_an_account")
    lines = tuple(_line(line, partner, words) for line in part.lines)
    return WrittenPart(name, words.written(part.amount), lines)


def _line(line: EarningLine, partner: Partner, words: Words) -> WrittenLine:
    entered = words.say("entered", title=words.title(line), date=words.written(local_date(line.at, partner.time_zone)))
    text = f"{entered} · {words.calculation(calculation_of(line))}"
    return WrittenLine(text, words.written(line.amount))
