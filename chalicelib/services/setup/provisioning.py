"""Provisioning: the product's platform prepares accounts; those it can't prepare are undone (docs/rules.md §2).

The account's alarm drives it: whatever is cut off is asked again. The first answer counts, whether the platform gave
it when it was asked or reported it later.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.accounts import provisioning
from chalicelib.domain.accounts.accounts import Account, ProvisioningStatus, Status
from chalicelib.domain.billing.invoices import Invoice, InvoiceStatus, id_of_charge
from chalicelib.domain.ids import derived_id
from chalicelib.domain.refusals import NotFound
from chalicelib.domain.setup import named_lists
from chalicelib.domain.setup.branding import PLAIN, Branding
from chalicelib.domain.setup.templates import Template, copy_for
from chalicelib.gateways.provisioning import Answer, Failed, Ready, platform
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import snapshots as snapshot_rows
from chalicelib.models.billing import invoices as invoice_rows
from chalicelib.models.setup import branding as branding_rows
from chalicelib.models.setup import named_lists as list_rows
from chalicelib.models.setup import templates as template_rows
from chalicelib.models.transactions import Busy, WriteConflict, commit
from chalicelib.services.accounts.transitions import Transition, write_transitions
from chalicelib.services.billing import refunds, single_bills
from chalicelib.services.billing.invoices import get_invoice
from chalicelib.services.billing.refunds import NotRefundable, PaymentDisputed, RefundDeclined
from chalicelib.services.charging.cards import never
from chalicelib.services.charging.results import ChargeOutcomeUnknown
from chalicelib.services.partners import partners

_TRIES = 10
_ASKED_AT_ONCE = 8
"""Asked in parallel, a platform that does not answer delays a message by one time-out, not by one per account."""
_NEXT_TURN = timedelta(minutes=1)


def prepare(
    due: Sequence[Account], *, now: datetime, actor: str, out_of_time: Callable[[], bool] = never
) -> list[Transition]:
    """Ask the platform about the accounts that are due; the transition of each.

    An account the platform did not prepare in time is given up. What an account is built from is copied before the
    platform is asked. One that there was no time to ask about has no transition: it stays due.
    """
    asking = due[:_ASKED_AT_ONCE]
    transitions = [
        Transition(account, provisioning.put_off(account, until=now + _NEXT_TURN), "") for account in due[len(asking) :]
    ]
    for account, answer in _ask_platform(asking, now=now, actor=actor, out_of_time=out_of_time):
        match answer:
            case Ready():
                transitions.append(_ready(account, now=now))
            case Failed(reason=reason):
                transitions.append(_failed(account, reason=reason, now=now))
            case _ if account.provisioning is not None and account.provisioning.give_up_at <= now:
                transitions.append(_failed(account, reason="The platform did not prepare it in time.", now=now))
            case _:
                transitions.append(Transition(account, provisioning.asked(account, now=now), ""))
    return transitions


def _ask_platform(
    accounts: Sequence[Account], *, now: datetime, actor: str, out_of_time: Callable[[], bool]
) -> list[tuple[Account, Answer]]:
    """What the platform answers of each, asked in parallel; those there was no time to ask about are left out."""
    built = [(account, _build(account, now=now, actor=actor)) for account in accounts if not out_of_time()]
    if not built or out_of_time():
        return []
    asked = platform()
    if len(built) < 2:  # most of the time, and then without a thread
        return [(account, asked.prepare(account, templates, now=now)) for account, templates in built]
    with ThreadPoolExecutor(max_workers=len(built)) as pool:
        answers = pool.map(lambda each: asked.prepare(each[0], each[1], now=now), built)
        return [(account, answer) for (account, _), answer in zip(built, answers, strict=True)]


def _build(account: Account, *, now: datetime, actor: str) -> list[Template]:
    """Copy the branding and templates of its snapshot to an account, once; returns all templates it then has."""
    snapshot_id = account.provisioning.snapshot_id if account.provisioning else None
    snapshot = snapshot_rows.get(snapshot_id) if snapshot_id else None
    kept = list(template_rows.get_many(snapshot.templates).values()) if snapshot else []
    if snapshot is not None and snapshot.branding != PLAIN:
        _brand(account, snapshot.branding, now=now, actor=actor)

    def attempt() -> list[Template]:
        named_list = before = list_rows.get(account.id)
        copies = []
        for template in kept:
            copy = replace(copy_for(template, account.id, now=now), partner_id=account.partner_id)
            if template_rows.get(copy.id) is None:
                named_list = named_lists.with_copy(named_list, id=copy.id, name=template.name)
                copies.append(replace(copy, name=named_list.names[copy.id]))
        if named_list != before:
            writes = [template_rows.put(copy, actor=actor, event="template.imported") for copy in copies]
            commit([*writes, list_rows.put(named_list)])
        return list(template_rows.get_many(named_list.names).values())

    return transactions.retry(attempt, busy=f"Others kept changing the templates of {account.id}.")


def _brand(account: Account, branding: Branding, *, now: datetime, actor: str) -> None:
    """Brand an account, unless somebody has done so since it was created."""
    kept = branding_rows.read(account.id)
    if kept.revision == 0:
        with suppress(WriteConflict):  # somebody does so right now, or the account has another partner
            put = branding_rows.put(account, branding, after=kept, now=now, actor=actor)
            commit([account_rows.still_managed(account), put])


def _ready(account: Account, *, now: datetime) -> Transition:
    return Transition(account, provisioning.ready(account, now=now), "account.ready")


def _failed(account: Account, *, reason: str, now: datetime) -> Transition:
    return Transition(account, provisioning.failed(account, reason=reason, now=now), "account.provisioning_failed")


def record_answer(
    *, account_id: str, status: ProvisioningStatus, reason: str | None, now: datetime, actor: str
) -> Account:
    """Record what the platform reports of an account without being asked: ready, or failed for a ``reason``.

    The same report again changes nothing. Raises :class:`NotFound`, :class:`provisioning.AlreadyAnswered`, and
    :class:`Busy` while a charge is in progress: report it again.
    """
    for _ in range(_TRIES):
        account = account_rows.get(account_id)
        if account is None or account.status is Status.PENDING:
            raise NotFound.of("account", account_id)
        if provisioning.is_answered(account, status):
            return account
        if account.charge is not None:
            raise Busy(f"A charge of {account_id} is being settled. Report it again in a moment.", retry_after=5)
        if status is ProvisioningStatus.READY:
            _build(account, now=now, actor=actor)
            transition = _ready(account, now=now)
        else:
            transition = _failed(account, reason=reason or "The platform gave no reason.", now=now)
        program = partners.program_of(partner_id=account.partner_id)
        stored = write_transitions([transition], program=program, now=now, actor=actor)
        if stored:
            return stored[account_id]
    raise Busy(f"Others kept changing {account_id}. Report it again in a moment.", retry_after=1)


def refund_all(
    account: Account, *, now: datetime, actor: str, out_of_time: Callable[[], bool] = never
) -> Transition | None:
    """Give back whatever was paid for an account that could not be prepared, to whoever paid it (§6, §9).

    An invoice on the open Single Bill is voided. What can't be given back today (the processor declines, or the bill
    is not paid yet) is tried again tomorrow. Returns None once ``out_of_time`` says so: the account stays due, and what
    was given back is not given back again.
    """
    ids = [id_of_charge(account.id, number) for number in range(1, account.charges + 1)]
    payers = (account.payer, *account.earlier_payers)
    found = [invoice for payer in payers for invoice in invoice_rows.get_many(payer, ids).values()]
    done, declined = True, False
    for invoice in sorted(found, key=lambda each: (each.issued_at, each.number)):
        if out_of_time():
            return None
        try:
            done = _given_back(invoice, account, now=now, actor=actor) and done
        except RefundDeclined:
            done, declined = False, True
    if done:
        return Transition(account, provisioning.refunded(account), "")
    return Transition(account, provisioning.refund_again(account, declined=declined, now=now), "")


def _given_back(invoice: Invoice, account: Account, *, now: datetime, actor: str) -> bool:
    """Give back all that can be given back of an invoice; whether nothing of it is kept any more."""
    if invoice.bill_id is not None and single_bills.void_on_open_bill(invoice, now=now, actor=actor):
        return True
    if invoice.bill_id is None and invoice.status is not InvoiceStatus.PAID:
        return True  # nothing was paid for it
    tries = account.provisioning.refunds_declined if account.provisioning else 0
    try:
        refunds.refund_invoice(
            refund_id=derived_id("txn", "provisioning_failed", invoice.id, str(tries)),
            payer=invoice.payer,
            invoice_id=invoice.id,
            amount=None,
            now=now,
            actor=actor,
        )
    except (ChargeOutcomeUnknown, PaymentDisputed):
        return False  # its outcome is known another day: it is frozen and will be finished, or the bank decides
    except NotRefundable:
        shown = get_invoice(payer=invoice.payer, invoice_id=invoice.id)
        return shown.status is InvoiceStatus.PAID  # an operator gave it back; otherwise its bill is not paid yet
    return True
