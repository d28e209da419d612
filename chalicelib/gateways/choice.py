"""The card processor and the mailer of this installation (docs/running.md)."""

from functools import cache

from chalicelib.config import settings
from chalicelib.gateways.mail import Mailer
from chalicelib.gateways.payments import PaymentGateway


@cache
def payment_gateway() -> PaymentGateway:
    """The configured card processor (``Settings.payment_processor``). Importing Stripe's package is slow."""
    if settings().payment_processor == "stripe":
        from chalicelib.gateways.stripe_payments import StripePayments

        return StripePayments()

    from chalicelib.gateways.sandbox_payments import SandboxPayments

    return SandboxPayments()


@cache
def mailer() -> Mailer:
    """The configured mailer (``Settings.mailer``)."""
    if settings().mailer == "ses":
        from chalicelib.gateways.ses_mail import SesMailer

        return SesMailer()

    from chalicelib.gateways.sandbox_mail import SandboxMailer

    return SandboxMailer()
