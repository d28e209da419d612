"""Mails to people: the vendor's own, without anybody's branding."""

from datetime import datetime

from chalicelib.config import settings
from chalicelib.documents.mails.layout import Letter
from chalicelib.domain.texts import one_line
from chalicelib.gateways.choice import mailer
from chalicelib.gateways.mail import Mail


def product_name() -> str:
    """What the vendor calls the product."""
    return one_line(settings().product_name)


def send(letter: Letter, *, to: str, now: datetime) -> None:
    """Send a mail to one person."""
    mail = Mail(to=to, subject=letter.subject, text=letter.text, html=letter.html, from_name=product_name())
    mailer().send(mail, now=now)
