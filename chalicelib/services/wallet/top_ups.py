"""Automatic top-up: below X, buy Y with the card of profile Z (docs/rules.md §7)."""

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.catalog.explanations import Explanation, Rule
from chalicelib.domain.catalog.quotes import Line
from chalicelib.domain.charging.charges import Charge, ChargeKind
from chalicelib.domain.ids import derived_id
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import Invalid
from chalicelib.domain.wallet.prepaid import topped_up_by
from chalicelib.domain.wallet.wallets import MOST_TOP_UPS_AT_ONCE, TopUp, Wallet
from chalicelib.models import transactions
from chalicelib.models.charging.pending_charges import PrepaidPurchase
from chalicelib.models.transactions import Write, WriteConflict, commit
from chalicelib.models.wallet import settings_events
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.charging import charges
from chalicelib.services.charging.purchase_intents import PurchaseIntent
from chalicelib.services.charging.results import NotPaid, Paid
from chalicelib.services.partners import billing_profiles, partners
from chalicelib.services.wallet.prepaid import WALLET_BUSY, NotForSale

_ATTEMPTS = 10
_PAUSE = timedelta(hours=20)
"""After a decline only the next daily balance check tries again, no sweep before it."""


def get_top_up(*, partner_id: str) -> TopUp | None:
    """The partner's automatic top-up, if it is on."""
    return wallet_rows.get(partner_id).top_up


def set_up_top_up(
    *, partner_id: str, below: int, amount: int, billing_profile_id: str, now: datetime, actor: str
) -> TopUp:
    """Turn automatic top-up on, or change it; it first buys after the next renewal or balance check.

    Raises :class:`Invalid` for an amount below the program's minimum purchase, or a limit so far
    above the amount that one charge would buy it more than a hundred times.
    """
    program = partners.program_of(partner_id=partner_id)
    if not program.credits_can_be_bought:
        raise NotForSale(f"Partners of the program {program.name} are granted credits by the operator.")
    if amount < program.prepaid_minimum:
        raise Invalid(errors=[("amount", f"must be at least {program.prepaid_minimum} (minor units)")])
    if below > (most := MOST_TOP_UPS_AT_ONCE * amount):
        raise Invalid(errors=[("below", f"must be at most {MOST_TOP_UPS_AT_ONCE} times the amount, {most}")])
    billing_profiles.get_profile(partner_id=partner_id, profile_id=billing_profile_id)

    def attempt() -> TopUp:
        wallet = wallet_rows.get(partner_id)
        top_up = TopUp(
            below=Money(below, wallet.currency),
            amount=Money(amount, wallet.currency),
            billing_profile_id=billing_profile_id,
            number=wallet.top_up.number if wallet.top_up else wallet.version + 1,  # beyond all used so far
        )
        commit(_put_with_event(replace(wallet, top_up=top_up), "top_up.arranged", now=now, actor=actor))
        return top_up

    return transactions.retry(attempt, busy=WALLET_BUSY)


def turn_off_top_up(*, partner_id: str, now: datetime, actor: str) -> None:
    """Turn automatic top-up off. Does nothing if it is off."""

    def attempt() -> None:
        wallet = wallet_rows.get(partner_id)
        if wallet.top_up is not None:
            commit(_put_with_event(replace(wallet, top_up=None), "top_up.turned_off", now=now, actor=actor))

    transactions.retry(attempt, busy=WALLET_BUSY)


def top_up_if_low(*, payer: str, now: datetime, actor: str) -> str | None:
    """Buy what is missing if the wallet is below its limit; the outcome, or None if nothing had to be bought.

    One charge covers the gap, in whole amounts of the top-up. The purchase is named by the top-up's
    number, which moves on only with the outcome: two runs at once make one purchase.
    """
    wallet = wallet_rows.find(payer)
    top_up = wallet.top_up if wallet else None
    if wallet is None or top_up is None:
        return None
    price = topped_up_by(top_up, general=wallet.general, now=now)
    if price is None:
        return None
    purchase_id = derived_id("txn", payer, "top_up", str(top_up.number))
    why = Explanation(Rule.AMOUNT, times=price.amount // top_up.amount.amount)
    charge = Charge(
        id=purchase_id,
        kind=ChargeKind.PREPAID_PURCHASE,
        lines=(Line("prepaid", "Automatic top-up", price, explanation=why),),
        total=price,
        started_at=now,
        billing_profile_id=top_up.billing_profile_id,
        scheduled=True,
    )
    program = partners.program_of(partner_id=payer)
    pending = PrepaidPurchase(id=purchase_id, payer=payer, charge=charge, account_id=None)
    intent = PurchaseIntent.of(pending, program)
    (result,) = charges.make([intent], payer=payer, program=program, now=now, actor=actor)
    if isinstance(result, Paid | NotPaid):
        if isinstance(result, Paid):
            from chalicelib.services.billing import payment_retries  # loads half of billing, for a top-up

            payment_retries.retry_if_covered(partner_id=payer, now=now, actor=actor)
        _number_next_top_up(payer, top_up, declined=isinstance(result, NotPaid), now=now, actor=actor)
    return f"top_up_{type(result).__name__.lower()}"


def _put_with_event(wallet: Wallet, event: str, *, now: datetime, actor: str) -> list[Write]:
    """The write of the wallet, and of the event about its top-up."""
    top_up = wallet.top_up
    payload = {}
    if top_up is not None:
        payload = {
            "below": top_up.below.amount,
            "amount": top_up.amount.amount,
            "currency": wallet.currency,
            "billing_profile_id": top_up.billing_profile_id,
        }
    published = settings_events.put(
        wallet.payer, event=event, payload=payload, wallet_version=wallet.version, now=now, actor=actor
    )
    return [wallet_rows.put(wallet), published]


def _number_next_top_up(payer: str, done: TopUp, *, declined: bool, now: datetime, actor: str) -> None:
    """Go on to the next top-up's number, unless another run has. A decline is published, and retried after a pause."""
    for _ in range(_ATTEMPTS):
        wallet = wallet_rows.get(payer)
        if wallet.top_up is None or wallet.top_up.number != done.number:
            return
        waits_until = now + _PAUSE if declined else None
        after = replace(wallet, top_up=replace(wallet.top_up, number=done.number + 1, waits_until=waits_until))
        try:
            if declined:
                commit(_put_with_event(after, "top_up.declined", now=now, actor=actor))
            else:
                commit([wallet_rows.put(after)])
            return
        except WriteConflict:
            continue
