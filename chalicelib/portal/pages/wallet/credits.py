"""Prepaid money: how long it lasts, buying it, its journal, what is set aside for accounts, and automatic top-up."""

from datetime import timedelta

from chalicelib.api import cursors
from chalicelib.api.base import ListQuery
from chalicelib.api.bodies.wallet.prepaid import ArrangeTopUp, BuyPrepaid, ListEntries, SetAsidePrepaid
from chalicelib.domain.calendar import local_date
from chalicelib.domain.currencies import decimals
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import Invalid
from chalicelib.portal import forms
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.pages.billing import cards_on_file
from chalicelib.portal.pages.wallet import charts
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import named
from chalicelib.services.partners import partners
from chalicelib.services.wallet import forecasts, prepaid, set_asides, top_ups
from chalicelib.services.wallet.forecasts import Forecast

pages = Pages()

HORIZONS = (30, 60, 90)
"""How many days ahead the runway looks: the choice, of which the middle one is made until somebody chooses."""
_SHORTEST = HORIZONS[0]
_FOUND = 20


@pages.get("credits", scope="read")
def show_credits(visit: Visit) -> View | Redirect:
    """The runway: prepaid money against the charges ahead, and what to buy so that no card is asked."""
    standing = partners.standing(partner_id=visit.partner_id, now=visit.now)
    if not standing.program.has_prices and not standing.wallet.balance:
        return Redirect("credits/sms")
    asked = visit.asked("days")
    horizon = int(asked) if asked in map(str, HORIZONS) else HORIZONS[1]
    forecast, horizon = _forecast(visit, horizon)
    cards = cards_on_file.cards_of(visit)
    values = {
        "here": "prepaid",
        "program": standing.program,
        "wallet": standing.wallet,
        "forecast": forecast,
        "days": forecast.days,
        "horizon": horizon,
        "horizons": HORIZONS,
        "charts": [(shape, _chart(visit, forecast, frame)) for shape, frame in _SHAPES],
        "cards": cards,
        "top_up": standing.wallet.top_up,
        "card_of": {card.id: cards_on_file.card_name(card) for card in cards},
    }
    return View("wallet/credits.html", values)


_SHAPES = (("wide", charts.WIDE), ("phone", charts.PHONE))


def _forecast(visit: Visit, horizon: int) -> tuple[Forecast, int]:
    """The forecast so many days ahead, or as few as one for very many accounts may."""
    today = local_date(visit.now, visit.zone)
    for days in (horizon, _SHORTEST):
        until = today + timedelta(days=days)
        try:
            return forecasts.get_forecast(partner_id=visit.partner_id, until=until, now=visit.now), days
        except Invalid:
            if days == _SHORTEST:
                raise
    raise AssertionError(horizon)


def _chart(visit: Visit, forecast: Forecast, frame: charts.Frame) -> charts.Chart:
    first = forecast.runs_out
    return charts.runway(
        forecast.days,
        balance=forecast.balance.amount,
        begins=local_date(visit.now, forecast.time_zone),
        ends=forecast.until,
        runs_out=local_date(first.at, forecast.time_zone) if first else None,
        unit=10 ** decimals(forecast.balance.currency),
        frame=frame,
    )


@pages.get("credits/buy", scope="read")
def show_purchase(visit: Visit) -> View:
    """The form for a purchase; once amount and card are chosen, what it costs and which card pays, to be confirmed."""
    program = load_program(visit.partner_seen.program)
    cards = cards_on_file.cards_of(visit)
    entered = {name: visit.entered(name) or visit.asked(name) for name in ("amount", "billing_profile_id", "account")}
    amount = forms.minor_units(entered["amount"], currency=program.currency, language=visit.language)
    card = next((card for card in cards if card.id == entered["billing_profile_id"]), None)
    confirmed = isinstance(amount, int) and card is not None and not visit.asked("change") and not visit.faults
    values = {
        "here": "prepaid",
        "program": program,
        "cards": cards,
        "card_options": cards_on_file.options_of(cards),
        "card": card,
        "card_name": cards_on_file.card_name(card) if card else "",
        "entered": entered,
        "amount": Money(amount, program.currency) if confirmed and isinstance(amount, int) else None,
        "minimum": program.money(program.prepaid_minimum),
    }
    return View("wallet/credits_buy.html", values)


@pages.post("credits/buy", scope="billing", again=show_purchase)
def buy(visit: Visit) -> Redirect:
    """Buys prepaid money with a card; with an account's name, it is set aside for that account."""
    body = visit.form(
        BuyPrepaid, amounts=["amount"], account_id=lambda: _account(visit) if visit.entered("account") else None
    )
    prepaid.buy_prepaid(
        purchase_id=visit.derived_id("txn"),
        partner_id=visit.partner_id,
        billing_profile_id=body.billing_profile_id,
        amount=body.amount,
        account_id=body.account_id,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect("credits", done="bought")


@pages.get("credits/journal", scope="read")
def show_journal(visit: Visit) -> View:
    """Every movement of prepaid money, newest first, with the balance after it."""
    query = visit.asked_as(ListEntries)
    start = cursors.start_of(visit, query)
    entries, last = prepaid.list_journal(partner_id=visit.partner_id, limit=query.limit, start=start)
    values = {
        "here": "journal",
        "program": load_program(visit.partner_seen.program),
        "entries": entries,
        "counted": False,
        "names": named.names_of(
            partner_id=visit.partner_id, account_ids=(entry.account_id for entry in entries if entry.account_id)
        ),
        **visit.pager(query, last),
    }
    return View("wallet/credits_journal.html", values)


@pages.get("credits/set-asides", scope="read")
def show_set_asides(visit: Visit, **_: str) -> View:
    """What is set aside for which account, with a form to set more aside."""
    query = visit.asked_as(ListQuery)
    wallet, found = prepaid.get_balances(partner_id=visit.partner_id)
    after = (cursors.start_of(visit, query) or {}).get("after", "")
    rest = sorted(each for each in found if each[0] > after)
    shown = rest[: query.limit]
    last = {"after": shown[-1][0]} if len(rest) > len(shown) else None
    values = {
        "here": "set_asides",
        "program": load_program(visit.partner_seen.program),
        "wallet": wallet,
        "set_asides": shown,
        "names": named.names_of(partner_id=visit.partner_id, account_ids=(account_id for account_id, _ in shown)),
        "next_cursor": cursors.next_of(visit, query, last),
        "later": bool(after),
    }
    return View("wallet/credits_set_asides.html", values)


@pages.post("credits/set-asides", scope="billing", again=show_set_asides)
def set_aside(visit: Visit) -> Redirect:
    """Reserves general prepaid money for one account."""
    body = visit.form(SetAsidePrepaid, amounts=["amount"], account_id=lambda: _account(visit))
    set_asides.set_money_aside(
        entry_id=visit.derived_id("txn"),
        partner_id=visit.partner_id,
        account_id=body.account_id,
        amount=body.amount,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect("credits/set-asides", done="set_aside")


@pages.post("credits/set-asides/{account_id}/take-back", scope="billing", again=show_set_asides)
def take_back(visit: Visit, account_id: str) -> Redirect:
    """Makes what is set aside for an account general again."""
    set_asides.take_money_back(
        entry_id=visit.derived_id("txn"),
        partner_id=visit.partner_id,
        account_id=account_id,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect("credits/set-asides", done="taken_back")


@pages.get("credits/top-up", scope="read")
def show_top_up(visit: Visit) -> View:
    """Whether prepaid money is topped up automatically, and how."""
    program = load_program(visit.partner_seen.program)
    cards = cards_on_file.cards_of(visit)
    values = {
        "here": "top_up",
        "program": program,
        "top_up": top_ups.get_top_up(partner_id=visit.partner_id),
        "cards": cards,
        "card_options": cards_on_file.options_of(cards),
        "card_of": {card.id: cards_on_file.card_name(card) for card in cards},
        "minimum": program.money(program.prepaid_minimum),
    }
    return View("wallet/credits_top_up.html", values)


@pages.post("credits/top-up", scope="billing", again=show_top_up)
def set_up_top_up(visit: Visit) -> Redirect:
    """Turns automatic top-up on, or changes it."""
    body = visit.form(ArrangeTopUp, amounts=["below", "amount"], enabled=True)
    if body.billing_profile_id is None:
        raise Invalid(errors=[("billing_profile_id", "is needed to turn automatic top-up on")])
    top_ups.set_up_top_up(
        partner_id=visit.partner_id,
        below=body.below,
        amount=body.amount,
        billing_profile_id=body.billing_profile_id,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect("credits/top-up", done="top_up_on")


@pages.post("credits/top-up/off", scope="billing")
def turn_off_top_up(visit: Visit) -> Redirect:
    """Turns automatic top-up off."""
    top_ups.turn_off_top_up(partner_id=visit.partner_id, now=visit.now, actor=visit.actor)
    return Redirect("credits/top-up", done="top_up_off")


@pages.get("credits/account-names", scope="read")
def find_accounts(visit: Visit) -> View:
    """Names of accounts that contain what was typed, for a field that takes one."""
    found = named.find_known(
        partner_id=visit.partner_id, text=visit.asked("account")[:200], limit=_FOUND, now=visit.now
    )
    mine = [account for account in found if account.partner_id == visit.partner_id]
    return View("accounts/names.html", {"accounts": mine})


def _account(visit: Visit) -> str:
    """The account that a form names. Raises :class:`Invalid`."""
    return named.id_of(partner_id=visit.partner_id, name=visit.entered("account"), field="account")
