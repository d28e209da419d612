"""Every operation of the document, asked by everybody who may not: all are refused, and nothing changes. Counted.

The table of how many were tried is in docs/tenancy.md. A new operation is tried without a line here; the table then has
to be brought up to date, with what this test says.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from chalice.test import Client

import app
from chalicelib.api import clock
from chalicelib.api.declared import Route
from chalicelib.services.accounts import accounts
from chalicelib.services.clients import password_resets
from chalicelib.services.transfers import consent_links, owners, transfers
from tests.conftest import reset_aws
from tests.functional.conftest import OPERATOR, PASSWORD, TRIAL, Answer, Api, LoggedIn, Partner, table_rows
from tests.functional.estates import Estate
from tests.functional.routes import DOCUMENT, NOT_IN_THE_PROGRAM, ROUTES, filled, named, valid_body

PAGE = Path(__file__).parents[3] / "docs" / "tenancy.md"
NOBODY, UNKNOWN, ENDED, SCOPE, KEY, SESSION, LINK, FOREIGN = (
    *("no key", "unknown key", "revoked or expired key", "key without the scope", "another kind's key"),
    *("another kind's session", "token of a link", "another's id"),
)
CASES = (NOBODY, UNKNOWN, ENDED, SCOPE, KEY, SESSION, LINK, FOREIGN)
READ, WRITE, BILLING, OPERATORS, CLIENTS, PAGES, LINKS, OPEN = (
    *("partners, `read`", "partners, `write`", "partners, `billing`", "operators", "clients, by session"),
    *("clients' pages, by cookie", "whoever has a link", "anybody"),
)
KINDS = (READ, WRITE, BILLING, OPERATORS, CLIENTS, PAGES, LINKS, OPEN)
OF_SCOPES = {"read": READ, "write": WRITE, "billing": BILLING, "operator": OPERATORS, "client": CLIENTS}
OPEN_UNDER_A_NAME = ("/login", "/forgotten-password", "/logout")
"""An account's pages that ask for no session: there is nothing to log out of without one."""
OF_LINKS = {"login-links": "login link", "password-resets": "reset", "management-requests": "permission"}
ATTEMPTS = "sublet-guards"
"""Counts attempts by whoever made them."""


@dataclass(frozen=True)
class Callers:
    """All who may ask for something, and have no right to ask for the rest: keys, sessions, tokens of links."""

    theirs: Estate
    stranger: Partner
    without: dict[str, str]
    ended_keys: tuple[str, ...]
    client: LoggedIn
    their_client: LoggedIn
    sessions: dict[str, str]
    links: dict[str, str]

    @classmethod
    def of(cls, api: Api) -> "Callers":
        theirs, stranger = Estate.of(api), api.partner()
        api.stream()
        deliveries = theirs.partner.get(f"/v1/webhooks/{theirs.ids['webhook_id']}/deliveries")["data"]
        theirs.ids |= {"delivery_id": deliveries[0]["id"], "partner_id": theirs.partner.id}
        scopes = {"read", "write", "billing"}
        made = Callers(
            theirs=theirs,
            stranger=stranger,
            without={scope: key(stranger, scopes - {scope}) for scope in scopes},
            ended_keys=(*ended_keys(api, stranger), revoked(api, "/v1/operator/api-keys", OPERATOR)),
            client=stranger.client,
            their_client=theirs.partner.client,
            sessions=sessions(api, stranger),
            links=links(api, stranger),
        )
        for used in (stranger.key, OPERATOR, *made.without.values()):
            api.ask("GET", "/v1/partner", key=used)  # its first use is written down
        return made


@pytest.fixture(scope="module")
def callers(_mocked: None) -> Iterator[Callers]:
    reset_aws()
    with Client(app.app) as client:
        yield Callers.of(Api(client))


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_may_not_ask_is_refused(callers: Callers, kind: str, tried: Counter[tuple[str, str]]) -> None:
    before = rows()

    tried += try_everything(callers, kind)

    assert rows() == before


def try_everything(callers: Callers, kind: str) -> Counter[tuple[str, str]]:
    """Have everybody who may not ask for operations of a kind ask for each; how many were refused, by case."""
    refused: Counter[tuple[str, str]] = Counter()
    for route in [route for route in ROUTES if kind_of(route) == kind]:
        for case, answer, expected in asked(callers, route):
            assert (answer.status, code_of(answer)) in expected, (named(route), case, answer.text)
            assert "ecret" not in answer.text
            assert f'"needed_scope":"{route.scope}"' in answer.text or "insufficient_scope" not in answer.text
            refused[kind, case] += 1
    return refused


def test_every_operation_of_the_document_is_among_them() -> None:
    documented = {(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods}

    assert documented == {(route.method, route.path) for route in ROUTES}


def test_the_table_says_how_much_was_tried(callers: Callers, tried: Counter[tuple[str, str]]) -> None:
    for kind in set(KINDS) - {kind for kind, _ in tried} - {OPEN}:
        tried += try_everything(callers, kind)  # not tried above, as this test runs alone

    assert table(tried) in PAGE.read_text(encoding="utf-8"), f"Put this into {PAGE.name}:\n{table(tried)}"


@pytest.fixture(scope="module")
def tried() -> Counter[tuple[str, str]]:
    return Counter()


Expected = set[tuple[int, str]]
NO_KEY: Expected = {(401, "")}
NO_SESSION: Expected = {(401, "session_over")}
GONE: Expected = {(404, "not_found"), *((409, code) for code in NOT_IN_THE_PROGRAM)}


def asked(callers: Callers, route: Route) -> Iterator[tuple[str, Answer, Expected]]:
    """Everything that is tried on an operation: the case, what came back, and what may come back."""
    kind = kind_of(route)
    if kind == LINKS:
        yield from with_other_tokens(callers, route)
    elif kind == PAGES:
        yield from with_other_cookies(callers, route)
    elif kind == CLIENTS:
        yield from with_other_bearers(callers, route, NO_SESSION)
        yield from with_anothers_id(callers, route, callers.client.token)
    elif kind != OPEN:
        yield from with_other_bearers(callers, route, NO_KEY)
        if kind == OPERATORS:
            yield from with_ids_of_two_partners(callers, route)
        else:
            yield SCOPE, ask(callers, route, callers.without[str(route.scope)]), {(403, "insufficient_scope")}
            yield from with_anothers_id(callers, route, callers.stranger.key)


def with_other_bearers(callers: Callers, route: Route, refused: Expected) -> Iterator[tuple[str, Answer, Expected]]:
    kind, not_allowed = kind_of(route), {(403, "insufficient_scope")}
    yield NOBODY, ask(callers, route, None), refused
    for key in ("sk_unknown", "", "x" * 5000):
        yield UNKNOWN, ask(callers, route, key), refused
    for key in callers.ended_keys:
        yield ENDED, ask(callers, route, key), refused
    for key, of in ((callers.stranger.key, {READ, WRITE, BILLING}), (OPERATOR, {OPERATORS})):
        if kind not in of:
            yield KEY, ask(callers, route, key), refused if kind == CLIENTS else not_allowed
    for name, token in callers.sessions.items():
        allowed = {(403, "not_the_client")} if kind == CLIENTS and name != "ended" else refused
        yield SESSION, ask(callers, route, token), allowed
    if kind != CLIENTS:
        yield SESSION, ask(callers, route, callers.client.token), refused
    for token in callers.links.values():
        yield LINK, ask(callers, route, token), refused


def with_anothers_id(callers: Callers, route: Route, key: str) -> Iterator[tuple[str, Answer, Expected]]:
    if "{" in route.path and not route.path.endswith(("/{name}", "/client/add-ons/{add_on}")):
        path = callers.theirs.path(route)
        yield FOREIGN, callers.stranger.api.ask(route.method, path, valid_body(route), key=key), GONE


def with_ids_of_two_partners(callers: Callers, route: Route) -> Iterator[tuple[str, Answer, Expected]]:
    """An operator may do all of it, but not take one partner's invoice for another's."""
    if route.path.count("{") == 2:
        ids = callers.theirs.ids | {"partner_id": callers.stranger.id, "account_id": callers.client.account["id"]}
        ids |= {"transaction_id": callers.theirs.ids["purchase_id"]}
        path = route.path.format(**ids)
        yield FOREIGN, callers.stranger.api.ask(route.method, path, valid_body(route), key=OPERATOR), GONE


def with_other_cookies(callers: Callers, route: Route) -> Iterator[tuple[str, Answer, Expected]]:
    """A page of the stranger's client, in a browser that has another session under its cookie."""
    account = callers.client.account["name"]
    path = route.path.replace("{name}", account).replace("{invoice_id}", callers.theirs.ids["invoice_id"])
    cookies = [(NOBODY, ""), (UNKNOWN, "x"), (KEY, callers.stranger.key), (FOREIGN, callers.their_client.token)]
    cookies += [(SESSION, token) for token in callers.sessions.values()]
    cookies += [(LINK, token) for token in callers.links.values()]
    for case, token in cookies:
        answer = callers.stranger.api.ask(
            route.method, path, raw=b"", key=None, Cookie=f"session-{account}={token}", Accept="text/html"
        )
        yield case, answer, {(401, "")}


def with_other_tokens(callers: Callers, route: Route) -> Iterator[tuple[str, Answer, Expected]]:
    """A link's own operations, with what is no token of such a link."""
    own = OF_LINKS.get(route.path.split("/")[2], "move")
    tokens = [(UNKNOWN, "x"), (KEY, callers.stranger.key), (SESSION, callers.client.token)]
    tokens += [(SESSION, token) for token in callers.sessions.values()]
    tokens += [(LINK, token) for name, token in callers.links.items() if name != own]
    for case, token in tokens:
        path, body = route.path.replace("{token}", token), None if route.raw_body else valid_body(route)
        answer = callers.stranger.api.ask(route.method, path, body, key=None)
        yield case, answer, {(404, ""), (404, "not_found")}


def kind_of(route: Route) -> str:
    """Who may ask for an operation, in the words of the table."""
    if route.scope is not None:
        return OF_SCOPES[route.scope]
    if "{token}" in route.path:
        return LINKS
    of_an_account = route.path.startswith("/public/accounts/{name}/")
    return PAGES if of_an_account and not route.path.endswith(OPEN_UNDER_A_NAME) else OPEN


def ask(callers: Callers, route: Route, key: str | None) -> Answer:
    return callers.stranger.api.ask(route.method, filled(route, "acct_x"), valid_body(route), key=key)


def code_of(answer: Answer) -> str:
    """A problem's code; nothing for a page, or what API Gateway answers itself."""
    return answer.code if answer.headers.get("Content-Type") == "application/problem+json" else ""


def rows() -> dict[str, list[dict[str, Any]]]:
    return {name: found for name, found in table_rows().items() if name != ATTEMPTS}


def key(partner: Partner, scopes: set[str]) -> str:
    made: str = partner.post("/v1/api-keys", {"name": "Some", "scopes": sorted(scopes)}).json["key"]
    return made


def revoked(api: Api, path: str, by: str) -> str:
    body = {"name": "Gone"} | ({} if by == OPERATOR else {"scopes": ["read", "write", "billing"]})
    made = api.ask("POST", path, body, key=by).json
    assert api.ask("DELETE", f"{path}/{made['id']}", key=by).status in {200, 204}
    revoked_key: str = made["key"]
    return revoked_key


def ended_keys(api: Api, partner: Partner) -> tuple[str, str]:
    """A key that was revoked, and one whose time is over."""
    body = {"name": "Brief", "scopes": ["read"], "expires_at": clock.rfc3339(clock.now() + timedelta(hours=1))}
    expired: str = partner.post("/v1/api-keys", body).json["key"]
    api.forward(hours=2)
    return revoked(api, "/v1/api-keys", partner.key), expired


def sessions(api: Api, partner: Partner) -> dict[str, str]:
    """Sessions that are not a client's own: one that ended, one of a partner, and the product's half of a client's."""
    log_in = {"account": partner.client.account["name"], "username": "admin", "password": PASSWORD}
    over = api.ask("POST", "/public/login", log_in, key=None).json["token"]
    assert api.ask("POST", "/public/logout", {}, key=over).status < 300
    return {
        "ended": over,
        "of the partner": partner.link_session(partner.create(plan=TRIAL)["id"]),
        "of the product": api.ask("POST", "/public/login", log_in, key=None).json["product_token"],
    }


def links(api: Api, stranger: Partner) -> dict[str, str]:
    """The token of every kind of link, as it is in the mail, or in the partner's hands."""
    now, client, managed = clock.now(), stranger.client, stranger.create(plan=TRIAL)
    account = accounts.get_account(partner_id=stranger.id, account_id=client.account["id"])
    wish = {"direction": "in", "account": account.name, "owner_email": account.client.email, "relationship": "referred"}
    transfer = transfers.get_any(transfer_id=api.partner().post("/v1/transfers", wish).json["id"])
    provider = api.partner(program="solutions")
    own = provider.sign_up(None, plan={"pricing_version": "S1", "product": "email", "tier": "trial"})
    request = provider.post(f"/v1/accounts/{own.account['id']}/management-request").json
    assert stranger.ask("PATCH", "/v1/invite-link", {"pn": "brighter"}).status == 200
    urls = {
        "login link": stranger.post(f"/v1/accounts/{managed['id']}/login-link").json["url"],
        "reset": password_resets.link_for(account, base_url="", now=now),
        "permission": consent_links.link_to_answer(request["id"], now=now),
        "move": owners.link_to_answer(transfer, account, now=now),
        "invite": api.ask("POST", "/public/visits", {"pn": "brighter"}, key=None).json["attribution"],
    }
    return {name: str(url).rpartition("/")[2] for name, url in urls.items()}


def table(tried: Counter[tuple[str, str]]) -> str:
    """Rows of operations by who may ask for them; columns of requests that were refused."""
    operations = Counter(kind_of(route) for route in ROUTES)
    lines = [["who may ask", "operations", *CASES, "refused"], ["---", *["--:"] * (len(CASES) + 2)]]
    for kind in KINDS:
        counts = [tried[kind, case] for case in CASES]
        lines.append([kind, str(operations[kind]), *(str(count or "") for count in counts), str(sum(counts) or "")])
    totals = [sum(tried[kind, case] for kind in KINDS) for case in CASES]
    lines.append(["all", str(len(ROUTES)), *map(str, totals), str(sum(totals))])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
