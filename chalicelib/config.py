"""What the installation is told by its environment. The only module that reads it.

`chalice package` imports the app without the environment, so nothing is demanded before it is used: a missing variable
is an error that names it, raised when its field is asked for.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache


class MissingSetting(Exception):
    """A variable this installation needs is not set, or is not what it should be."""


class _Text:
    """A variable named like the field, in capitals; without a default it is needed."""

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
    """A variable that is a whole number of at least 1."""

    def __init__(self, default: int) -> None:
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self.variable = name.upper()

    def __get__(self, settings: "Settings", owner: type) -> int:
        text = settings.environment.get(self.variable) or str(self.default)
        if not (text.isascii() and text.isdigit() and int(text) > 0):
            raise MissingSetting(f"The environment variable {self.variable} must be a whole number of at least 1.")
        return int(text)


@dataclass(frozen=True)
class Settings:
    """One installation's settings; each field is the variable of the same name."""

    environment: Mapping[str, str]

    stage = _Text()

    accounts_table = _Text()
    names_table = _Text()
    partners_table = _Text()
    wallets_table = _Text()
    api_keys_table = _Text()
    billing_profiles_table = _Text()
    ledger_table = _Text()
    events_table = _Text()
    setups_table = _Text()
    idempotency_table = _Text()
    control_table = _Text()
    access_table = _Text()
    guards_table = _Text()
    notices_table = _Text()
    suppressions_table = _Text()
    sandbox_table = _Text()
    webhooks_table = _Text()
    deliveries_table = _Text()
    due_queue_url = _Text()
    notices_queue_url = _Text()
    event_bus = _Text()
    """The EventBridge bus on which the vendor hears of every event."""
    deliveries_queue_url = _Text()
    documents_bucket = _Text()
    render_invoice_function = _Text()
    """The function that draws invoices; only the API's function is told it."""

    send_password_reset_function = _Text()
    """The function that mails a link for a forgotten password; only the API's function is told it."""

    due_shards = _Count(16)
    """Partitions per sweep of the due index."""
    events_kept_days = _Count(400)
    deliveries_kept_days = _Count(30)
    """How long a delivery to a webhook can be looked up and repeated."""
    card_parallel = _Count(8)
    """Charges one worker has with the card processor at a time."""
    public_url = _Text("")
    """Where links into this API lead; empty, where it was asked."""
    login_domain = _Text("example.com")
    """An account's login is at https://<name>.<login_domain>."""
    login_url = _Text("")
    """Where it is instead, `{name}` in place of the account's name; empty where it is under `login_domain`."""

    product_name = _Text("Sublet")
    """What mails call the product that is resold, where no branding does."""
    mail_sender = _Text("notices@example.com")
    """The address mails come from; SES must have verified it, or its domain."""
    mail_configuration_set = _Text()
    """SES's configuration set; through it bounces and complaints come back."""
    master_key_parameter = _Text()
    """The parameter in SSM Parameter Store that holds the secret which keys for tokens are made from."""

    provisioning_url = _Text("")
    """Where the product's platform takes accounts to prepare; empty: there is none, accounts are ready at once."""
    provisioning_secret_parameter = _Text()
    """The parameter that holds the secret by which the platform knows who asks."""
    provisioning_hours = _Count(24)
    """How long the platform has to prepare an account."""

    stripe_key_parameter = _Text()
    """The parameter in SSM Parameter Store that holds Stripe's secret key."""
    stripe_webhook_secret_parameter = _Text()
    """The parameter that holds the secret Stripe signs its webhooks with."""
    stripe_api_base = _Text("https://api.stripe.com")
    """Another address only for tests."""

    @property
    def webhooks_on_this_machine(self) -> bool:
        """Whether webhooks may point at 127.0.0.1: only where that is somebody's own machine, and no cloud's."""
        return self.stage in {"local", "test"}

    @property
    def payment_processor(self) -> str:
        """``stripe`` or ``sandbox``: production charges real cards, everything else nobody unless it is told to."""
        chosen = self.environment.get("PAYMENT_PROCESSOR") or ("stripe" if self.production else "sandbox")
        if chosen not in {"stripe", "sandbox"}:
            raise MissingSetting("The environment variable PAYMENT_PROCESSOR must be stripe or sandbox.")
        if chosen == "sandbox" and self.production:
            raise MissingSetting("PAYMENT_PROCESSOR can't be sandbox in production: nobody would be charged.")
        return chosen

    @property
    def mailer(self) -> str:
        """``ses`` or ``sandbox``: only production sends mail to people, unless another stage is told to."""
        chosen = self.environment.get("MAILER") or ("ses" if self.production else "sandbox")
        if chosen not in {"ses", "sandbox"}:
            raise MissingSetting("The environment variable MAILER must be ses or sandbox.")
        if chosen == "sandbox" and self.production:
            raise MissingSetting("MAILER can't be sandbox in production: nobody would get a mail.")
        return chosen

    @property
    def production(self) -> bool:
        """Whether money is real and the clock can't be moved."""
        return self.stage == "prod"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process, read from the environment at the first call."""
    return Settings(environment=dict(os.environ))


class TableName:
    """The name of a table, asked of the settings when it is first needed, not at import."""

    def __init__(self, field: str) -> None:
        self._field = field

    def __get__(self, instance: object, owner: type) -> str:
        name: str = getattr(settings(), self._field)
        return name
