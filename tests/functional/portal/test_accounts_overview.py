"""The overview of accounts: columns of one's choice, any filter of the API's, views that keep both, and its weight."""

import re
from dataclasses import replace
from datetime import date

import pytest

from chalicelib.domain.accounts.accounts import Account, Cancellation, Client, PendingChange
from chalicelib.portal.pages.accounts import overview_columns
from chalicelib.services.accounts import overview
from tests.builders import NOW, make_account, make_plan
from tests.counting import requests_counted
from tests.functional.conftest import OPERATOR, SANDBOX, TRIAL, Api
from tests.functional.portal.conftest import signed_in

MOST_BYTES = 100_000


def long_account(number: int) -> Account:
    """An account whose texts are as long as those of few."""
    name = f"the-quite-long-name-of-an-account-that-a-client-has-{number:03}"
    return make_account(
        id=f"acct_01kb5v8f3wq7z2m9x4c6t1r{number:03}",
        name=name,
        client=Client("Featherstonehaugh & Sons Dentistry", f"front-desk.{number}@featherstonehaugh.example"),
        notification_email=f"accounts+notices-{number}@bright-agency.example",
        time_zone="America/Argentina/Buenos_Aires",
        custom_domain=f"mail.{name}.example",
        metadata={"team": "red" * 20, "manager": "Anna-Maria von Hohenstein", "since": "2021", "more": "x" * 400},
        disabled_message="Call us before you log in again. " * 10,
        pending_change=PendingChange(make_plan(tier="professional"), NOW),
        cancellation=Cancellation(None, False, date(2026, 3, 31)),
    )


def test_a_page_of_the_overview_is_light(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = [replace(long_account(number), partner_id="prt_1") for number in range(50)]
    monkeypatch.setattr(overview, "list_accounts", lambda *, limit, **_: (accounts[:limit], None))
    visitor = signed_in(api.partner().id)
    some, every = (",".join(overview_columns.COLUMNS[:most]) for most in (12, None))

    usual, more, all_of_them = (
        visitor.get(path).html for path in ("accounts", f"accounts?columns={some}", f"accounts?columns={every}")
    )

    assert [html.count("data-menu") for html in (usual, more, all_of_them)] == [50, 50, 25]
    assert len(usual.encode()) < 75_000
    assert max(len(html.encode()) for html in (more, all_of_them)) < MOST_BYTES


def test_columns_are_chosen_in_the_address_and_kept_in_a_view(api: Api) -> None:
    partner = api.partner()
    partner.create(name="blue-door", plan=TRIAL, country="AT", metadata={"team": "red <b>"})
    visitor = signed_in(partner.id)

    page = visitor.get("accounts?columns=name&columns=country&columns=metadata")

    assert re.findall(r"<th [^>]*>(?:<a [^>]*>)?([^<]+)", page.html) == ["Account", "Country", "Metadata"]
    assert "AT team: red <b>" in page.text
    assert 'name="columns" value="country" checked' in page.html
    assert 'name="columns" value="plan" checked' not in page.html
    assert 'href="accounts?columns=name,country,metadata&amp;sort=name&amp;order=desc"' in page.html
    usual = visitor.get("accounts?columns=name,status,plan,price_per_cycle,renews_at,created_at")
    assert usual.headers["HX-Push-Url"] == "/portal/accounts"
    form = {"name": "Countries", "columns": "name,country,metadata", "filters.metadata.team": "red <b>"}
    saved = visitor.post("accounts/views", form)
    kept = "metadata.team=red+%3Cb%3E&columns=name,country,metadata&sort=created_at&order=asc"
    assert saved.headers["Location"] == f"../accounts?{kept}&done=view_saved"
    assert f"accounts?{kept}".replace("&", "&amp;") in visitor.get("accounts").html
    assert visitor.get("accounts?columns=colour").status == 422


def test_any_filter_is_added_filled_and_taken_away(api: Api) -> None:
    partner = api.partner()
    partner.create(name="blue-door", plan=TRIAL, country="AT", metadata={"team": "red", "a": "b=c"})
    partner.create(name="green-hill", plan=SANDBOX, country="DE")
    visitor = signed_in(partner.id)

    added = visitor.get("accounts?q=&columns=name&columns=plan&show=country&show=metadata")
    assert re.search(r'id="f-country"[^>]* autofocus', added.html)
    assert 'placeholder="team=red"' in added.html
    assert "green-hill" in added.text
    filled = visitor.get("accounts?country=AT&metadata=team%3Dred&metadata=a%3Db%3Dc&created_from=&created_to=")
    assert ("blue-door" in filled.text, "green-hill" in filled.text) == (True, False)
    assert (
        filled.headers["HX-Push-Url"] == "/portal/accounts?country=AT&metadata.team=red&metadata.a=b%3Dc&show=created"
    )
    assert 'value="team=red"' in filled.html
    assert 'name="filters.metadata.team" value="red"' in filled.html
    part = visitor.part("accounts?country=AT&metadata.team=red&drop=metadata.team&drop=country", "list")
    assert part.headers["HX-Push-Url"] == "/portal/accounts"
    assert 'href="accounts.csv"' in part.html


def test_a_fault_of_a_filter_is_beside_its_field(api: Api) -> None:
    visitor = signed_in(api.partner().id)
    faulty = (
        "columns=name,id&country=Austria&created_from=2026-02-01&created_to=2026-01-01&metadata=red&expires_to=soon"
    )

    page = visitor.get(f"accounts?{faulty}")

    assert page.status == 422
    assert "country=Austria" in page.headers["HX-Push-Url"]
    wrong = re.findall(r'id="(f-[\w-]+)"[^>]* aria-invalid="true"', page.html)
    assert wrong == ["f-country", "f-created_to", "f-expires_to", "f-metadata"]
    assert "Must be a key and its value, such as team=red" in page.text
    assert "Created to: must not be before" in page.text
    assert 'type="text" name="expires_to" value="soon"' in page.html
    assert "hx-get" not in page.html.partition('id="filters"')[2].partition(">")[0]
    part = visitor.part(f"accounts?{faulty}", "list")
    assert part.headers["HX-Redirect"].startswith("/portal/accounts?columns=name,id&country=Austria")
    assert visitor.get("accounts?metadata=a%3Db&metadata.c=d&metadata.e=f").status == 200
    assert visitor.get("accounts?payment_state=late&show=metadata").status == 422
    assert visitor.get("accounts.csv?metadata=x").status == 422


def test_the_first_page_says_how_accounts_stand_by_one_reading_of_them(api: Api) -> None:
    partner = api.partner()
    managed = partner.create(name="blue-door", plan=TRIAL)
    partner.create(name="green-hill", plan=SANDBOX)
    quoted = partner.post(
        "/v1/service-requests",
        {"account_id": managed["id"], "kind": "migration", "description": "Move <b> 300 contacts"},
    )
    quote = {"status": "quoted", "price": 12_300}
    api.ask("PATCH", f"/v1/operator/service-requests/{quoted.json['id']}", quote, key=OPERATOR)
    partner.post(f"/v1/accounts/{managed['id']}/disable", {})
    visitor = signed_in(partner.id)
    visitor.get("home")  # gives the invite link its name

    with requests_counted() as asked:
        page = visitor.get("home")

    assert sorted(asked) == [
        *("GetItem partners", "GetItem partners", "GetItem people", "GetItem setups", "GetItem wallets"),
        *("Query accounts", "Query accounts", "Query setups"),  # the overview index and the transfers; the quotes
    ]
    assert "Active 1 Disabled 1 As of" in page.text
    assert "Quote Move <b> 300 contacts 123.00 USD" in page.text
    assert re.search(r'data-copy="http://portal.example/public/invites/[^"]+"', page.html)
