"""Writing money once: hold → charge → settle, for every kind of charge (docs/decisions/charging.md).

What prepaid money covers is settled in one transaction. What needs a card is first *held* (the
charge frozen on its subject, the prepaid part promised in the wallet), then the card is *charged*
under the charge's own key, then everything is *settled* in one transaction. Cut off anywhere, the
subject's alarm still rings, and whoever comes next asks the processor again under the same key.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache

from chalicelib.config import settings
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.charging import charges
from chalicelib.domain.money import Money
from chalicelib.domain.partners.billing_profiles import BillingProfile
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.wallet import wallets
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.gateways.choice import payment_gateway
from chalicelib.gateways.payments import Charged, Declined, OutcomeUnknown, Purpose
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import Busy, Check, Moved, Write, commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.charging.intents import Change, Order
from chalicelib.services.charging.parties import with_parties

KEY_FORGOTTEN_AFTER = timedelta(hours=20)
"""Processors forget keys after about a day: an attempt older than this is looked up before it is sent."""
_ASKS = 3
_PATIENCE_SECONDS = 3.0
"""A processor that took longer is not asked again at once: with its own time-outs that would outlast a request."""
_ROUNDS = 50


@dataclass(frozen=True)
class Paid:
    """The charge is through; ``order`` is as it was left stored, or ``elsewhere`` as for :class:`NotPaid`."""

    order: Order
    elsewhere: bool = False


@dataclass(frozen=True)
class NotPaid:
    """A definite no; asked-for charges have changed nothing, scheduled ones left an open invoice.

    ``elsewhere``: another run settled it, ``order`` is as this run last read it.
    """

    order: Order
    decline_code: str
    elsewhere: bool = False


@dataclass(frozen=True)
class Unknown:
    """The processor did not answer, or there was no time to ask. The charge stays frozen and will be asked about."""

    order: Order


@dataclass(frozen=True)
class Skipped:
    """The subject was changed by somebody else before the charge was held: nothing was charged."""

    order: Order
    moved: frozenset[str]


@dataclass(frozen=True)
class Outdated:
    """The partner's discount changed since the price was made: nothing was charged, make it anew."""

    order: Order


Result = Paid | NotPaid | Unknown | Skipped | Outdated
Answer = Charged | Declined


class CardDeclined(Refusal):
    """A charge somebody asked for was declined; nothing has changed (docs/rules.md §6)."""

    status = 402
    code = "card_declined"
    title = "The card was declined"


class ChargeOutcomeUnknown(Refusal):
    """The processor did not answer in time; the charge is finished or given up within minutes."""

    status = 503
    code = "charge_outcome_unknown"
    title = "The card processor did not answer"


ORDERS_AT_ONCE = 33
"""Each order changes or checks at most three rows beside the wallet, and a transaction takes 100."""
NO_BILLING_PROFILE = "no_billing_profile"
"""The decline code of a charge that no billing profile is there to pay for."""


def never() -> bool:
    """There is time enough."""
    return False


def make(
    orders: Sequence[Order],
    *,
    payer: str,
    program: Program,
    now: datetime,
    actor: str,
    out_of_time: Callable[[], bool] = never,
) -> list[Result]:
    """Charge up to ORDERS_AT_ONCE new orders of one payer, in order: prepaid money first, cards for the rest.

    Once ``out_of_time`` says so no card is asked any more; those charges stay frozen and are :class:`Unknown`.
    """
    held, results = _hold(list(orders), payer=payer, program=program, now=now, actor=actor)
    return results + _charge_and_settle(held, payer=payer, now=now, actor=actor, out_of_time=out_of_time)


def finish(
    orders: Sequence[Order], *, payer: str, now: datetime, actor: str, out_of_time: Callable[[], bool] = never
) -> list[Result]:
    """Go on with charges that were held and cut off: same key, same amounts, never computed anew."""
    return _charge_and_settle(list(orders), payer=payer, now=now, actor=actor, out_of_time=out_of_time)


def _hold(
    orders: list[Order], *, payer: str, program: Program, now: datetime, actor: str
) -> tuple[list[Order], list[Result]]:
    """Settle what prepaid money covers and freeze the rest, all in one transaction.

    The transaction checks that nobody has deleted the billing profiles whose cards will be asked. A charge on one that
    is deleted is frozen as declined.
    """
    held: list[Order] = []
    results: list[Result] = []
    deleted: frozenset[str] = frozenset()
    for _ in range(_ROUNDS):
        if not orders:
            return held, results
        wallet = wallet_rows.get(payer)
        outdated = [order for order in orders if order.is_outdated(wallet)]
        if outdated:
            results += [Outdated(order) for order in outdated]
            orders = [order for order in orders if order not in outdated]
            continue
        orders = with_parties(orders, wallet, program=program)
        changes = _divide(orders, wallet, deleted, program=program, now=now, actor=actor)
        paying = _paying_profiles(changes) - deleted
        try:
            _commit(wallet, changes, [profile_rows.still_there(payer, profile_id) for profile_id in sorted(paying)])
        except Moved as moved:
            deleted |= moved.subjects & paying
            orders = _those_unmoved(orders, moved, held, results)
            continue
        held += [change.order for change in changes if change.order.charge.needs_card]
        results += [Paid(change.order) for change in changes if not change.order.charge.needs_card]
        return held, results
    raise Busy(f"The wallet of {payer} kept changing.")


def _paying_profiles(changes: Sequence[Change]) -> frozenset[str]:
    """The billing profiles whose cards will be asked, each once."""
    cards = (change.order.charge for change in changes if change.order.charge.needs_card)
    return frozenset(charge.billing_profile_id for charge in cards if charge.billing_profile_id)


def _divide(
    orders: Sequence[Order], wallet: Wallet, deleted: frozenset[str], *, program: Program, now: datetime, actor: str
) -> list[Change]:
    """Split each charge over what the ones before it left in the wallet; hold it or settle it."""
    changes: list[Change] = []
    for order in orders:
        charge = charges.divide(
            order.charge,
            set_aside=order.set_aside,
            general=wallet.general,
            minimum_card_charge=Money(program.minimum_card_charge, wallet.currency),
        )
        if charge.needs_card and charge.billing_profile_id in deleted:
            charge = replace(charge, declined=NO_BILLING_PROFILE)
        divided = order.divided(charge)
        wallet = wallets.hold(wallet, charge.from_general or Money.zero(wallet.currency))
        change = (
            divided.hold(wallet, now=now, actor=actor)
            if charge.needs_card
            else divided.settle_paid(wallet, None, now=now, actor=actor)
        )
        wallet = change.wallet
        changes.append(change)
    return changes


def _those_unmoved(orders: list[Order], moved: Moved, held: list[Order], results: list[Result]) -> list[Order]:
    """Sort out the orders whose rows are not as they were read.

    It may be this very charge: held by a write whose answer was lost, or by another run. Then both
    go on with it, under the same key.
    """
    unmoved: list[Order] = []
    for order in orders:
        if not order.touches & moved.subjects:
            unmoved.append(order)
        elif (again := order.read_again()) is not None:
            held.append(again)
        elif order.is_settled():
            results.append(Paid(order, elsewhere=True))
        else:
            results.append(Skipped(order, moved.subjects))
    return unmoved


def _charge_and_settle(
    orders: list[Order], *, payer: str, now: datetime, actor: str, out_of_time: Callable[[], bool]
) -> list[Result]:
    if not orders:
        return []
    ids = [order.charge.billing_profile_id for order in orders if order.charge.billing_profile_id]
    answers = _ask_cards(orders, profile_rows.get_many(payer, ids), now=now, out_of_time=out_of_time)
    unknown: list[Result] = [Unknown(order) for order, answer in answers if answer is None]
    answered = [(order, answer) for order, answer in answers if answer is not None]
    return unknown + _settle(answered, payer=payer, now=now, actor=actor)


def _ask_cards(
    orders: Sequence[Order], profiles: dict[str, BillingProfile], *, now: datetime, out_of_time: Callable[[], bool]
) -> list[tuple[Order, Answer | None]]:
    def ask(order: Order) -> tuple[Order, Answer | None]:
        if out_of_time():
            return order, None
        profile = profiles.get(order.charge.billing_profile_id or "")
        return order, _ask_card(order, profile, now=now, out_of_time=out_of_time)

    if len(orders) == 1:
        return [ask(orders[0])]
    return list(_card_pool().map(ask, orders))


def _ask_card(
    order: Order, profile: BillingProfile | None, *, now: datetime, out_of_time: Callable[[], bool]
) -> Answer | None:
    """The processor's definite answer for the frozen attempt, or None when it gave none."""
    begun = time.monotonic()
    for _ in range(_ASKS):
        try:
            return _asked_once(order, profile, now=now)
        except OutcomeUnknown:
            if time.monotonic() - begun > _PATIENCE_SECONDS or out_of_time():
                break
    return None


def _asked_once(order: Order, profile: BillingProfile | None, *, now: datetime) -> Answer:
    charge, gateway = order.charge, payment_gateway()
    if charge.declined is not None:
        return Declined(charge.declined)
    if charge.refunds is not None and charge.card is not None:
        answer = gateway.refund(
            key=charge.key, reference=charge.refunds, amount=charge.card, purpose=_purpose_of(order)
        )
        return answer if isinstance(answer, Declined) else Charged(charge.refunds, answer.reference)
    if profile is None or charge.card is None:
        return Declined(NO_BILLING_PROFILE)
    is_old = now - charge.started_at > KEY_FORGOTTEN_AFTER
    found = gateway.find(key=charge.key, customer=profile.customer) if is_old else None
    return found or gateway.charge(key=charge.key, amount=charge.card, profile=profile, purpose=_purpose_of(order))


def _purpose_of(order: Order) -> Purpose:
    """What the processor is told of a charge; made of what is frozen only, so that it stays the same."""
    return Purpose(
        charge_id=order.charge.id,
        subject=order.subject,
        payer=order.payer,
        description=order.charge.lines[0].description if order.charge.lines else order.charge.id,
    )


def _settle(answered: list[tuple[Order, Answer]], *, payer: str, now: datetime, actor: str) -> list[Result]:
    """Write what the processor answered, in one transaction; the answer stands whatever moved meanwhile."""
    results: list[Result] = []
    for _ in range(_ROUNDS):
        if not answered:
            return results
        wallet = after = wallet_rows.get(payer)
        changes: list[Change] = []
        for order, answer in answered:
            if isinstance(answer, Charged):
                change = order.settle_paid(after, answer, now=now, actor=actor)
            else:
                change = order.settle_declined(after, answer, now=now, actor=actor)
            after = change.wallet
            changes.append(change)
        try:
            _commit(wallet, changes)
        except Moved as moved:
            answered = _still_frozen(answered, moved, results)
            continue
        settled = zip(changes, answered, strict=True)
        return results + [_result(change.order, answer) for change, (_, answer) in settled]
    raise Busy(f"The wallet of {payer} kept changing.")


def _still_frozen(
    answered: list[tuple[Order, Answer]], moved: Moved, results: list[Result]
) -> list[tuple[Order, Answer]]:
    """The orders that still wait for their answer; the others were settled by another run."""
    waiting: list[tuple[Order, Answer]] = []
    for order, answer in answered:
        if not order.touches & moved.subjects:
            waiting.append((order, answer))
        elif (again := order.read_again()) is not None:
            waiting.append((again, answer))
        elif isinstance(answer, Charged):
            results.append(Paid(order, elsewhere=True))
        else:
            results.append(NotPaid(order, answer.decline_code, elsewhere=True))
    return waiting


def _result(order: Order, answer: Answer) -> Result:
    return Paid(order) if isinstance(answer, Charged) else NotPaid(order, answer.decline_code)


def _commit(wallet: Wallet, changes: Sequence[Change], checks: Sequence[Check] = ()) -> None:
    """Write all changes, and the wallet as the last of them leaves it, if the ``checks`` hold."""
    writes: list[Write] = [*checks, *(write for change in changes for write in change.writes)]
    after = changes[-1].wallet
    commit([*writes, wallet_rows.put(after)] if after != wallet else writes)


@cache
def _card_pool() -> ThreadPoolExecutor:
    """Kept for the life of the process: each of its threads has clients of its own."""
    return ThreadPoolExecutor(max_workers=settings().card_parallel, thread_name_prefix="card")
