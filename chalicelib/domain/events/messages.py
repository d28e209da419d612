"""An operator's message about an account, sent to the account's address for notices (docs/rules.md §11)."""

from datetime import datetime
from enum import StrEnum

from chalicelib.domain.refusals import Refusal
from chalicelib.domain.values import dataclass


class MessageKind(StrEnum):
    """What a message is about."""

    BOUNCES = "bounces"
    ABUSE = "abuse"
    CAMPAIGN_APPROVAL = "campaign_approval"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Message:
    """A message in the operator's own words: ``subject`` is one line, ``text`` plain text of several.

    ``partner_id`` is whose log has its event, ``to`` the address it goes to. ``fingerprint`` is that of the request
    that sent it.
    """

    id: str
    account_id: str
    partner_id: str
    kind: MessageKind
    subject: str
    text: str
    to: str
    sent_at: datetime
    fingerprint: str

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The text in paragraphs, each of one or more lines; empty lines part them."""
        lines = (line.strip() for line in self.text.splitlines())
        paragraphs = "\n".join(lines).split("\n\n")
        return tuple(stripped for paragraph in paragraphs if (stripped := paragraph.strip()))


class AddressRefusesMail(Refusal):
    """The account's address for notices bounced mail or complained of it, so nothing is sent there."""

    code = "address_refuses_mail"
    title = "The address gets no more mail"
