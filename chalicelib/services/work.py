"""What a message of the due queue asks for, subject by subject."""

from datetime import datetime

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from chalicelib.domain.refusals import Refusal
from chalicelib.gateways.due_queue import Due
from chalicelib.gateways.payments import ProcessorMisconfigured
from chalicelib.models import alarms
from chalicelib.services import bills, steps, top_ups, watch
from chalicelib.services.steps import Taken

_logger = Logger(service="sublet", child=True)

_PASSING = (Refusal, BotoCoreError, ClientError, PynamoDBException, ProcessorMisconfigured)
"""Rows that were busy, a table or a network that did not answer, a card processor that refuses our key: no
account's own fault."""


def work(due: Due, *, now: datetime) -> Taken:
    """Take every due step of the message's subjects: accounts together, purchases and partners one by one.

    A subject that breaks the worker is set apart, so that its payer's other ones go on.
    """
    actor = f"schedule:{due.sweep}"
    account_ids = [subject for subject in due.subjects if subject.startswith("acct_")]
    taken = _work_accounts(account_ids, due=due, now=now, actor=actor) if account_ids else Taken()
    if account_ids:
        _top_up(due.payer, taken, now=now, actor=actor)
    for subject in due.subjects:
        if subject.startswith("acct_"):
            continue
        try:
            taken.add(_work_other(subject, now=now, actor=actor))
        except _PASSING:
            raise  # the message comes again
        except Exception:
            _logger.exception("subject is stuck", extra={"subject": subject})
            alarms.set_apart(subject)
            taken.add("stuck")
        if subject.startswith("prt_"):
            _top_up(subject, taken, now=now, actor=actor)
    return taken


def _work_other(subject: str, *, now: datetime, actor: str) -> str:
    """Take the step of what is no account; what was done."""
    if subject.startswith("txn_"):
        steps.finish_purchase(purchase_id=subject, now=now, actor=actor)
        return "finish_purchase"
    if subject.startswith("bill_"):
        return bills.work(bill_id=subject, now=now, actor=actor)
    return watch.look(partner_id=subject, now=now, actor=actor) or "watched"


def _top_up(payer: str, taken: Taken, *, now: datetime, actor: str) -> None:
    """Top the payer's wallet up. One that breaks costs nobody a renewal; the next message tries again."""
    try:
        done = top_ups.run(payer=payer, now=now, actor=actor)
    except _PASSING:
        raise
    except Exception:
        _logger.exception("automatic top-up is stuck", extra={"payer": payer})
        done = "stuck"
    if done is not None:
        taken.add(done)


def _work_accounts(account_ids: list[str], *, due: Due, now: datetime, actor: str) -> Taken:
    try:
        return steps.take_due_steps(payer=due.payer, account_ids=account_ids, now=now, actor=actor)
    except _PASSING:
        raise  # the message comes again
    except Exception:
        _logger.exception("a message failed as a whole, its accounts go on one by one")
    taken = Taken()
    for account_id in account_ids:
        try:
            one = steps.take_due_steps(payer=due.payer, account_ids=[account_id], now=now, actor=actor)
        except _PASSING:
            raise
        except Exception:
            _logger.exception("account is stuck", extra={"account_id": account_id})
            alarms.set_apart(account_id)
            taken.add("stuck")
        else:
            for what, number in one.counts.items():
                taken.add(what, number)
    return taken
