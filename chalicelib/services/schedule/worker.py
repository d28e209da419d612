"""The worker: takes the due steps that a message of the due queue names.

Most messages name accounts. What other steps need is imported where one is taken: loading it all would make every start
of the worker half as long again (docs/decisions/cold-start.md).
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from aws_lambda_powertools import Logger

from chalicelib.domain.billing import contracts
from chalicelib.domain.ids import new_id
from chalicelib.domain.wallet.wallets import Mismatch
from chalicelib.gateways import due_queue
from chalicelib.gateways.due_queue import Due
from chalicelib.models import alarms
from chalicelib.services.charging.cards import never
from chalicelib.services.schedule import account_steps, transient_errors
from chalicelib.services.schedule.runs import Run, StepsTaken

_logger = Logger(service="sublet", child=True)

_EARNINGS = "earnings:"
"""Begins the subject of earnings that are to be posted."""
_RUN_OF_PAYOUTS, _PARTNER_TO_PAY = "prun_", "payouts:"
_OF_PAYOUTS = ("pay_", _PARTNER_TO_PAY, _RUN_OF_PAYOUTS, due_queue.PAYOUT_REPORT)
"""Begin the subjects of a payout, of a partner's next one, of a run of them, and of news of one."""
_PAYOUTS = "payouts"


def parse_message(body: str) -> Due:
    """What a message names: subjects of one payer that fell due."""
    return Due.parse(body)


def give_back(receipts: Sequence[str]) -> None:
    """Let messages that were not finished be delivered again at once, not after their time-out."""
    due_queue.give_back(receipts)


def take_due_steps(due: Due, *, now: datetime, out_of_time: Callable[[], bool] = never) -> StepsTaken:
    """Take every due step of the message's subjects: accounts together, earnings together, then the others one by one.

    A subject that breaks the worker is parked, so that its payer's others go on. Once ``out_of_time`` says so, nothing
    more is begun and the result is not ``finished``.
    """
    run = Run(payer=due.payer, now=now, actor=f"schedule:{due.sweep}", out_of_time=out_of_time)
    account_ids = [subject for subject in due.subjects if subject.startswith("acct_")]
    taken = StepsTaken()
    if account_ids and _has_time(taken, run):
        taken.include(_take_account_steps(account_ids, run))
        _top_up_wallet(taken, run)
    postings = [subject for subject in due.subjects if subject.startswith(_EARNINGS)]
    if postings and _has_time(taken, run):
        taken.include(_post_earnings(postings, run))
    for subject in due.subjects:
        if subject.startswith("acct_") or subject in postings:
            continue
        if not _has_time(taken, run):
            return taken
        try:
            if subject.startswith(_OF_PAYOUTS):
                taken.include(_take_payout_steps(subject, run))
            else:
                taken.add(_take_other_step_despite_mismatch(subject, run))
        except Exception as error:
            _park_unless_transient(subject, error)
            taken.add("stuck")
        if subject.startswith("prt_"):
            _top_up_wallet(taken, run)
    return taken


def _has_time(taken: StepsTaken, run: Run) -> bool:
    """Whether something more may be begun; if not, what was taken is not finished."""
    taken.finished = taken.finished and not run.out_of_time()
    return taken.finished


def _take_account_steps(account_ids: list[str], run: Run) -> StepsTaken:
    """Take the accounts' steps together; if that fails, one by one, so that the one at fault is parked alone."""
    try:
        return account_steps.take_due_steps(account_ids, run=run)
    except Mismatch:
        _logger.info("the wallet changed while the accounts were read, they are read again one by one")
    except Exception as error:
        if transient_errors.is_transient(error):
            raise  # the message comes again
        _logger.exception("a message failed as a whole, its accounts go on one by one")
    taken = StepsTaken()
    for account_id in account_ids:
        if not _has_time(taken, run):
            return taken
        try:
            taken.include(account_steps.take_due_steps([account_id], run=run))
        except Exception as error:
            _park_unless_transient(account_id, error)
            taken.add("stuck")
    return taken


def _post_earnings(alarm_ids: list[str], run: Run) -> StepsTaken:
    """Post what the payer earns; if that fails, alarm by alarm, so that the one at fault is parked alone."""
    try:
        return _posted(alarm_ids, run)
    except Exception as error:
        if transient_errors.is_transient(error):
            raise
        _logger.exception("earnings failed to be posted together, they go on one by one")
    taken = StepsTaken()
    for alarm_id in alarm_ids:
        if not _has_time(taken, run):
            return taken
        try:
            taken.include(_posted([alarm_id], run))
        except Exception as error:
            _park_unless_transient(alarm_id, error)
            taken.add("stuck")
    return taken


def _posted(alarm_ids: list[str], run: Run) -> StepsTaken:
    from chalicelib.services.earnings import postings

    posted, finished = postings.post_due(
        alarm_ids, partner_id=run.payer, now=run.now, actor=run.actor, out_of_time=run.out_of_time
    )
    return StepsTaken({"earnings_posted": posted}, finished=finished)


def _take_payout_steps(subject: str, run: Run) -> StepsTaken:
    """Begin the partner's payout, go on with one, or look after a run of them."""
    from chalicelib.services.earnings import payout_runs

    if subject.startswith(_RUN_OF_PAYOUTS):
        done, finished = payout_runs.take_due_step(
            run_id=subject, now=run.now, actor=run.actor, out_of_time=run.out_of_time
        )
        return StepsTaken({done: 1}, finished=finished)
    if subject.startswith(_PARTNER_TO_PAY):
        begun = payout_runs.begin_payout(partner_id=run.payer, now=run.now, actor=run.actor)
        if begun is None:
            return StepsTaken({"no_payout": 1})
        subject = begun.id
    payout_id = subject.removeprefix(due_queue.PAYOUT_REPORT)
    try:
        return _go_on_with_payout(payout_id, run, is_reported=subject != payout_id)
    except Exception as error:
        # Not the subject of the message: the alarm of the partner has moved on to the next payout.
        _park_unless_transient(payout_id, error)
        return StepsTaken({"stuck": 1})


def _go_on_with_payout(payout_id: str, run: Run, *, is_reported: bool) -> StepsTaken:
    from chalicelib.services.earnings import payout_steps

    take = payout_steps.look_again if is_reported else payout_steps.take_due_steps
    done, finished = take(
        partner_id=run.payer, payout_id=payout_id, now=run.now, actor=run.actor, out_of_time=run.out_of_time
    )
    if not finished:
        # By a message of its own: this one would count as failed after a few times.
        due_queue.send([Due(run.payer, (payout_id,), _PAYOUTS, new_id("run", at=run.now))], first=0)
    return StepsTaken({done: 1})


def _take_other_step_despite_mismatch(subject: str, run: Run) -> str:
    """Take the step, and once more from what is stored now if the wallet changed while its rows were read."""
    try:
        return _take_other_step(subject, run)
    except Mismatch:
        return _take_other_step(subject, run)


def _take_other_step(subject: str, run: Run) -> str:
    """Take the step of a purchase, a refund, a dispute, a request, a bill, a contract or a balance check; what was
    done.
    """
    from chalicelib.services.billing import bill_steps, contract_steps, disputes, payment_retries
    from chalicelib.services.wallet import balance_alerts

    if subject.startswith("txn_"):
        _finish_pending_charge(subject, run)
        payment_retries.retry_if_covered(partner_id=run.payer, now=run.now, actor=run.actor)
        return "finish_purchase"
    if subject.startswith(due_queue.DISPUTE):
        reference = subject.removeprefix(due_queue.DISPUTE)
        return disputes.look_up(reference=reference, now=run.now, actor=run.actor)
    if subject.startswith("disp_"):
        return disputes.look_again(dispute_id=subject, now=run.now, actor=run.actor)
    if subject.startswith("bill_"):
        return bill_steps.take_due_step(bill_id=subject, now=run.now, actor=run.actor)
    if subject.startswith(contracts.PREFIX):
        return contract_steps.take_due_step(contract_id=subject, now=run.now, actor=run.actor)
    if subject.startswith(("mreq_", "xfer_")):
        return _take_step_of_request(subject, run)
    return balance_alerts.run_daily_check(partner_id=subject, now=run.now, actor=run.actor) or "watched"


def _take_step_of_request(subject: str, run: Run) -> str:
    from chalicelib.services.transfers import management_requests, steps

    if subject.startswith("mreq_"):
        return management_requests.lapse(request_id=subject, now=run.now, actor=run.actor)
    return steps.take_due_step(transfer_id=subject, now=run.now, actor=run.actor)


def _finish_pending_charge(pending_id: str, run: Run) -> None:
    """Finish a purchase or refund that was cut off between its hold and its settling.

    One that is settled already may be a refund that failed since: then it is undone.
    """
    from chalicelib.models.charging import pending_charges
    from chalicelib.services.billing import failed_refunds
    from chalicelib.services.charging import charges
    from chalicelib.services.wallet.pending_intents import intent_of

    pending = pending_charges.get(pending_id)
    if pending is None:
        failed_refunds.undo_if_failed(payer=run.payer, refund_id=pending_id, now=run.now, actor=run.actor)
    else:
        charges.finish([intent_of(pending)], payer=pending.payer, now=run.now, actor=run.actor)


def _top_up_wallet(taken: StepsTaken, run: Run) -> None:
    """Top the payer's wallet up. A failure holds up no renewal; the next message tries again."""
    if not run.partner_pays or not taken.tops_up or not _has_time(taken, run):
        return  # an account that pays for itself has no prepaid money
    from chalicelib.services.wallet import top_ups

    try:
        done = top_ups.top_up_if_low(payer=run.payer, now=run.now, actor=run.actor)
    except Exception as error:
        if transient_errors.is_transient(error):
            raise
        _logger.exception("automatic top-up failed", extra={"payer": run.payer})
        done = "stuck"
    if done is not None:
        taken.add(done)


def _park_unless_transient(subject: str, error: Exception) -> None:
    """Park a subject that broke the worker. A transient error is raised again, and the message comes again."""
    if transient_errors.is_transient(error):
        raise error
    _logger.exception("subject parked", extra={"subject": subject})
    alarms.park(subject, because=type(error).__name__)
