"""Which path leads to which module, and what the portal's own address is."""

from inspect import signature
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.api.call import _base_url
from chalicelib.portal import site
from chalicelib.portal.declared import Pages

TABLE = {
    "accounts": "overview",
    "accounts/new": "new",
    "accounts/{account_id}": "account",
    "accounts/{account_id}/plan": "plan",
    "home": "home",
}


@pytest.fixture
def _table(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(site, "MODULES", TABLE)
    site._starts.cache_clear()
    yield
    site._starts.cache_clear()


@pytest.mark.usefixtures("_table")
@pytest.mark.parametrize(
    ("path", "module", "leads"),
    [
        ("accounts", "overview", True),
        ("accounts/new", "new", True),
        ("accounts/new/quote", "new", False),
        ("accounts/acct_1", "account", True),
        ("accounts/acct_1/usage", "account", False),
        ("accounts/acct_1/plan", "plan", True),
        ("accounts/acct_1/plan/preview", "plan", False),
        ("account", None, False),
        ("", None, False),
    ],
)
def test_the_longest_beginning_counts_and_fixed_segments_before_variables(
    path: str, module: str | None, leads: bool
) -> None:
    assert (site.module_of(path), site.leads(path)) == (module, leads)


def test_every_module_in_the_table_has_pages_and_every_page_leads_to_its_module() -> None:
    for module in set(site.MODULES.values()):
        for page in site.pages_of(module):
            assert site.module_of(page.path) == module, page.path


def test_a_page_that_only_shows_needs_no_right_to_change() -> None:
    with pytest.raises(ValueError, match="scope is read"):
        Pages().get("things", scope="write")


@pytest.mark.parametrize(
    ("context", "base"),
    [
        (
            {"domainName": "x.execute-api.us-east-1.amazonaws.com", "path": "/prod/portal/a/b"},
            "https://x.execute-api.us-east-1.amazonaws.com/prod",
        ),
        ({"domainName": "portal.example", "path": "/portal/a/b"}, "https://portal.example"),
        ({"domainName": "portal.example", "path": "/portal/portal/a/b"}, "https://portal.example/portal"),
    ],
)
def test_the_address_is_found_behind_the_greedy_route(context: dict[str, str], base: str) -> None:
    request = SimpleNamespace(context={"resourcePath": "/portal/{proxy+}", **context}, uri_params={"proxy": "a/b"})

    assert _base_url(request.context, {}, request.uri_params) == base


def test_a_page_and_the_page_it_is_shown_on_again_take_the_variables_of_its_path() -> None:
    pages = [page for module in set(site.MODULES.values()) for page in site.pages_of(module)]

    for page in pages:
        given = {segment[1:-1]: "x" for segment in page.segments if segment.startswith("{")}
        for handler in (page.handler, page.again or page.handler):
            signature(handler).bind(object(), **given)  # TypeError: a refusal would be an error of ours
