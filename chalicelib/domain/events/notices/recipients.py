"""Who gets a notice, in which language, and why (docs/rules.md §11)."""

from enum import StrEnum

from chalicelib.domain.accounts.accounts import Account, Relationship
from chalicelib.domain.events.events import Event
from chalicelib.domain.events.notices.kinds import (
    ABOUT_A_CARD,
    ABOUT_PAYING_FOR_THE_ACCOUNT,
    ABOUT_THE_ACCOUNT,
    TO_BE_ANSWERED,
    Kind,
    kind_of,
)
from chalicelib.domain.ids import is_account_id
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.values import dataclass


class Reason(StrEnum):
    """Why somebody gets a mail. It decides what the mail asks for and how it closes."""

    MANAGED = "managed"
    """It is the notification address of a managed account."""
    CLIENT = "client"
    """It is the client of a referred account."""
    PAYER = "payer"
    """It is the client who pays for a managed account."""
    PARTNER = "partner"
    """It is the partner itself."""
    PERSON = "person"
    """It is somebody who signs in to the portal."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets the mail: the address, its language (BCP 47), and why it gets the mail."""

    address: str
    language: str
    reason: Reason

    @property
    def logs_in(self) -> bool:
        """Whether it acts by logging in to the account, as a client does, and not by the API."""
        return self.reason in (Reason.CLIENT, Reason.PAYER)


PARTNERS_LANGUAGE = "en"
"""Partners have no language setting yet."""


def recipient_of(event: Event, *, account: Account | None, partner: Partner) -> Recipient:
    """Who gets the mail about an event that needs one (docs/decisions/notices.md).

    About paying for an account, and about its password: its client if that pays, else its notification address, which
    the partner has named for all notices of the account. About anything else of the account: the client of a referred
    account, the notification address of a managed one. The client of an account that its partner pays for never gets
    one of these.
    """
    kind = kind_of(event)
    if kind is Kind.PAYPAL_CHANGED:  # whoever changed it may have changed it to an address of their own
        return Recipient(event.before.get("paypal_email") or partner.email, PARTNERS_LANGUAGE, Reason.PARTNER)
    if kind in TO_BE_ANSWERED and account is not None:
        return _client_of(account)
    if kind in ABOUT_A_CARD and account is not None and is_account_id(event.partner_id):
        return _client_of(account)
    if kind not in ABOUT_THE_ACCOUNT:
        return Recipient(partner.email, PARTNERS_LANGUAGE, Reason.PARTNER)
    assert account is not None
    if account.pays_itself and (kind in ABOUT_PAYING_FOR_THE_ACCOUNT or kind is Kind.PASSWORD_CHANGED):
        return _client_of(account)
    return notice_address(account)


def notice_address(account: Account) -> Recipient:
    """Who gets the notices of an account that are not about paying, and operators' messages about it."""
    if account.relationship is Relationship.REFERRED:
        return _client_of(account)
    return Recipient(account.notification_email, account.language, Reason.MANAGED)


def _client_of(account: Account) -> Recipient:
    reason = Reason.CLIENT if account.relationship is Relationship.REFERRED else Reason.PAYER
    return Recipient(account.client.email, account.language, reason)
