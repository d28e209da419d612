"""Notices: mails about events, each sent once (docs/rules.md §11, docs/decisions/notices.md)."""

from datetime import datetime
from enum import StrEnum

from chalicelib.config import settings
from chalicelib.documents import mails
from chalicelib.domain.accounts.accounts import Account, login_url
from chalicelib.domain.events import event_logs
from chalicelib.domain.events.events import Event
from chalicelib.domain.events.notices import people
from chalicelib.domain.events.notices.composition import Notice, compose
from chalicelib.domain.events.notices.kinds import (
    ABOUT_A_PERSON,
    ABOUT_THE_ACCOUNT,
    TO_BE_ANSWERED,
    Kind,
    kind_of,
)
from chalicelib.domain.events.notices.news import is_news
from chalicelib.domain.events.notices.recipients import Reason, recipient_of
from chalicelib.domain.ids import is_account_id
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.people.roles import VENDOR
from chalicelib.domain.setup.branding import PLAIN
from chalicelib.domain.texts import one_line
from chalicelib.gateways import notice_queue
from chalicelib.gateways.choice import mailer
from chalicelib.gateways.mail import Mail
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.events import messages as message_rows
from chalicelib.models.events import notices as notice_rows
from chalicelib.models.events import suppressions
from chalicelib.models.partners import partners as partner_rows
from chalicelib.models.setup import branding as branding_rows
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.programs import program
from chalicelib.services.transfers import consent_links


class Outcome(StrEnum):
    """The result of handling a queued event."""

    SENT = "sent"
    REPEATED = "repeated"
    SUPPRESSED = "suppressed"
    OUTDATED = "outdated"


def send_queued(body: str, *, message_id: str, now: datetime) -> tuple[Event, Outcome]:
    """Send the notice of the event in a queued message. See :func:`send`."""
    event = notice_queue.parse(body)
    return event, send(event, message_id=message_id, now=now)


def send(event: Event, *, message_id: str, now: datetime) -> Outcome:
    """Mail an event's notice to its recipient, unless it was sent already or is out of date.

    ``message_id`` is the queue's id of the message, which stays the same when it is delivered again. At
    least once: only a crash between the mailer's answer and the record of it sends a second mail.
    Raises :class:`notice_rows.ClaimedByAnother`.
    """
    prepared = (_to_person if kind_of(event) in ABOUT_A_PERSON else _to_payer)(event, now=now)
    if prepared is None:
        return Outcome.OUTDATED
    notice, log_id = prepared
    if suppressions.is_suppressed(notice.recipient.address):
        return Outcome.SUPPRESSED
    once = people.once_of(event)
    claim = notice_rows.claim(once, notice.recipient.address, by=message_id, now=now)
    if claim is None:
        return Outcome.REPEATED
    mail_id = mailer().send(_mail(event, notice, log_id), now=now)
    notice_rows.remember_sent(claim, mail_id=mail_id, now=now)
    return Outcome.SENT


_Prepared = tuple[Notice, str]
"""A notice, and whose log has it if its mail bounces."""


def _to_person(event: Event, *, now: datetime) -> _Prepared | None:
    """The notice to a person about its sign-in or its team; None if it is out of date."""
    team_id = event.partner_id
    partner = partner_rows.get(team_id) if team_id != VENDOR else None
    if not is_news(event, account=None, time_zone="UTC", now=now):
        return None
    notice = people.compose(
        event,
        team=partner.name if partner else one_line(settings().product_name),
        time_zone=partner.time_zone if partner else "UTC",
        portal=_portal(),
    )
    return notice, team_id


def _to_payer(event: Event, *, now: datetime) -> _Prepared | None:
    """The notice to a partner or a client; None if it is out of date."""
    concerned = _concerned(event)
    if concerned is None:
        return None
    partner, account = concerned
    kind = kind_of(event)
    to = recipient_of(event, account=account, partner=partner)
    time_zone = partner.time_zone if account is None or to.reason is Reason.PARTNER else account.time_zone
    if not is_news(event, account=account, time_zone=time_zone, now=now):
        return None
    answer_at = None
    if kind in TO_BE_ANSWERED:
        answer_at = consent_links.link_to_answer(event.data["management_request_id"], now=now)
        if answer_at is None:
            return None
    message = message_rows.get(event.data["message_id"]) if kind is Kind.MESSAGE else None
    renews = kind is Kind.RENEWAL_UPCOMING
    notice = compose(
        event,
        account=account,
        partner=partner,
        program=program(partner.program),
        branding=branding_rows.get(account.id) if account and to.reason is not Reason.PARTNER else PLAIN,
        log_in=login_url(account, pattern=settings().login_pattern) if account else None,
        active_paid_accounts=wallet_rows.get(account.payer).active_paid_accounts if account and renews else 0,
        message=message,
        answer_at=answer_at,
        portal=_portal(),
    )
    return notice, event_logs.of_client_event(account) if account and notice.recipient.logs_in else partner.id


def _portal() -> str | None:
    """The address of the portal, if this function is told."""
    return f"{base}/portal" if (base := settings().link_base) else None


def _concerned(event: Event) -> tuple[Partner, Account | None] | None:
    """The partner and the account that the event concerns; None if one that its notice needs is gone.

    What happens to the card of a client who pays is logged under the account, which is its own payer (§9).
    """
    account = account_rows.get(event.account_id) if event.account_id else None
    if account is None and (is_account_id(event.partner_id) or kind_of(event) in ABOUT_THE_ACCOUNT):
        return None
    partner_id = account.partner_id if account and is_account_id(event.partner_id) else event.partner_id
    partner = partner_rows.get(partner_id)
    return None if partner is None else (partner, account)


def _mail(event: Event, notice: Notice, log_id: str) -> Mail:
    name = one_line(notice.branding.product_name or settings().product_name)
    letter = mails.write(notice, product_name=name)
    tags = {"notice": notice.kind.value, "event": event.id, "partner": log_id}
    if event.account_id is not None:
        tags["account"] = event.account_id
    return Mail(
        to=notice.recipient.address,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        reply_to=notice.branding.reply_to,
        from_name=name,
        tags=tags,
    )
