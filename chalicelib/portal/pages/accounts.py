"""The overview of a partner's accounts: filtered, searched, sorted, page by page, and as CSV."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from chalicelib.api import cursors
from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.api.bodies.accounts.overview import ListAccounts
from chalicelib.api.bodies.accounts.saved_views import CreateView
from chalicelib.api.spreadsheets import CSV, Cell, csv_text, decimal_cell
from chalicelib.domain.accounts.accounts import Relationship
from chalicelib.domain.accounts.actions import Action
from chalicelib.domain.accounts.overview import Sort
from chalicelib.domain.accounts.saved_views import MOST_VIEWS
from chalicelib.domain.accounts.saved_views import View as SavedView
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import Invalid
from chalicelib.portal import site
from chalicelib.portal.account_frame import badge, tier_name
from chalicelib.portal.declared import Download, Pages, Redirect, View
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import overview, saved_views
from chalicelib.services.clients import login_links

pages = Pages()

SORTS = ("name", "plan_size", "expires_at", "created_at")
STATUSES = ("active", "expired", "canceled", "disabled", "archived")
_MOST_LINES = 20_000
"""So many accounts fit into one file of 6 MB."""
_COLUMNS = (
    *("name", "status", "payment_state", "relationship", "client_name", "client_email", "product", "tier", "contacts"),
    *("billing_frequency", "price_per_cycle", "currency", "renews_at", "expires_at", "created_at"),
)


@pages.get("accounts", scope="read")
def show_accounts(visit: Visit) -> View:
    """The overview; htmx asks for its list alone while somebody types."""
    query = visit.asked_as(ListAccounts)
    if not visit.asked("sort"):
        query = query.model_copy(update={"sort": Sort.NAME})
    found, last = overview.list_accounts(
        partner_id=visit.partner_id,
        question=query.question(),
        limit=query.limit,
        start=cursors.start_of(visit, query),
        now=visit.now,
    )
    program = load_program(visit.partner_seen.program)
    asked = _asked(visit)
    values = {
        "accounts": [AccountShape.of(account, now=visit.now) for account in found],
        "program": program,
        "asked": asked,
        "filtered": any(name not in {"sort", "order"} for name in asked),
        "sort": query.sort.value,
        "descending": query.order == "desc",
        "next_cursor": cursors.next_of(visit, query, last),
        "later": bool(visit.asked("cursor")),
        "statuses": ("", *STATUSES),
        "plan_options": [("", visit.texts.plain("accounts.all")), *_tiers(visit, program)],
        "tier": lambda tier: tier_name(visit.texts, tier),
        "badge": badge,
        "row_menu": _row_menu,
        "views": [] if visit.element else _views(visit),
        "view_url": lambda view: visit.url("accounts", **_parameters(view)),
        "sort_url": lambda name: visit.url("accounts", **asked | _turned(query, name)),
    }
    return View("accounts.html", values, headers={"HX-Push-Url": visit.address("accounts", **asked)})


@pages.get("accounts.csv", scope="read")
def download_accounts(visit: Visit) -> Download:
    """The accounts that the overview shows, all of them, as CSV. Raises :class:`Invalid` if there are too many."""
    query = visit.asked_as(ListAccounts)
    found, last = overview.list_accounts(
        partner_id=visit.partner_id, question=query.question(), limit=_MOST_LINES, start=None, now=visit.now
    )
    if last is not None:
        raise Invalid(f"These are more than {_MOST_LINES:,} accounts. Filter them, or use the API.")
    shapes = (AccountShape.of(account, now=visit.now) for account in found)
    return Download(csv_text(_COLUMNS, _lines(shapes)), CSV, "accounts.csv")


@pages.post("accounts/views", scope="read", again=show_accounts)
def save_view(visit: Visit) -> Redirect:
    """Keep the filters and the order of the overview, for this person alone."""
    body = visit.form(CreateView)
    view = saved_views.create_view(
        view_id=visit.derived_id("view"),
        partner_id=visit.partner_id,
        person_id=visit.me.person_id,
        name=body.name,
        settings=body.settings(),
        now=visit.now,
    )
    return Redirect(f"accounts?{urlencode(_parameters(view), doseq=True)}", done="view_saved")


@pages.post("accounts/views/{view_id}/delete", scope="read")
def delete_view(visit: Visit, view_id: str) -> Redirect:
    """Delete one of this person's views."""
    saved_views.delete_view(partner_id=visit.partner_id, person_id=visit.me.person_id, view_id=view_id)
    return Redirect("accounts", done="view_deleted")


@pages.post("accounts/{account_id}/log-in", scope="write")
def log_in(visit: Visit, account_id: str) -> Redirect:
    """Into the account, as its partner."""
    link = login_links.create_link(
        partner_id=visit.partner_id, account_id=account_id, base_url=visit.base_url, now=visit.now, actor=visit.actor
    )
    return Redirect(link.url)


def _views(visit: Visit) -> list[SavedView]:
    found, _ = saved_views.list_views(
        partner_id=visit.partner_id, person_id=visit.me.person_id, limit=MOST_VIEWS, start=None
    )
    return sorted(found, key=lambda view: view.name.casefold())


def _parameters(view: SavedView) -> dict[str, Any]:
    """A view as the address of the overview: so it can be sent to a colleague, who does not have the view."""
    metadata = {f"metadata.{key}": value for key, value in view.settings["filters"].get("metadata", {}).items()}
    filters = {name: _plain(value) for name, value in view.settings["filters"].items() if name != "metadata"}
    return {**filters, **metadata, "sort": view.settings["sort"], "order": view.settings["order"]}


def _plain(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _asked(visit: Visit) -> dict[str, object]:
    """What the address says about the list, for links that keep it; the cursor is of one page only."""
    return {
        name: value for name, value in visit.query.items() if value != "" and name not in {"cursor", "done", "limit"}
    }


def _turned(query: ListAccounts, name: str) -> dict[str, object]:
    """The order that a click on the head of a column leads to."""
    again = query.sort.value == name and query.order == "asc"
    return {"sort": name, "order": "desc" if again else ""}


def _tiers(visit: Visit, program: Program) -> list[tuple[str, str]]:
    tiers = dict.fromkeys(plan.tier for plan in program.plans)
    return [(tier, tier_name(visit.texts, tier)) for tier in tiers]


def _row_menu(account: AccountShape) -> list[tuple[str, str]]:
    """What the menu of a row leads to, besides the cancellation: names of texts, and paths below the account's."""
    if account.relationship is Relationship.REFERRED:
        entries: list[tuple[str, str, Action | None]] = [("request", "/request", Action.REQUEST_MANAGEMENT)]
    else:
        entries = [
            ("details", "", None),
            ("plan", "/plan", Action.CHANGE_PLAN),
            ("branding", "/branding", None),
            ("invoices", "/invoices", None),
            ("move", "/move", None),
        ]
    return [
        (name, path)
        for name, path, action in entries
        if site.leads(f"accounts/{account.id}{path}") and (action is None or action in account.allowed_actions)
    ]


def _lines(accounts: Iterator[AccountShape]) -> Iterator[dict[str, Cell]]:
    for account in accounts:
        price = account.price_per_cycle
        yield {
            "name": account.name,
            "status": account.status.value,
            "payment_state": account.payment_state.value,
            "relationship": account.relationship.value,
            "client_name": account.client.name,
            "client_email": account.client.email,
            "product": account.plan.product,
            "tier": account.plan.tier,
            "contacts": account.plan.contacts,
            "billing_frequency": account.plan.billing_frequency,
            "price_per_cycle": decimal_cell(Money(price.amount, price.currency) if price else None),
            "currency": price.currency if price else None,
            "renews_at": account.renews_at.isoformat() if account.renews_at else None,
            "expires_at": account.expires_at.isoformat() if account.expires_at else None,
            "created_at": account.created_at.isoformat() if account.created_at else None,
        }
