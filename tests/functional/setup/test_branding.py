"""A partner dresses an account for its client; over HTTP, on moto."""

from typing import Any

import pytest

from chalicelib.domain.setup.branding import foreground_on
from tests.functional.conftest import TRIAL, Api, Partner

BRANDING = {
    "product_name": "Bright Mail",
    "logo_url": "https://www.bright.example/logo.svg?v=2",
    "color": "#0b6e4f",
    "background_color": "#F4F7F5",
    "reply_to": "help@bright.example",
}
PLAIN = {
    "product_name": None,
    "logo_url": None,
    "color": "#1f3a5f",
    "background_color": "#ffffff",
    "reply_to": None,
}


@pytest.fixture
def path(partner: Partner) -> str:
    return f"/v1/accounts/{partner.create(plan=TRIAL)['id']}/branding"


def test_a_trial_is_plain_until_it_is_branded_and_again_when_the_branding_is_taken_away(
    partner: Partner, path: str
) -> None:
    assert partner.get(path) == PLAIN

    assert partner.ask("PUT", path, BRANDING).json == BRANDING
    assert partner.get(path) == BRANDING
    assert partner.ask("PUT", path, {}).json == PLAIN
    assert partner.get(path) == PLAIN


def test_a_change_of_branding_is_an_event_and_saying_it_again_is_none(api: Api, partner: Partner, path: str) -> None:
    for body in (BRANDING, BRANDING, BRANDING | {"color": "#000000"}):
        assert partner.ask("PUT", path, body).status == 200
    api.stream()

    second, first = partner.get("/v1/events?type=account.branding_changed")["data"]

    assert first["after"] == BRANDING
    assert (second["before"], second["after"]) == ({"color": "#0b6e4f"}, {"color": "#000000"})
    assert second["actor"].startswith("api_key:")


def test_only_what_was_seen_is_changed(partner: Partner, path: str) -> None:
    seen = partner.ask("GET", path).headers["ETag"]
    partner.ask("PUT", path, BRANDING)

    assert partner.ask("PUT", path, {}, If_Match=seen).code == "changed_meanwhile"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("logo_url", "http://www.bright.example/logo.svg"),
        ("logo_url", "https://user:word@bright.example/logo.svg"),
        ("logo_url", "https://127.0.0.1/logo.svg"),
        ("logo_url", "https://localhost/logo.svg"),
        ("logo_url", "https://www.bright.example/a;script-src *"),
        ("logo_url", 'https://www.bright.example/"><script>'),
        ("logo_url", "javascript:alert(1)"),
        ("logo_url", "https://www.bright.example/" + "a" * 500),
        ("color", "red"),
        ("color", "#12345"),
        ("color", "#12345g"),
        ("background_color", "#ffffff; background: url(//evil.example)"),
        ("reply_to", "help@bright.example\r\nBcc: all@evil.example"),
        ("reply_to", "help"),
        ("product_name", ""),
        ("product_name", "a" * 61),
        ("product_name", "Bright\x00Mail"),
        ("product_name", "Bright \u202eliaM"),
    ],
)
def test_what_could_break_a_page_or_a_mail_is_refused(partner: Partner, path: str, field: str, value: str) -> None:
    assert set(partner.ask("PUT", path, {field: value}).faults) == {field}


@pytest.mark.parametrize("name", ["مرحبا", "💌 Post", "O'Brien & <Sons>"])
def test_a_name_in_any_script_is_kept_as_it_is(partner: Partner, path: str, name: str) -> None:
    assert partner.ask("PUT", path, {"product_name": name}).json["product_name"] == name


@pytest.mark.parametrize(
    ("color", "on_it"), [("#ffffff", "#000000"), ("#000000", "#ffffff"), ("#1f3a5f", "#ffffff"), ("#ffd500", "#000000")]
)
def test_text_stays_readable_on_any_color(color: str, on_it: Any) -> None:
    assert foreground_on(color) == on_it
