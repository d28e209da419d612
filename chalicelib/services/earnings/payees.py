"""Where partners want their earnings to go (docs/rules.md §10)."""

from dataclasses import replace
from datetime import datetime

from chalicelib.domain.earnings import payees as domain
from chalicelib.domain.earnings.payees import Payee
from chalicelib.models import transactions
from chalicelib.models.earnings import payees as payee_rows
from chalicelib.models.transactions import Write, commit

_BUSY = "Others kept changing the same rows. Try again in a moment."


def get_payee(*, partner_id: str) -> Payee:
    """A partner's PayPal address, if it has set one."""
    return payee_rows.get(partner_id)


def set_address(*, partner_id: str, paypal_email: str | None, now: datetime, actor: str) -> Payee:
    """Set the address that payouts go to, or none. A change is mailed to the old address.

    An address that another partner has used first is held until an operator releases it.
    """

    def attempt() -> Payee:
        before = payee_rows.get(partner_id)
        if paypal_email == before.paypal_email:
            return before
        writes: list[Write] = []
        others: frozenset[str] = frozenset()
        if paypal_email is not None:
            mark = domain.address_mark(paypal_email)
            others, version = payee_rows.users(mark)
            if partner_id not in others:
                writes.append(payee_rows.put_users(mark, others | {partner_id}, version=version))
        after = domain.with_address(before, paypal_email, others=others, now=now)
        commit([payee_rows.put(after, now=now, actor=actor, event="earnings.paypal_changed"), *writes])
        return after

    return transactions.retry(attempt, busy=_BUSY)


def release_address(*, partner_id: str, now: datetime, actor: str) -> Payee | None:
    """Let payouts go to an address that another partner has used as well; None if it is not held."""

    def attempt() -> Payee | None:
        before = payee_rows.get(partner_id)
        if not before.is_shared:
            return None
        after = replace(before, is_shared=False)
        commit([payee_rows.put(after, now=now, actor=actor, event="earnings.paypal_released")])
        return after

    return transactions.retry(attempt, busy=_BUSY)
