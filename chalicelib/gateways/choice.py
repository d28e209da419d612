"""Which card processor and which mailer this installation has (docs/running.md)."""

from functools import cache

from chalicelib.config import settings
from chalicelib.gateways.mail import Mailer
from chalicelib.gateways.payments import PaymentGateway


@cache
def payment_gateway() -> PaymentGateway:
    """The gateway of this installation (``Settings.payment_processor``); importing Stripe's package takes its time."""
    if settings().payment_processor == "stripe":
        from chalicelib.gateways.stripe_payments import StripePayments

        return StripePayments()

    from chalicelib.gateways.sandbox_payments import SandboxPayments

    return SandboxPayments()


@cache
def mailer() -> Mailer:
    """The mailer of this installation (``Settings.mailer``)."""
    if settings().mailer == "ses":
        from chalicelib.gateways.ses_mail import SesMailer

        return SesMailer()

    from chalicelib.gateways.sandbox_mail import SandboxMailer

    return SandboxMailer()
