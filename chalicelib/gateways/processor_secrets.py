"""The card processor's secrets, from SSM Parameter Store. They are read when needed and written nowhere."""

from chalicelib.config import settings
from chalicelib.gateways.payments import ProcessorMisconfigured

_CACHED_SECONDS = 300
"""A key that was rolled is in use after at most this long; until then the processor has to take both."""


def stripe_key() -> str:
    """Stripe's secret key. A live key outside production and a test key in it are refused before they do harm."""
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


def _read(name: str) -> str:
    from aws_lambda_powertools.utilities import parameters  # brings boto3 along

    try:
        secret = parameters.get_parameter(name, decrypt=True, max_age=_CACHED_SECONDS)
    except parameters.GetParameterError as error:
        raise ProcessorMisconfigured(f"The parameter {name} can't be read.") from error
    if not isinstance(secret, str) or not secret.strip():
        raise ProcessorMisconfigured(f"The parameter {name} is empty.")
    return secret.strip()
