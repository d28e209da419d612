"""The cookies of pages, on the internet and on a developer's machine."""

from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.api.pages import forms


def call(base_url: str, cookie: str = "") -> Any:
    return SimpleNamespace(base_url=base_url, headers={"Cookie": cookie} if cookie else {})


def test_a_cookie_is_this_hosts_alone_and_never_goes_out_in_the_clear() -> None:
    header = forms.cookie(call("https://api.example.com"), "session-acme", "x.y.z", same_site="Strict")

    assert header == "__Host-session-acme=x.y.z; Path=/; HttpOnly; SameSite=Strict; Secure"


def test_on_a_developers_machine_it_works_without_tls() -> None:
    header = forms.cookie(call("http://localhost:4566/restapis/x"), "form", "x", same_site="Lax", seconds=0)

    assert header == "form=x; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"


@pytest.mark.parametrize(
    ("cookies", "value"),
    [("a=1; __Host-form=x=y; b", "x=y"), ("form=x", ""), ("__Host-form", ""), ("", ""), ("x__Host-form=1", "")],
)
def test_a_neighbours_cookie_is_not_taken_for_ours(cookies: str, value: str) -> None:
    assert forms.cookie_of(call("https://api.example.com", cookies), "form") == value
