"""A mailer that keeps mails instead of sending them: never in production.

`python -m infra.local inbox` shows them.
"""

from datetime import datetime
from typing import Any

from pynamodb.attributes import JSONAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.aws import Table
from chalicelib.config import TableName, settings
from chalicelib.domain.ids import new_id
from chalicelib.gateways.mail import Mail

INBOX = "inbox"
"""The partition of the sandbox's index that holds all mails, by the time they were sent."""


class InboxIndex(GlobalSecondaryIndex[Any]):
    class Meta:
        index_name = "by_payer"
        projection = AllProjection()

    payer = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class MailRow(Table):
    """A mail, and when it was sent by the stack's own clock."""

    class Meta:
        table_name = TableName("sandbox_table")

    id = UnicodeAttribute(hash_key=True)
    payer = UnicodeAttribute()
    at = UnicodeAttribute()
    to = UnicodeAttribute()
    subject = UnicodeAttribute()
    text = UnicodeAttribute()
    html = UnicodeAttribute()
    reply_to = UnicodeAttribute(null=True)
    from_name = UnicodeAttribute(null=True)
    tags = JSONAttribute()

    by_payer = InboxIndex()


class SandboxMailer:
    """See :class:`chalicelib.gateways.mail.Mailer`. Like SES, it accepts the same mail twice."""

    def send(self, mail: Mail, *, now: datetime) -> str:
        if settings().production:
            raise RuntimeError("the sandbox mailer sends nothing in production")
        mail_id = new_id("mail", at=now)
        MailRow(
            mail_id,
            payer=INBOX,
            at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            to=mail.to,
            subject=mail.subject,
            text=mail.text,
            html=mail.html,
            reply_to=mail.reply_to,
            from_name=mail.from_name,
            tags=dict(mail.tags),
        ).save()
        return mail_id


def kept() -> list[MailRow]:
    """All mails, in the order they were sent."""
    return list(MailRow.by_payer.query(INBOX))
