"""The processors and the mailer of this installation (docs/running.md)."""

from functools import cache
from typing import TYPE_CHECKING

from chalicelib.config import settings
from chalicelib.gateways.mail import Mailer
from chalicelib.gateways.payments import PaymentGateway
from chalicelib.gateways.payouts import PayoutGateway

if TYPE_CHECKING:
    from chalicelib.gateways.paypal_payouts import PayPalPayouts


@cache
def payment_gateway() -> PaymentGateway:
    """The configured card processor (``Settings.payment_processor``). Importing Stripe's package is slow."""
    if settings().payment_processor == "stripe":
        from chalicelib.gateways.stripe_payments import StripePayments

        return StripePayments()

    from chalicelib.gateways.sandbox_payments import SandboxPayments

    return SandboxPayments()


@cache
def payout_gateway() -> PayoutGateway:
    """The configured payout processor (``Settings.payout_processor``)."""
    if settings().payout_processor == "paypal":
        return paypal_payouts()

    from chalicelib.gateways.sandbox_payouts import SandboxPayouts

    return SandboxPayouts()


@cache
def paypal_payouts() -> "PayPalPayouts":
    """PayPal, with the credentials and the webhook of this installation."""
    from chalicelib.gateways import processor_secrets
    from chalicelib.gateways.paypal_client import PayPalClient
    from chalicelib.gateways.paypal_payouts import PayPalPayouts

    client = PayPalClient(settings().paypal_api_base, processor_secrets.paypal_credentials)
    return PayPalPayouts(client, settings().paypal_webhook_id)


@cache
def mailer() -> Mailer:
    """The configured mailer (``Settings.mailer``)."""
    if settings().mailer == "ses":
        from chalicelib.gateways.ses_mail import SesMailer

        return SesMailer()

    from chalicelib.gateways.sandbox_mail import SandboxMailer

    return SandboxMailer()
