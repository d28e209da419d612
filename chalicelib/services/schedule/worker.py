"""What a message of the due queue asks for, subject by subject."""

from collections.abc import Callable, Sequence
from datetime import datetime

from aws_lambda_powertools import Logger

from chalicelib.domain.wallet.wallets import Mismatch
from chalicelib.gateways import due_queue
from chalicelib.gateways.due_queue import Due
from chalicelib.models import alarms
from chalicelib.services.billing import single_bills
from chalicelib.services.charging.charges import never
from chalicelib.services.schedule import account_steps, transient_errors
from chalicelib.services.schedule.account_steps import Taken
from chalicelib.services.wallet import balance_alerts, top_ups

_logger = Logger(service="sublet", child=True)


def parse_message(body: str) -> Due:
    """What a message tells: subjects of one payer that fell due."""
    return Due.parse(body)


def give_back(receipts: Sequence[str]) -> None:
    """Let messages that were not worked through be delivered again at once, not when they would be anyway."""
    due_queue.give_back(receipts)


def work(due: Due, *, now: datetime, out_of_time: Callable[[], bool] = never) -> Taken:
    """Take every due step of the message's subjects: accounts together, purchases and partners one by one.

    A subject that breaks the worker is set apart, so that its payer's other ones go on. Once ``out_of_time`` says so,
    nothing more is begun and what was taken is not ``finished``.
    """
    actor = f"schedule:{due.sweep}"
    account_ids = [subject for subject in due.subjects if subject.startswith("acct_")]
    taken = Taken(finished=not out_of_time())
    if account_ids and taken.finished:
        taken.include(_work_accounts(account_ids, due=due, now=now, actor=actor, out_of_time=out_of_time))
        taken.finished = taken.finished and not out_of_time()
        if taken.finished:
            _top_up(due.payer, taken, now=now, actor=actor)
    for subject in due.subjects:
        if subject.startswith("acct_"):
            continue
        taken.finished = taken.finished and not out_of_time()
        if not taken.finished:
            return taken
        try:
            taken.add(_work_other_again_if_moved(due.payer, subject, now=now, actor=actor))
        except Exception as error:
            _park_unless_transient(subject, error)
            taken.add("stuck")
        if subject.startswith("prt_"):
            taken.finished = not out_of_time()
            if taken.finished:
                _top_up(subject, taken, now=now, actor=actor)
    return taken


def _work_other_again_if_moved(payer: str, subject: str, *, now: datetime, actor: str) -> str:
    """Take the step, and once more from what is stored now if the wallet changed while its rows were read."""
    try:
        return _work_other(payer, subject, now=now, actor=actor)
    except Mismatch:
        return _work_other(payer, subject, now=now, actor=actor)


def _work_other(payer: str, subject: str, *, now: datetime, actor: str) -> str:
    """Take the step of what is no account; what was done."""
    if subject.startswith("txn_"):
        account_steps.finish_pending_charge(payer=payer, pending_id=subject, now=now, actor=actor)
        single_bills.retry_if_covered(partner_id=payer, now=now, actor=actor)
        return "finish_purchase"
    if subject.startswith("bill_"):
        return single_bills.work(bill_id=subject, now=now, actor=actor)
    return balance_alerts.run_daily_check(partner_id=subject, now=now, actor=actor) or "watched"


def _top_up(payer: str, taken: Taken, *, now: datetime, actor: str) -> None:
    """Top the payer's wallet up. One that breaks costs nobody a renewal; the next message tries again."""
    try:
        done = top_ups.run(payer=payer, now=now, actor=actor)
    except Exception as error:
        if transient_errors.is_transient(error):
            raise
        _logger.exception("automatic top-up is stuck", extra={"payer": payer})
        done = "stuck"
    if done is not None:
        taken.add(done)


def _work_accounts(
    account_ids: list[str], *, due: Due, now: datetime, actor: str, out_of_time: Callable[[], bool]
) -> Taken:
    def take(ids: list[str]) -> Taken:
        return account_steps.take_due_steps(
            payer=due.payer, account_ids=ids, now=now, actor=actor, out_of_time=out_of_time
        )

    try:
        return take(account_ids)
    except Mismatch:
        _logger.info("the wallet changed while the accounts were read, they are read again one by one")
    except Exception as error:
        if transient_errors.is_transient(error):
            raise  # the message comes again
        _logger.exception("a message failed as a whole, its accounts go on one by one")
    taken = Taken()
    for account_id in account_ids:
        if out_of_time():
            taken.finished = False
            return taken
        try:
            taken.include(take([account_id]))
        except Exception as error:
            _park_unless_transient(account_id, error)
            taken.add("stuck")
    return taken


def _park_unless_transient(subject: str, error: Exception) -> None:
    """Set a subject apart that broke the worker; what passes is raised again, and the message comes again."""
    if transient_errors.is_transient(error):
        raise error
    _logger.exception("subject is stuck", extra={"subject": subject})
    alarms.park(subject, because=type(error).__name__)
