"""The card processor's secrets, from SSM Parameter Store."""

from chalicelib.config import settings
from chalicelib.gateways import secrets
from chalicelib.gateways.payments import ProcessorMisconfigured


def stripe_key() -> str:
    """Stripe's secret key. A live key outside production and a test key in it are refused."""
    parameter = settings().stripe_key_parameter
    key = _read(parameter)
    wrong = "_test_" if settings().production else "_live_"
    if wrong in key[:16]:
        raise ProcessorMisconfigured(
            f"The key in {parameter} is one for {wrong.strip('_')} mode, but the stage is {settings().stage}."
        )
    return key


def stripe_webhook_secret() -> str:
    """The secret Stripe signs its webhooks with."""
    return _read(settings().stripe_webhook_secret_parameter)


def _read(parameter: str) -> str:
    try:
        return secrets.read(parameter)
    except secrets.SecretMissing as missing:
        raise ProcessorMisconfigured(str(missing)) from missing
