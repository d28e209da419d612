"""A notice before it is put into words: its kind, its reader and its facts (docs/rules.md §11)."""

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.events.events import Event
from chalicelib.domain.events.messages import Message
from chalicelib.domain.events.notices import facts
from chalicelib.domain.events.notices.facts import Fact, Moment
from chalicelib.domain.events.notices.kinds import ABOUT_A_PAYOUT, ABOUT_THE_ACCOUNT, TO_BE_ANSWERED, Kind, kind_of
from chalicelib.domain.events.notices.places import Errand, place_of
from chalicelib.domain.events.notices.recipients import Reason, Recipient, recipient_of
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.setup.branding import PLAIN, Branding
from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told to whom."""

    kind: Kind
    recipient: Recipient
    facts: Mapping[str, Fact | None]
    branding: Branding = PLAIN
    log_in: str | None = None
    """Where its reader logs in; None for a reader who does not."""
    answer_at: str | None = None
    """The link to answer by, in a notice that asks something. It is secret."""
    errand: Errand | None = None
    """What its reader does at the page of the portal that it leads to, if it leads to one."""
    page: str | None = None
    """The address of that page; it is not secret, since its reader signs in."""
    paragraphs: tuple[str, ...] = ()
    """An operator's own words, in any language; a paragraph may have several lines."""


def compose(
    event: Event,
    *,
    account: Account | None,
    partner: Partner,
    program: Program,
    branding: Branding,
    log_in: str | None,
    active_paid_accounts: int,
    message: Message | None = None,
    answer_at: str | None = None,
    portal: str | None = None,
) -> Notice:
    """The notice of an event that needs one. Notices to the partner itself have no account's branding.

    ``log_in`` is where the account's client logs in; only a notice to the client has a link to it.
    ``active_paid_accounts`` are the payer's today: the price of an upcoming renewal depends on them (§5).
    ``message`` is the operator's that the event is about, ``answer_at`` the link of a notice that asks something,
    ``portal`` the address of the portal, if it is known: only notices to a partner's people lead there. A client does
    not read its own name: whoever signs up writes it, and might be a stranger who gave somebody else's
    address.
    """
    kind = kind_of(event)
    assert kind is not None
    to = recipient_of(event, account=account, partner=partner)
    about: dict[str, Fact | None] = {"partner": partner.name}
    if account is not None:
        about |= {"account": account.name}
    if account is not None and not to.logs_in:
        about |= {"client": account.client.name}
    if kind in ABOUT_THE_ACCOUNT:
        assert account is not None
        about |= facts.of_account(kind, account, program, active_paid_accounts)
        about |= {"at": Moment(event.at, account.time_zone)}
    elif kind in ABOUT_A_PAYOUT:
        about |= facts.of_payout(event, time_zone=partner.time_zone)
    else:
        about |= facts.of_event(event)
        if to.logs_in:
            about |= {"profile": None}  # the name of a client's card is the client's
    if kind in TO_BE_ANSWERED and account is not None:
        about["answer_by"] = facts.last_day_before(event.data["expires_at"], account)
    if message is not None:
        to = replace(to, address=message.to)
        about |= {"subject": message.subject}
    place = place_of(event, kind, reason=to.reason) if portal else None
    return Notice(
        kind=kind,
        recipient=to,
        facts=about,
        branding=PLAIN if to.reason is Reason.PARTNER else branding,
        log_in=log_in if to.logs_in and answer_at is None else None,
        answer_at=answer_at,
        errand=place.errand if place else None,
        page=f"{portal}/{place.path}" if place else None,
        paragraphs=message.paragraphs if message else (),
    )
