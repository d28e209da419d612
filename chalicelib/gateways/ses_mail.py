"""Amazon SES. Bounces and complaints come back as events of its configuration set."""

from datetime import datetime
from email.utils import formataddr
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.session import get_session

from chalicelib.config import settings
from chalicelib.gateways.mail import Mail


class SesMailer:
    """See :class:`chalicelib.gateways.mail.Mailer`."""

    def send(self, mail: Mail, *, now: datetime) -> str:
        del now  # SES has a clock of its own
        sender = settings().mail_sender
        answer = _ses().send_email(
            FromEmailAddress=formataddr((mail.from_name, sender)) if mail.from_name else sender,
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


@cache
def _ses() -> Any:
    # A mail whose answer is lost may be out already: one try, and the queue decides about the next.
    patience = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 1})
    return get_session().create_client("sesv2", config=patience)
