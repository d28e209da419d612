"""Operators' messages about an account: about bounces, abuse or the approval of a campaign (docs/rules.md §11).

A message is an event in the log of the account's partner or, for a referred account, in the account's own. The event is
mailed as a notice is: once, and to no address that refuses our mail.
"""

from datetime import datetime

from chalicelib.domain.accounts.accounts import Status
from chalicelib.domain.events import event_logs
from chalicelib.domain.events.messages import AddressRefusesMail, Message, MessageKind
from chalicelib.domain.events.notices.recipients import notice_address
from chalicelib.domain.ids import fingerprint
from chalicelib.domain.refusals import KeyReused, NotFound
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.events import messages as message_rows
from chalicelib.models.events import suppressions
from chalicelib.models.transactions import commit


def send_message(
    *, message_id: str, account_id: str, kind: MessageKind, subject: str, text: str, now: datetime, actor: str
) -> Message:
    """Have a message mailed to the account's address for notices. The same ``message_id`` again sends nothing more.

    Raises :class:`NotFound`, :class:`AddressRefusesMail`, :class:`KeyReused`.
    """
    asked = {"account_id": account_id, "kind": kind, "subject": subject, "text": text}
    mark = fingerprint(message_id, asked)

    def attempt() -> Message:
        existing = message_rows.get(message_id)
        if existing is not None:
            return _sent_before(existing, mark)
        account = account_rows.get(account_id)
        if account is None or account.status is Status.PENDING:
            raise NotFound.of("account", account_id)
        to = notice_address(account).address
        if suppressions.is_suppressed(to):
            raise AddressRefusesMail(
                f"{to} bounced our mail or complained of it, so it gets no more. Reach the account in another way, or "
                "have its address changed first."
            )
        message = Message(
            id=message_id,
            account_id=account_id,
            partner_id=event_logs.of_client_event(account),
            kind=kind,
            subject=subject,
            text=text,
            to=to,
            sent_at=now,
            fingerprint=mark,
        )
        commit([message_rows.put(message, actor=actor)])
        return message

    return transactions.retry(attempt, busy=f"Others kept sending {message_id}. Try again in a moment.")


def _sent_before(existing: Message, mark: str) -> Message:
    """The message as it was sent before. Raises :class:`KeyReused` if it was another."""
    if existing.fingerprint != mark:
        raise KeyReused(f"It sent {existing.id} to {existing.account_id}. Use a new Idempotency-Key.")
    return existing
