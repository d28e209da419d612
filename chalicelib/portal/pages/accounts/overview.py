"""The overview of a partner's accounts: filtered, searched, sorted, in columns of one's choice, page by page."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.api import cursors
from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.api.bodies.accounts.overview import ListAccounts
from chalicelib.api.bodies.accounts.saved_views import CreateView
from chalicelib.api.parsing import Faults
from chalicelib.api.shown_accounts import with_earned
from chalicelib.domain.accounts.accounts import Relationship
from chalicelib.domain.accounts.actions import Action
from chalicelib.domain.accounts.overview import Sort
from chalicelib.domain.accounts.saved_views import MOST_VIEWS
from chalicelib.domain.accounts.saved_views import View as SavedView
from chalicelib.domain.catalog.programs import Program
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.pages.accounts import overview_columns, overview_filters
from chalicelib.portal.pages.accounts.frame import badge, tier_name
from chalicelib.portal.pages.billing import cards_on_file
from chalicelib.portal.visits import Visit, written
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import overview, saved_views
from chalicelib.services.clients import login_links

pages = Pages()

STATUSES = ("active", "expired", "canceled", "disabled", "archived")
LIST = "list"
"""The part of the page that htmx asks for while somebody types."""


@pages.get("accounts", scope="read")
def show_accounts(visit: Visit) -> View | Redirect:
    """The overview; htmx asks for its list alone while somebody types."""
    program = load_program(visit.partner_seen.program)
    asked = overview_filters.asked(visit.query)
    controls = overview_filters.controls(visit, asked, program)
    labels = {field.fault or field.name: field.label for control in controls for field in control.fields}
    faults: Mapping[str, str] = {}
    try:
        query = overview_filters.query(visit, asked, program)
    except Faults as refused:
        faults = {fault.field: visit.said(fault.message) for fault in refused.errors}
        if not faults.keys() <= labels.keys():
            raise
        query = ListAccounts(sort=Sort.NAME)
    columns = overview_columns.shown([name for name in asked.get("columns", "").split(",") if name], program)
    asked["columns"] = "" if overview_columns.are_usual(columns, program) else ",".join(columns)
    address = visit.address("accounts", **asked)
    if faults and visit.element == LIST:
        return Redirect(written("accounts", asked))  # to the whole page: the faults are beside the fields
    values = _controls_shown(visit, program, asked, query, columns) | {
        "controls": controls,
        "labels": labels,
        "faults": {**visit.faults, **faults},
    }
    values |= {"accounts": None, "next_cursor": None} if faults else _listed(visit, query, columns)
    return View("accounts/overview.html", values, status=422 if faults else 200, headers={"HX-Push-Url": address})


def _listed(visit: Visit, query: ListAccounts, columns: Sequence[str]) -> dict[str, Any]:
    """A page of the list, with what its columns need besides the accounts."""
    found, last = overview.list_accounts(
        partner_id=visit.partner_id,
        question=query.question(),
        limit=query.limit,
        start=cursors.start_of(visit, query),
        in_full=overview_columns.need_rows(columns),
        now=visit.now,
    )
    shapes = [AccountShape.of(account, now=visit.now) for account in found]
    if "earned" in columns:
        shapes = with_earned(shapes, partner_id=visit.partner_id)
    cards = cards_on_file.cards_of(visit) if "billing_profile_id" in columns else []
    return {
        "accounts": shapes,
        "card_names": dict(cards_on_file.options_of(cards)),
        "next_cursor": cursors.next_of(visit, query, last),
    }


def _controls_shown(
    visit: Visit, program: Program, asked: Mapping[str, str], query: ListAccounts, columns: Sequence[str]
) -> dict[str, Any]:
    """What is above and around the list."""
    return {
        "program": program,
        "asked": asked,
        "filtered": any(value for name, value in asked.items() if name not in {"sort", "order", "columns"}),
        "sort": query.sort.value,
        "descending": query.order == "desc",
        "sorted_by": overview_columns.SORTED_BY,
        "later": bool(visit.asked("cursor")),
        "statuses": ("", *STATUSES),
        "plan_options": _plan_options(visit, program, asked.get("plan", "")),
        "columns": columns,
        "titles": overview_columns.titles(visit.texts),
        "offered_columns": overview_columns.offered(program),
        "offered_filters": overview_filters.offered(program),
        "tier": lambda tier: tier_name(visit.texts, tier),
        "badge": badge,
        "menu_entries": ROW_MENU,
        "row_menu": _row_menu(program),
        "views": [] if visit.element == LIST else _views(visit),
        "view_url": lambda view: visit.url("accounts", **_parameters(view)),
        "sort_url": lambda name: visit.url("accounts", **{**asked, **_turned(query, name)}),
    }


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
    return Redirect(written("accounts", _parameters(view)), done="view_saved")


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
    columns = ",".join(view.settings["columns"])
    return {**filters, **metadata, "columns": columns, "sort": view.settings["sort"], "order": view.settings["order"]}


def _plain(value: object) -> object:
    return ",".join(value) if isinstance(value, list) else str(value).lower() if isinstance(value, bool) else value


def _turned(query: ListAccounts, name: str) -> dict[str, object]:
    """The order that a click on the head of a column leads to."""
    again = query.sort.value == name and query.order == "asc"
    return {"sort": name, "order": "desc" if again else ""}


def _plan_options(visit: Visit, program: Program, chosen: str) -> tuple[tuple[str, str], ...]:
    tiers = dict.fromkeys(plan.tier for plan in program.plans)
    options = [
        ("", visit.texts.plain("accounts.overview.all")),
        *((tier, tier_name(visit.texts, tier)) for tier in tiers),
    ]
    return overview_filters.with_value(tuple(options), chosen)


ROW_MENU: Mapping[str, tuple[str, Action | None]] = {
    "details": ("/details", None),
    "plan": ("/plan", Action.CHANGE_PLAN),
    "branding": ("/branding", None),
    "invoices": ("/invoices", None),
    "request": ("/request", Action.REQUEST_MANAGEMENT),
    "move": ("/move", None),
    "cancel": ("/cancel", Action.CANCEL),
}
"""What the menu of a row leads to: names of texts, with a path below the account's, and the action it takes."""


def _row_menu(program: Program) -> Callable[[AccountShape], list[int]]:
    """Which entries fit an account, by their places: of a referred one, to ask for permission is all there is."""
    there = [(i, name) for i, name in enumerate(ROW_MENU) if program.has_prices or name != "invoices"]

    def entries(account: AccountShape) -> list[int]:
        referred = account.relationship is Relationship.REFERRED
        return [
            place
            for place, name in there
            if referred == (name == "request") and ROW_MENU[name][1] in (None, *account.allowed_actions)
        ]

    return entries
