"""The due steps of transfers: mails to owners and clients, and the lapse of what nobody answered (rules §9).

A mail is sent first and noted afterwards: a worker that dies in between sends it again.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.config import settings
from chalicelib.documents import transfer_mails
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.clients.rate_limits import TRANSFER_MAILS_BY_PARTNER, TRANSFER_MAILS_TO_ADDRESS, TooManyTries
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.texts import one_line
from chalicelib.domain.transfers import transfers as domain
from chalicelib.domain.transfers.transfers import Letter, Transfer, TransferStatus
from chalicelib.gateways.choice import mailer
from chalicelib.gateways.mail import Mail
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.events import suppressions
from chalicelib.models.transactions import commit
from chalicelib.models.transfers import transfers as transfer_rows
from chalicelib.services.clients import password_resets, rate_limits
from chalicelib.services.partners import partners
from chalicelib.services.transfers import owners, transfers

_BUSY = "Others kept changing the transfer."


def take_due_step(*, transfer_id: str, now: datetime, actor: str) -> str:
    """Send the transfer's next mail, or let it lapse, if that is due; what was done."""
    transfer = transfer_rows.get(transfer_id)
    due_at = domain.due_at(transfer) if transfer else None
    if transfer is None or due_at is None or due_at > now:
        return "transfer_not_due"
    if transfer.is_open and transfer.expires_at <= now:
        ended = transfers.end(
            lambda: transfers.get_any(transfer_id=transfer_id), TransferStatus.LAPSED, now=now, actor=actor
        )
        return f"transfer_{ended.status}"
    return _send_next(transfer, now=now, actor=actor)


def _send_next(transfer: Transfer, *, now: datetime, actor: str) -> str:
    letter = transfer.letters[0]
    try:
        sent = _SEND[letter](transfer, now=now)
    except TooManyTries as limit:
        wait = timedelta(seconds=limit.retry_after or 60)
        _note(transfer, lambda each: replace(each, mail_at=now + wait), actor=actor)
        return "transfer_mail_waits"
    _note(transfer, lambda each: replace(each, letters=each.letters[1:], mail_at=now), actor=actor)
    return f"mail_{letter}" if sent else "transfer_mail_left_out"


def _note(transfer: Transfer, changed: Callable[[Transfer], Transfer], *, actor: str) -> None:
    """Write what became of the mail, unless the transfer has changed so that it sends another one or none."""

    def attempt() -> None:
        current = transfer_rows.get(transfer.id)
        if current is not None and current.letters == transfer.letters:
            commit([transfer_rows.put(changed(current), actor=actor, event=None)])

    transactions.retry(attempt, busy=_BUSY)


def _send_owner_link(transfer: Transfer, *, now: datetime) -> bool:
    """Mail the owner the link to answer by, if the account is there and the email its owner's.

    Each mail is counted for the partner and its address, and waits once there are too many (:class:`TooManyTries`).
    """
    for kind, name, limit in (
        ("transfer_address", f"{transfer.partner_id}\n{transfer.email.casefold()}", TRANSFER_MAILS_TO_ADDRESS),
        ("transfer_partner", transfer.partner_id, TRANSFER_MAILS_BY_PARTNER),
    ):
        rate_limits.count_attempt(rate_limits.limit_key_of(kind, name), limit=limit, now=now)
    account = owners.account_asked_for(transfer)
    if account is None or suppressions.is_suppressed(account.client.email):
        return False
    partner = partners.get_partner(partner_id=transfer.partner_id)
    link = owners.link_to_answer(transfer, account, now=now)
    _send(transfer_mails.OWNER_LINK, account, partner, link=link, now=now)
    return True


def _send_password_reset(transfer: Transfer, *, now: datetime) -> bool:
    """Mail the client a link to set a new password: whoever had the account may know the one it has."""
    account = _moved(transfer)
    link = password_resets.link_for(account, base_url=transfer.base_url, now=now) if account else None
    if account is None or link is None or suppressions.is_suppressed(account.client.email):
        return False
    partner = partners.get_partner(partner_id=account.partner_id)
    _send(transfer_mails.NEW_PASSWORD, account, partner, link=link, now=now)
    return True


def _send_card_link(transfer: Transfer, *, now: datetime) -> bool:
    """Mail the client that pays from now on where it adds its card, unless it has one by now."""
    account = _moved(transfer)
    if account is None or not account.pays_itself or account.billing_profile_id is not None:
        return False
    if suppressions.is_suppressed(account.client.email):
        return False
    partner = partners.get_partner(partner_id=account.partner_id)
    link = f"{transfer.base_url}/public/accounts/{account.name}/settings"
    _send(transfer_mails.CARD_LINK, account, partner, link=link, now=now)
    return True


def _moved(transfer: Transfer) -> Account | None:
    return account_rows.get(transfer.account_id or "")


def _send(kind: str, account: Account, partner: Partner, *, link: str, now: datetime) -> None:
    """The vendor's own mail, without anybody's branding. A bounce is reported to nobody: it would tell the partner."""
    name = one_line(settings().product_name)
    letter = transfer_mails.write(kind, account=account, partner=partner, link=link, product_name=name)
    mail = Mail(
        to=account.client.email,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        from_name=name,
        tags={"account": account.id},
    )
    mailer().send(mail, now=now)


_SEND = {
    Letter.OWNER_LINK: _send_owner_link,
    Letter.PASSWORD_RESET: _send_password_reset,
    Letter.CARD_LINK: _send_card_link,
}
