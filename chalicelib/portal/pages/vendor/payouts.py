"""Runs of payouts: started by hand, confirmed, and what became of each payout."""

from chalicelib.api import cursors
from chalicelib.api.bodies.earnings.payouts import ListAllPayouts, ListPayoutRuns, StartPayoutRun
from chalicelib.documents.statements.words import words_in
from chalicelib.domain.earnings.payout_runs import PayoutRun, Tally
from chalicelib.domain.earnings.payouts import Payout, PayoutStatus
from chalicelib.domain.money import Money
from chalicelib.portal import confirmation
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.money_forms import AmountPaid, ConfirmRun
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.programs import program_names
from chalicelib.services.accounts import named
from chalicelib.services.earnings import payout_runs, payouts
from chalicelib.services.partners import partners

pages = Pages()

_BY_HAND = {PayoutStatus.HELD, PayoutStatus.WAITING_FOR_OPERATOR, PayoutStatus.FAILED, PayoutStatus.RETURNED}
"""Statuses of payouts that may be paid by other means."""


@pages.get("vendor/payout-runs", scope="operator")
def show_runs(visit: Visit) -> View:
    """The runs of all programs, newest first, and a form to start one."""
    query = visit.asked_as(ListPayoutRuns)
    found, last = payout_runs.list_runs(limit=query.limit, start=cursors.start_of(visit, query))
    values = {
        "runs": [(run, _tallies(run)) for run in found],
        "programs": [
            (name, name.capitalize()) for name in program_names() if load_program(name).commission is not None
        ],
        **visit.pager(query, last),
    }
    return View("vendor/payout_runs.html", values)


def _say_start(visit: Visit) -> View:
    body, say = visit.form(StartPayoutRun), visit.texts.plain
    return confirmation.ask(
        visit,
        title=say("vendor.payouts.start"),
        facts=[(say("vendor.payouts.program"), body.program.capitalize())],
        note=say("vendor.payouts.start_how"),
        button=say("vendor.payouts.start"),
    )


@pages.post("vendor/payout-runs", scope="operator", again=show_runs, before=_say_start)
def start_run(visit: Visit) -> Redirect:
    """Starts today's run of a program, or goes on with it."""
    body = visit.form(StartPayoutRun)
    run = payout_runs.start(program=body.program, now=visit.now, actor=visit.actor)
    return Redirect(f"vendor/payout-runs/{run.id}", done="started")


@pages.get("vendor/payout-runs/{run_id}", scope="operator")
def show_run(visit: Visit, run_id: str) -> View:
    """A run: its tallies, and its payouts page by page."""
    run = payout_runs.get_run(run_id=run_id)
    query = visit.asked_as(ListAllPayouts)
    found, last = payouts.list_payouts(
        partner_id=None,
        run_id=run_id,
        status=query.status,
        limit=query.limit,
        start=cursors.start_of(visit, query),
    )
    values = {
        "run": run,
        "tallies": _tallies(run),
        "payouts": found,
        "names": named.names_of_any(each.partner_id for each in found),
        "reason": words_in(visit.language).written,
        "status": query.status or "",
        **visit.pager(query, last),
    }
    return View("vendor/payout_run.html", values)


def _say_confirmation(visit: Visit, run_id: str) -> View:
    run = payout_runs.get_run(run_id=run_id)
    say, formats = visit.texts.plain, visit.formats
    return confirmation.ask(
        visit,
        title=say("vendor.payouts.one", program=run.program.capitalize(), day=formats.day(run.run_on, year=True)),
        facts=[
            (say(f"vendor.payouts.statuses.{status}"), f"{formats.number(count)}, {formats.money(amount)}")
            for status, count, amount in _tallies(run)
        ],
        note=say("vendor.payouts.confirm_how"),
        button=say("vendor.payouts.confirm"),
        ends=True,
        also={"payouts": run.to_send.payouts, "amount": run.to_send.amount},
    )


@pages.post("vendor/payout-runs/{run_id}/confirm", scope="operator", again=show_run, before=_say_confirmation)
def confirm_run(visit: Visit, run_id: str) -> Redirect:
    """Lets the payouts of a run be sent, if they are still those that were shown."""
    shown = visit.form(ConfirmRun)
    expected = Tally(shown.payouts, shown.amount)
    payout_runs.confirm(run_id=run_id, expected=expected, now=visit.now, actor=visit.actor)
    return Redirect(f"vendor/payout-runs/{run_id}", done="confirmed")


@pages.get("vendor/payouts/{payout_id}", scope="operator")
def show_payout(visit: Visit, payout_id: str) -> View:
    """One payout, with the forms for what an operator can decide about it."""
    payout = payouts.get_any(payout_id=payout_id)
    values = {
        "payout": payout,
        "names": named.names_of_any([payout.partner_id]),
        "by_hand": _BY_HAND,
        "reason": words_in(visit.language).written,
    }
    return View("vendor/payout.html", values)


def _say_paid(visit: Visit, payout_id: str) -> View:
    payout = payouts.get_any(payout_id=payout_id)
    body = visit.form(AmountPaid, amounts=["amount"], currency=payout.amount.currency)
    say = visit.texts.plain
    paid = Money(body.amount, payout.amount.currency)
    return confirmation.ask(
        visit,
        title=say("vendor.payouts.mark_paid"),
        facts=[*_about(visit, payout, paid), (say("vendor.payouts.reference"), body.reference)],
        note=say("vendor.payouts.mark_paid_how"),
        button=say("vendor.payouts.mark_paid"),
        ends=True,
    )


def _say_given_up(visit: Visit, payout_id: str) -> View:
    payout, say = payouts.get_any(payout_id=payout_id), visit.texts.plain
    return confirmation.ask(
        visit,
        title=say("vendor.payouts.give_up"),
        facts=_about(visit, payout, payout.amount),
        note=say("vendor.payouts.give_up_how"),
        button=say("vendor.payouts.give_up"),
        ends=True,
    )


def _about(visit: Visit, payout: Payout, amount: Money) -> list[confirmation.Fact]:
    partner = partners.get_partner(partner_id=payout.partner_id)
    return [
        (visit.texts.plain("vendor.payouts.partner"), partner.name),
        (visit.texts.plain("vendor.payouts.amount"), visit.formats.money(amount)),
    ]


@pages.post("vendor/payouts/{payout_id}/paid", scope="operator", again=show_payout, before=_say_paid)
def mark_paid(visit: Visit, payout_id: str) -> Redirect:
    """Notes that a payout was paid by other means."""
    currency = payouts.get_any(payout_id=payout_id).amount.currency
    body = visit.form(AmountPaid, amounts=["amount"], currency=currency)
    payouts.mark_paid(
        payout_id=payout_id, reference=body.reference, amount=body.amount, now=visit.now, actor=visit.actor
    )
    return Redirect(f"vendor/payouts/{payout_id}", done="paid")


@pages.post("vendor/payouts/{payout_id}/give-up", scope="operator", again=show_payout, before=_say_given_up)
def give_up(visit: Visit, payout_id: str) -> Redirect:
    """Decides that a payout was not paid."""
    payouts.give_up(payout_id=payout_id, now=visit.now, actor=visit.actor)
    return Redirect(f"vendor/payouts/{payout_id}", done="given_up")


def _tallies(run: PayoutRun) -> list[tuple[PayoutStatus, int, Money]]:
    """How many payouts there are of each status, and what they come to."""
    return [
        (status, tally.payouts, Money(tally.amount, run.currency))
        for status in PayoutStatus
        if (tally := run.tallies.get(status)) is not None
    ]
