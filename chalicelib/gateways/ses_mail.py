"""Amazon SES. Bounces and complaints come back as events of its configuration set."""

from datetime import datetime
from email.header import Header
from email.utils import formataddr
from functools import cache
from typing import Any

from botocore.config import Config

from chalicelib import aws
from chalicelib.config import settings
from chalicelib.gateways.mail import Mail

_LONGEST_WORD = 75
_LONGEST_SENDER = 320
"""The longest address, with the name before it, that mailers accept."""


class SesMailer:
    """See :class:`chalicelib.gateways.mail.Mailer`."""

    def send(self, mail: Mail, *, now: datetime) -> str:
        del now  # SES has a clock of its own
        sender = settings().mail_sender
        answer = _ses().send_email(
            FromEmailAddress=_named(mail.from_name, sender) if mail.from_name else sender,
            Destination={"ToAddresses": [mail.to]},
            ReplyToAddresses=[mail.reply_to] if mail.reply_to else [],
            Content={
                "Simple": {
                    "Subject": {"Data": mail.subject, "Charset": "UTF-8"},
                    "Body": {
                        "Text": {"Data": mail.text, "Charset": "UTF-8"},
                        "Html": {"Data": mail.html, "Charset": "UTF-8"},
                    },
                }
            },
            EmailTags=[{"Name": name, "Value": value} for name, value in mail.tags.items()],
            ConfigurationSetName=settings().mail_configuration_set,
        )
        message_id: str = answer["MessageId"]
        return message_id


def _named(name: str, address: str) -> str:
    """A name before its address, in ASCII: other letters become encoded words, short ones (RFC 2047)."""
    if name.isascii():
        written = formataddr((name, address))
    else:
        words = Header(name, "utf-8", maxlinelen=_LONGEST_WORD).encode(linesep="")
        written = f"{words} <{address}>"
    return written if len(written) <= _LONGEST_SENDER else _named(name[:-1].rstrip(), address)


@cache
def _ses() -> Any:
    # A mail whose answer is lost may have been sent: try once, and leave retries to the queue.
    patience = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 1})
    return aws.client("sesv2", patience)
