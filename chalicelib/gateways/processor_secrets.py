"""The processors' keys: the secret ones from SSM Parameter Store, the one for browsers from the settings."""

from chalicelib.config import settings
from chalicelib.gateways import payouts, secrets
from chalicelib.gateways.payments import ProcessorMisconfigured


def stripe_key() -> str:
    """Stripe's secret key. A live key outside production and a test key in it are refused."""
    parameter = settings().stripe_key_parameter
    key = _read(parameter)
    _refuse_other_mode(key, name=f"The key in {parameter}")
    return key


def stripe_publishable_key() -> str | None:
    """Stripe's key for browsers, in which cards are entered; None if there is none. Checked like the secret key."""
    key = settings().stripe_publishable_key
    if not key:
        return None
    if not key.startswith("pk_"):
        raise ProcessorMisconfigured("STRIPE_PUBLISHABLE_KEY must begin with pk_: only that key is for browsers.")
    _refuse_other_mode(key, name="STRIPE_PUBLISHABLE_KEY")
    return key


def stripe_webhook_secret() -> str:
    """The secret Stripe signs its webhooks with."""
    return _read(settings().stripe_webhook_secret_parameter)


def paypal_credentials() -> str:
    """Our client id and secret at PayPal, `id:secret`."""
    parameter = settings().paypal_credentials_parameter
    try:
        credentials = secrets.read(parameter)
    except secrets.SecretMissing as missing:
        raise payouts.ProcessorMisconfigured(str(missing)) from missing
    if ":" not in credentials:
        raise payouts.ProcessorMisconfigured(f"{parameter} must hold PayPal's client id and secret as id:secret.")
    return credentials


def _refuse_other_mode(key: str, *, name: str) -> None:
    wrong = "_test_" if settings().production else "_live_"
    if wrong in key[:16]:
        raise ProcessorMisconfigured(f"{name} is one for {wrong.strip('_')} mode, but the stage is {settings().stage}.")


def _read(parameter: str) -> str:
    try:
        return secrets.read(parameter)
    except secrets.SecretMissing as missing:
        raise ProcessorMisconfigured(str(missing)) from missing
