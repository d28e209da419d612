"""Which pages of other origins may call the API: none, unless the installation names them."""

from collections.abc import Callable, Iterator

import pytest

from chalicelib.api import cors
from chalicelib.config import settings

PORTAL, OTHER = "https://portal.example.com", "https://portal.example.com.evil.example"
Allow = Callable[[str], None]


@pytest.fixture
def allow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Allow]:
    """Names the origins that the installation allows."""

    def allowed(origins: str) -> None:
        monkeypatch.setenv("CORS_ORIGINS", origins)
        settings.cache_clear()

    yield allowed
    monkeypatch.undo()
    settings.cache_clear()


def preflight(origin: str | None) -> dict[str, str]:
    """The headers of the answer to a browser that asks for a page of an origin."""
    sent = {} if origin is None else {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = cors.preflight({"httpMethod": "OPTIONS", "headers": sent})
    assert (answer["statusCode"], answer["body"]) == (204, "")
    headers: dict[str, str] = answer["headers"]
    return headers


def test_unless_origins_are_named_no_page_may_call(allow: Allow) -> None:
    allow("")

    assert cors.headers_for(PORTAL) == preflight(PORTAL) == {}


@pytest.mark.parametrize("origin", [OTHER, "http://portal.example.com", "null", "", None])
def test_another_origin_may_read_nothing(allow: Allow, origin: str | None) -> None:
    allow(PORTAL)

    assert cors.headers_for(origin) == preflight(origin) == {"Vary": "Origin"}


@pytest.mark.parametrize("named", [PORTAL, f"https://other.example,{PORTAL}"])
def test_a_named_origin_may_send_a_key_and_read_the_answer(allow: Allow, named: str) -> None:
    allow(named)

    headers = cors.headers_for(PORTAL)
    assert headers["Access-Control-Allow-Origin"] == PORTAL
    assert {"ETag", "Link", "Retry-After", "X-Request-Id"} <= set(headers["Access-Control-Expose-Headers"].split(", "))
    asked = preflight(PORTAL)
    assert asked["Access-Control-Allow-Origin"] == PORTAL
    assert {"Authorization", "Idempotency-Key", "If-Match"} <= set(asked["Access-Control-Allow-Headers"].split(", "))
    assert "PATCH" in asked["Access-Control-Allow-Methods"]


def test_cookies_are_never_let_in(allow: Allow) -> None:
    allow(PORTAL)

    assert "Access-Control-Allow-Credentials" not in preflight(PORTAL) | cors.headers_for(PORTAL)
