"""Charging exactly once: hold → charge → settle, for every kind of charge (docs/decisions/charging.md).

What prepaid money covers is settled in one transaction. What needs a card is first *held* (the
charge frozen on its subject, the prepaid part reserved in the wallet), then the card is *charged*
under the charge's own key, then everything is *settled* in one transaction. If a run is interrupted
anywhere, the subject's alarm is still set, and the next run asks the processor again under the same key.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.charging import charges
from chalicelib.domain.copies import replace
from chalicelib.domain.money import Money
from chalicelib.domain.partners.billing_profiles import BillingProfile
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.wallet import wallets
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.gateways.payments import Charged
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.partners import billing_profiles as profile_rows
from chalicelib.models.transactions import Busy, Check, Write, WriteConflict, commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.charging import cards
from chalicelib.services.charging.cards import NO_BILLING_PROFILE, Answer, never
from chalicelib.services.charging.intents import Change, ChargeIntent
from chalicelib.services.charging.parties import with_parties, with_profiles
from chalicelib.services.charging.results import Conflict, NotPaid, Paid, PriceChanged, Result, Unknown

_ROUNDS = 50


def make(
    intents: Sequence[ChargeIntent],
    *,
    payer: str,
    program: Program,
    now: datetime,
    actor: str,
    wallet: Wallet | None = None,
    partner: Partner | None = None,
    profiles: Mapping[str, BillingProfile] | None = None,
    out_of_time: Callable[[], bool] = never,
) -> list[Result]:
    """Make up to CHARGES_AT_ONCE new charges of one payer, in order: prepaid money first, cards for the rest.

    ``wallet``, ``partner`` and ``profiles`` are the payer's as the caller has just read them; otherwise they are read.
    Once ``out_of_time`` returns True no more cards are charged; those charges stay held and are :class:`Unknown`.
    """
    held, results, wallet = _hold(
        list(intents),
        payer=payer,
        program=program,
        now=now,
        actor=actor,
        read=wallet,
        partner=partner,
        profiles=profiles,
    )
    return results + _charge_and_settle(
        held, wallet, profiles=profiles, payer=payer, now=now, actor=actor, out_of_time=out_of_time
    )


def finish(
    intents: Sequence[ChargeIntent], *, payer: str, now: datetime, actor: str, out_of_time: Callable[[], bool] = never
) -> list[Result]:
    """Finish charges that were held and then interrupted: same key, same amounts, never priced anew."""
    return _charge_and_settle(list(intents), None, payer=payer, now=now, actor=actor, out_of_time=out_of_time)


def _hold(
    intents: list[ChargeIntent],
    *,
    payer: str,
    program: Program,
    now: datetime,
    actor: str,
    read: Wallet | None,
    partner: Partner | None,
    profiles: Mapping[str, BillingProfile] | None,
) -> tuple[list[ChargeIntent], list[Result], Wallet | None]:
    """Settle what prepaid money covers and freeze the rest, all in one transaction.

    The transaction checks that the billing profiles whose cards will be charged are not deleted. A charge on one that
    is deleted is frozen as declined. With what is held, returns the wallet as it is stored then.
    """
    held: list[ChargeIntent] = []
    results: list[Result] = []
    deleted: frozenset[str] = frozenset()
    for _ in range(_ROUNDS):
        if not intents:
            return held, results, None
        wallet, read = read or wallet_rows.get_or_new(payer, currency=program.currency), None
        outdated = [intent for intent in intents if intent.is_outdated(wallet)]
        if outdated:
            results += [PriceChanged(intent) for intent in outdated]
            intents = [intent for intent in intents if intent not in outdated]
            continue
        intents = with_parties(intents, wallet, program=program, partner=partner, profiles=profiles)
        changes = _divide(intents, wallet, deleted, program=program, now=now, actor=actor)
        paying = _paying_profiles(changes) - deleted - _written(changes)
        try:
            checks = [profile_rows.not_deleted(payer, profile_id) for profile_id in sorted(paying)]
            stored = _commit(wallet, changes, checks)
        except WriteConflict as conflict:
            deleted |= conflict.subjects & paying
            intents = _unconflicted(intents, conflict, held, results)
            continue
        held += [change.intent for change in changes if change.intent.charge.needs_card]
        results += [Paid(change.intent) for change in changes if not change.intent.charge.needs_card]
        return held, results, stored
    raise Busy(f"The wallet of {payer} kept changing.")


def _paying_profiles(changes: Sequence[Change]) -> frozenset[str]:
    """The billing profiles whose cards will be charged, each once."""
    by_card = (change.intent.charge for change in changes if change.intent.charge.needs_card)
    return frozenset(charge.billing_profile_id for charge in by_card if charge.billing_profile_id)


def _written(changes: Sequence[Change]) -> frozenset[str]:
    """The subjects of the rows that the changes write. A new account that pays for itself brings its card."""
    return frozenset(write.subject for change in changes for write in change.writes)


def _divide(
    intents: Sequence[ChargeIntent],
    wallet: Wallet,
    deleted: frozenset[str],
    *,
    program: Program,
    now: datetime,
    actor: str,
) -> list[Change]:
    """Split each charge over what the ones before it left in the wallet; hold it or settle it."""
    changes: list[Change] = []
    for intent in intents:
        charge = charges.split_payment(
            intent.charge,
            set_aside=intent.set_aside,
            general=wallet.general,
            minimum_card_charge=Money(program.minimum_card_charge, wallet.currency),
        )
        if charge.needs_card and charge.billing_profile_id in deleted:
            charge = replace(charge, declined=NO_BILLING_PROFILE)
        split = intent.split(charge)
        wallet = wallets.hold(wallet, charge.from_general or Money.zero(wallet.currency))
        change = (
            split.hold(wallet, now=now, actor=actor)
            if charge.needs_card
            else split.settle_paid(wallet, None, now=now, actor=actor)
        )
        wallet = change.wallet
        changes.append(change)
    return changes


def _unconflicted(
    intents: list[ChargeIntent], conflict: WriteConflict, held: list[ChargeIntent], results: list[Result]
) -> list[ChargeIntent]:
    """The intents without a conflict; the others are added to ``held`` or ``results``.

    The conflict may be this very charge, held by another run or by a write whose response was lost. Then
    both runs continue with it, under the same key.
    """
    unconflicted: list[ChargeIntent] = []
    for intent in intents:
        if not intent.touches & conflict.subjects:
            unconflicted.append(intent)
        elif (again := intent.read_again()) is not None:
            held.append(again)
        elif intent.is_settled():
            results.append(Paid(intent, by_other_run=True))
        else:
            results.append(Conflict(intent, conflict.subjects))
    return unconflicted


def _charge_and_settle(
    intents: list[ChargeIntent],
    wallet: Wallet | None,
    *,
    profiles: Mapping[str, BillingProfile] | None = None,
    payer: str,
    now: datetime,
    actor: str,
    out_of_time: Callable[[], bool],
) -> list[Result]:
    """Charge the cards and write what was answered. ``wallet`` and ``profiles`` are as they were just read, if so."""
    if not intents:
        return []
    found = with_profiles(profiles, payer, (intent.charge.billing_profile_id for intent in intents))
    answers = cards.ask_all(intents, found, now=now, out_of_time=out_of_time)
    unknown: list[Result] = [Unknown(intent) for intent, answer in answers if answer is None]
    answered = [(intent, answer) for intent, answer in answers if answer is not None]
    return unknown + _settle(answered, wallet, payer=payer, now=now, actor=actor)


def _settle(
    answered: list[tuple[ChargeIntent, Answer]], read: Wallet | None, *, payer: str, now: datetime, actor: str
) -> list[Result]:
    """Write the processor's answers in one transaction; an answer stands, whatever else changed meanwhile."""
    results: list[Result] = []
    for _ in range(_ROUNDS):
        if not answered:
            return results
        currency = answered[0][0].charge.total.currency
        wallet = after = read or wallet_rows.get_or_new(payer, currency=currency)
        may_be_old, read = read is not None, None
        changes: list[Change] = []
        for intent, answer in answered:
            if isinstance(answer, Charged):
                change = intent.settle_paid(after, answer, now=now, actor=actor)
            else:
                change = intent.settle_declined(after, answer, now=now, actor=actor)
            after = change.wallet
            changes.append(change)
        if may_be_old and after == wallet:
            continue  # it is not written, so that nothing would tell that it has changed: read it anew
        try:
            _commit(wallet, changes)
        except WriteConflict as conflict:
            answered = _still_frozen(answered, conflict, results)
            continue
        settled = zip(changes, answered, strict=True)
        return results + [_result(change.intent, answer) for change, (_, answer) in settled]
    raise Busy(f"The wallet of {payer} kept changing.")


def _still_frozen(
    answered: list[tuple[ChargeIntent, Answer]], conflict: WriteConflict, results: list[Result]
) -> list[tuple[ChargeIntent, Answer]]:
    """The intents whose answer is not written yet; ``results`` gets those that another run has settled."""
    waiting: list[tuple[ChargeIntent, Answer]] = []
    for intent, answer in answered:
        if not intent.touches & conflict.subjects:
            waiting.append((intent, answer))
        elif (again := intent.read_again()) is not None:
            waiting.append((again, answer))
        elif isinstance(answer, Charged):
            results.append(Paid(intent, by_other_run=True))
        else:
            results.append(NotPaid(intent, answer.decline_code, by_other_run=True))
    return waiting


def _result(intent: ChargeIntent, answer: Answer) -> Result:
    return Paid(intent) if isinstance(answer, Charged) else NotPaid(intent, answer.decline_code)


def _commit(wallet: Wallet, changes: Sequence[Change], checks: Sequence[Check] = ()) -> Wallet:
    """Write all changes, and the wallet as the last of them leaves it or if it is new, if the ``checks`` hold.

    Returns the wallet as it is stored then.
    """
    writes = _each_checked_once([*checks, *(write for change in changes for write in change.writes)])
    writes = invoice_rows.list_together(writes, wallet=wallet)
    after = changes[-1].wallet
    if after == wallet and wallet.version:
        commit(writes)
        return wallet
    put = wallet_rows.put(after)
    commit([*writes, put])
    return wallet_rows.stored(put)


def _each_checked_once(writes: Sequence[Write]) -> list[Write]:
    """The writes without repeated checks: a transaction takes one for each row, and charges share a card."""
    checks = {write.subject: write for write in writes if isinstance(write, Check)}
    return [*checks.values(), *(write for write in writes if not isinstance(write, Check))]
