"""Lists: every thing once, in order, page by page; a cursor is good for its own partner and query only."""

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from chalice.test import Client

import app
from tests.conftest import reset_aws
from tests.functional.conftest import PLUS, SANDBOX, TRIAL, Api, Partner

NAMES = ["mango", "apple", "zebra", "fig", "quince", "banana", "kiwi"]


@pytest.fixture(scope="module")
def orchard(_mocked: None) -> Iterator[Partner]:
    """A partner with accounts of all kinds, made once: nothing here changes them."""
    reset_aws()
    with Client(app.app) as client:
        api = Api(client)
        api.at(datetime(2026, 11, 21, 15, 0, tzinfo=UTC))
        partner = api.partner()
        other = api.partner()
        other.create(name="not-mine", plan=TRIAL)
        for number, name in enumerate(NAMES):
            plan = (PLUS, TRIAL, SANDBOX)[number % 3]
            account = partner.create(name=name, plan=plan)
            if name == "fig":
                partner.post(f"/v1/accounts/{account['id']}/cancel")
            partner.buy(1000 + number)
        api.stream()
        yield partner


def names(partner: Partner, query: str) -> list[str]:
    return [account["name"] for account in partner.all(f"/v1/accounts?{query}")]


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("sort", ["name", "created_at"])
def test_every_account_comes_once_and_in_order(orchard: Partner, sort: str, order: str, limit: int) -> None:
    expected = sorted(NAMES) if sort == "name" else NAMES

    found = names(orchard, f"sort={sort}&order={order}&limit={limit}")

    assert found == (expected if order == "asc" else expected[::-1])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", NAMES),
        ("status=active", ["mango", "apple", "zebra", "quince", "banana", "kiwi"]),
        ("status=canceled", ["fig"]),
        ("status=archived", []),
        ("plan=plus", ["mango", "fig", "kiwi"]),
        ("plan=trial", ["apple", "quince"]),
        ("plan=sandbox", ["zebra", "banana"]),
        ("plan=enterprise", []),
        ("plan=plus&status=active", ["mango", "kiwi"]),
    ],
)
@pytest.mark.parametrize("limit", [1, 50])
def test_filters_choose(orchard: Partner, query: str, expected: list[str], limit: int) -> None:
    assert names(orchard, f"{query}&limit={limit}") == expected


def test_a_row_is_the_account_itself(orchard: Partner) -> None:
    for account in orchard.all("/v1/accounts"):
        assert orchard.get(f"/v1/accounts/{account['id']}") == account


@pytest.mark.parametrize(
    "path",
    [
        "/v1/accounts",
        "/v1/accounts?sort=name&order=desc",
        "/v1/accounts?plan=plus",
        "/v1/invoices",
        "/v1/invoices?status=paid&from=2026-11-21&to=2026-11-21",
        "/v1/events",
        "/v1/events?type=billing_profile.created",
        "/v1/credits/prepaid/transactions",
        "/v1/billing-profiles",
    ],
)
def test_small_pages_make_the_whole_list(orchard: Partner, path: str) -> None:
    joint = "&" if "?" in path else "?"

    whole = orchard.get(f"{path}{joint}limit=100")

    assert whole["next_cursor"] is None
    assert len(whole["data"]) > 2
    assert orchard.all(f"{path}{joint}limit=3") == whole["data"]
    assert orchard.all(f"{path}{joint}limit={len(whole['data'])}") == whole["data"]


def test_invoices_are_filtered_by_local_day(orchard: Partner) -> None:
    def count(query: str) -> int:
        return len(orchard.all(f"/v1/invoices?{query}"))

    assert count("from=2026-11-21") == count("to=2026-11-21") == 3
    assert count("from=2026-11-22") == count("to=2026-11-20") == 0


class TestCursors:
    @pytest.fixture
    def cursor(self, orchard: Partner) -> str:
        cursor: str = orchard.get("/v1/accounts?limit=2&sort=name")["next_cursor"]
        return cursor

    def refused(self, partner: Partner, path: str, cursor: str) -> None:
        answer = partner.ask("GET", f"{path}{'&' if '?' in path else '?'}cursor={quote(cursor)}")
        assert (answer.status, answer.code) == (400, "invalid_cursor")

    def test_may_change_the_size_of_the_page(self, orchard: Partner, cursor: str) -> None:
        page = orchard.get(f"/v1/accounts?limit=3&sort=name&cursor={quote(cursor)}")

        assert [account["name"] for account in page["data"]] == ["fig", "kiwi", "mango"]

    @pytest.mark.parametrize(
        "path",
        [
            "/v1/accounts",
            "/v1/accounts?sort=name&order=desc",
            "/v1/accounts?sort=name&status=active",
            "/v1/accounts?sort=name&plan=plus",
            "/v1/invoices",
            "/v1/api-keys",
        ],
    )
    def test_is_no_good_for_another_query(self, orchard: Partner, cursor: str, path: str) -> None:
        self.refused(orchard, path, cursor)

    def test_is_no_good_for_another_partner(self, orchard: Partner, cursor: str) -> None:
        self.refused(orchard.api.partner(), "/v1/accounts?sort=name", cursor)

    def test_is_no_good_cut_or_changed_anywhere(self, orchard: Partner, cursor: str) -> None:
        for place in range(0, len(cursor), 5):
            other = "A" if cursor[place] != "A" else "B"
            self.refused(orchard, "/v1/accounts?sort=name", cursor[:place] + other + cursor[place + 1 :])
            self.refused(orchard, "/v1/accounts?sort=name", cursor[:place])
        self.refused(orchard, "/v1/accounts?sort=name", cursor + cursor)

    def test_goes_on_where_it_was_though_accounts_came(self, orchard: Partner) -> None:
        partner = orchard.api.partner()
        for name in ("bbb", "ddd", "fff"):
            partner.create(name=name, plan=SANDBOX)
        page = partner.get("/v1/accounts?sort=name&limit=2")
        partner.create(name="aaa", plan=SANDBOX)
        partner.create(name="eee", plan=SANDBOX)

        rest = partner.get(f"/v1/accounts?sort=name&cursor={quote(page['next_cursor'])}")

        assert [account["name"] for account in rest["data"]] == ["eee", "fff"]
