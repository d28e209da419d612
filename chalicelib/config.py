"""The settings of an installation. This is the only module that reads environment variables.

`chalice package` imports the app without them, so a missing variable is an error only when its setting is first read.
The error names the variable.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache


class MissingSetting(Exception):
    """A variable that this installation needs is not set or has an invalid value."""


class _Text:
    """A variable with the field's name in capitals. It is required if there is no default."""

    def __init__(self, default: str | None = None) -> None:
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self.variable = name.upper()

    def __get__(self, settings: "Settings", owner: type) -> str:
        value = settings.environment.get(self.variable) or self.default
        if value is None:
            raise MissingSetting(f"The environment variable {self.variable} is not set.")
        return value


class _Count:
    """A variable that holds a whole number of at least 1, or of another ``least``."""

    def __init__(self, default: int, *, least: int = 1) -> None:
        self.default = default
        self.least = least

    def __set_name__(self, owner: type, name: str) -> None:
        self.variable = name.upper()

    def __get__(self, settings: "Settings", owner: type) -> int:
        text = settings.environment.get(self.variable) or str(self.default)
        if not (text.isascii() and text.isdigit() and int(text) >= self.least):
            must_be = f"a whole number of at least {self.least}"
            raise MissingSetting(f"The environment variable {self.variable} must be {must_be}.")
        return int(text)


@dataclass(frozen=True)
class Settings:
    """The settings of one installation; each field is the environment variable of the same name."""

    environment: Mapping[str, str]

    stage = _Text()

    accounts_table = _Text()
    names_table = _Text()
    partners_table = _Text()
    wallets_table = _Text()
    api_keys_table = _Text()
    billing_profiles_table = _Text()
    ledger_table = _Text()
    earnings_table = _Text()
    events_table = _Text()
    setups_table = _Text()
    idempotency_table = _Text()
    control_table = _Text()
    access_table = _Text()
    guards_table = _Text()
    people_table = _Text()
    notices_table = _Text()
    suppressions_table = _Text()
    sandbox_table = _Text()
    webhooks_table = _Text()
    deliveries_table = _Text()
    due_queue_url = _Text()
    notices_queue_url = _Text()
    event_bus = _Text()
    """The EventBridge bus to which every event is sent, for the vendor."""
    deliveries_queue_url = _Text()
    documents_bucket = _Text()
    render_invoice_function = _Text()
    """The Lambda function that draws invoices; set for the API's function only."""

    send_password_reset_function = _Text()
    """The Lambda function that mails password reset links; set for the API's function only."""

    due_shards = _Count(16)
    """Partitions per sweep of the due index."""
    events_kept_days = _Count(400)
    deliveries_kept_days = _Count(30)
    """How long a delivery to a webhook can be looked up and repeated."""
    card_parallel = _Count(8)
    """How many charges a worker sends to the card processor at the same time."""

    key_rate = _Count(50, least=0)
    """Requests a second that one API key may send; 0 is no limit."""
    key_burst = _Count(100)
    """Requests that it may send at once after a pause."""
    address_rate = _Count(10, least=0)
    """Requests a second that one network address may send to one public route; 0 is no limit."""
    address_burst = _Count(50)

    @property
    def charges_looked_up(self) -> bool:
        """Whether the card processor is asked about each charge before it is made: for a month after a restore."""
        return self.environment.get("CHARGES_LOOKED_UP") == "yes"

    public_url = _Text("")
    """The base of links into this API. If empty, it is taken from the request."""
    api_url = _Text("")
    """The API's own address, for functions that no request tells it: set for those that mail notices only."""

    @property
    def link_base(self) -> str:
        """The base of links that no request leads to; empty if this function isn't told."""
        return self.public_url or self.api_url

    @property
    def cors_origins(self) -> frozenset[str]:
        """The origins whose pages may call the API from browsers, besides its own."""
        return frozenset(filter(None, self.environment.get("CORS_ORIGINS", "").split(",")))

    login_domain = _Text("example.com")
    """An account's login is at https://<name>.<login_domain>."""
    login_url = _Text("")
    """The login's URL if it is elsewhere, with `{name}` for the account's name. If empty, `login_domain` is used."""

    @property
    def login_pattern(self) -> str:
        """The login's URL, with `{name}` for the account's name."""
        return self.login_url or "https://{name}." + self.login_domain

    product_name = _Text("Sublet")
    """The name of the resold product in mails, if the branding has none."""
    mail_sender = _Text("notices@example.com")
    """The sender of mails. SES must have verified the address or its domain."""
    mail_configuration_set = _Text()
    """The SES configuration set, which reports bounces and complaints."""
    master_key_parameter = _Text()
    """The parameter in SSM Parameter Store with the secret from which the keys of tokens are derived."""

    provisioning_url = _Text("")
    """The URL where the product's platform is asked to prepare accounts. If empty, accounts are ready at once."""
    provisioning_secret_parameter = _Text()
    """The parameter with the secret that authenticates requests to the platform."""
    provisioning_hours = _Count(24)
    """How many hours the platform has to prepare an account."""

    stripe_key_parameter = _Text()
    """The parameter in SSM Parameter Store with Stripe's secret key."""
    stripe_webhook_secret_parameter = _Text()
    """The parameter with the secret with which Stripe signs its webhooks."""
    stripe_publishable_key = _Text("")
    """Stripe's key for browsers (`pk_…`), no secret. If empty, no card can be entered on our pages."""
    stripe_api_base = _Text("https://api.stripe.com")
    """Changed in tests only."""

    paypal_credentials_parameter = _Text()
    """The parameter with our client id and secret at PayPal, `id:secret`."""
    paypal_webhook_id = _Text("")
    """PayPal's id of our webhook there, no secret. If empty, its webhooks are refused."""

    @property
    def paypal_api_base(self) -> str:
        """Where PayPal is asked: money moves only in production. Set in tests only."""
        host = "api-m.paypal.com" if self.production else "api-m.sandbox.paypal.com"
        return self.environment.get("PAYPAL_API_BASE") or f"https://{host}"

    @property
    def webhooks_on_this_machine(self) -> bool:
        """Whether webhooks may point to 127.0.0.1: only if the stage runs on a developer's machine."""
        return self.stage in {"local", "test"}

    @property
    def payment_processor(self) -> str:
        """``stripe`` or ``sandbox``. Only production charges real cards, unless another stage is configured to."""
        chosen = self.environment.get("PAYMENT_PROCESSOR") or ("stripe" if self.production else "sandbox")
        if chosen not in {"stripe", "sandbox"}:
            raise MissingSetting("The environment variable PAYMENT_PROCESSOR must be stripe or sandbox.")
        if chosen == "sandbox" and self.production:
            raise MissingSetting("PAYMENT_PROCESSOR can't be sandbox in production: nobody would be charged.")
        return chosen

    @property
    def payout_processor(self) -> str:
        """``paypal`` or ``sandbox``. Only production pays anybody, unless another stage is configured to."""
        chosen = self.environment.get("PAYOUT_PROCESSOR") or ("paypal" if self.production else "sandbox")
        if chosen not in {"paypal", "sandbox"}:
            raise MissingSetting("The environment variable PAYOUT_PROCESSOR must be paypal or sandbox.")
        if chosen == "sandbox" and self.production:
            raise MissingSetting("PAYOUT_PROCESSOR can't be sandbox in production: nobody would be paid.")
        return chosen

    @property
    def mailer(self) -> str:
        """``ses`` or ``sandbox``. Only production sends mail to people, unless another stage is configured to."""
        chosen = self.environment.get("MAILER") or ("ses" if self.production else "sandbox")
        if chosen not in {"ses", "sandbox"}:
            raise MissingSetting("The environment variable MAILER must be ses or sandbox.")
        if chosen == "sandbox" and self.production:
            raise MissingSetting("MAILER can't be sandbox in production: nobody would get a mail.")
        return chosen

    @property
    def production(self) -> bool:
        """Whether this is production: money is real and the clock cannot be moved."""
        return self.stage == "prod"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process. The environment is read at the first call."""
    return Settings(environment=dict(os.environ))


class TableName:
    """The name of a table, read from the settings when it is needed, not at import."""

    def __init__(self, field: str) -> None:
        self._field = field

    def __get__(self, instance: object, owner: type) -> str:
        name: str = getattr(settings(), self._field)
        return name
