"""Settings: asked for when needed, wrong ones named."""

import re
from pathlib import Path

import pytest

from chalicelib import config
from chalicelib.config import MissingSetting, Settings
from chalicelib.services.accounts import accounts
from tests.builders import make_account

CODE = Path(config.__file__).parent
CONFIG = Path(config.__file__).read_text(encoding="utf-8")


def test_a_missing_variable_is_named_when_its_field_is_asked_for() -> None:
    settings = Settings(environment={})

    with pytest.raises(MissingSetting, match="ACCOUNTS_TABLE is not set"):
        _ = settings.accounts_table


def test_defaults_hold_where_nothing_is_set() -> None:
    settings = Settings(environment={"DUE_SHARDS": ""})

    assert (settings.due_shards, settings.events_kept_days, settings.card_parallel) == (16, 400, 8)
    assert settings.login_domain == "example.com"


def test_every_setting_is_read_by_something() -> None:
    """A switch that nothing asks for does nothing, whatever its page says."""
    code = "".join(file.read_text(encoding="utf-8") for file in CODE.rglob("*.py") if file.name != "config.py")
    names = [name for name in vars(Settings) if not name.startswith("_") and name != "environment"]

    unread = [name for name in names if not re.search(rf"settings\(\)\.{name}\b|\"{name}\"", code)]

    assert [name for name in unread if f"self.{name}" not in CONFIG] == []


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", "²"])
def test_a_count_is_a_whole_number_of_at_least_1(text: str) -> None:
    with pytest.raises(MissingSetting, match="DUE_SHARDS must be a whole number"):
        _ = Settings(environment={"DUE_SHARDS": text}).due_shards


def test_a_rate_may_be_0_for_no_limit() -> None:
    assert Settings(environment={"KEY_RATE": "0"}).key_rate == 0
    with pytest.raises(MissingSetting, match="KEY_RATE must be a whole number of at least 0"):
        _ = Settings(environment={"KEY_RATE": "-1"}).key_rate


@pytest.mark.parametrize(("stage", "production"), [("prod", True), ("dev", False), ("production", False)])
def test_only_prod_is_production(stage: str, production: bool) -> None:
    assert Settings(environment={"STAGE": stage}).production is production


def test_a_log_in_is_under_the_log_in_domain_unless_an_address_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def at(**environment: str) -> str:
        monkeypatch.setattr(accounts, "settings", lambda: Settings(environment))
        return accounts.login_url(make_account(name="acme"))

    assert at() == "https://acme.example.com"
    assert at(LOGIN_DOMAIN="accounts.example.org") == "https://acme.accounts.example.org"
    assert at(LOGIN_URL="http://{name}.localhost:4567") == "http://acme.localhost:4567"
