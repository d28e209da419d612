"""Adding an account: the form with its price beside it, and the account while it is prepared."""

from collections.abc import Sequence
from typing import Any

from chalicelib.api.bodies.accounts.requests import CreateAccount
from chalicelib.api.bodies.catalog.plans import PlanBody
from chalicelib.api.parsing import Faults, from_body
from chalicelib.domain.accounts.accounts import Account, Client, Relationship
from chalicelib.domain.accounts.overview import Filters, Sort
from chalicelib.domain.accounts.provisioning import status_of
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.catalog.quotes import Quote
from chalicelib.domain.partners.billing_profiles import BillingProfile
from chalicelib.domain.refusals import Invalid, NotFound, Refusal
from chalicelib.portal import choices, forms
from chalicelib.portal.declared import Pages, View
from chalicelib.portal.pages.accounts import metadata, plan_builder
from chalicelib.portal.pages.accounts.frame import framed
from chalicelib.portal.pages.accounts.plan_builder import Builder
from chalicelib.portal.pages.billing import cards_on_file
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import accounts, creation, names, overview, snapshots
from chalicelib.services.accounts.account_requests import NewAccountRequest
from chalicelib.services.accounts.overview import Question

pages = Pages()

ON_THE_BILL = "single_bill"
"""Chosen instead of a billing profile."""
_MOST = 100
_LONGEST_WATCH = 60
"""So many times a page asks by itself whether an account is ready."""


@pages.get("accounts/new", scope="read")
def show_new(visit: Visit) -> View:
    """The form, with the last account's choices; while it is filled in, its plan's choices and price anew."""
    program = load_program(visit.partner_seen.program)
    last = _last_account(visit)
    visit, before = _from_snapshot(visit, last)
    builder = plan_builder.build(visit, program, before=before)
    quote, wrong = _quote(visit, builder) if program.has_prices else (None, "")
    profiles = cards_on_file.cards_of(visit)
    found, _ = snapshots.list_snapshots(partner_id=visit.partner_id, limit=_MOST, start=None)
    values = {
        "program": program,
        "builder": builder,
        "quote": quote,
        "wrong": wrong,
        "last": last,
        "profiles": profiles,
        "paid_last": _paid_last(last, profiles),
        "snapshots": found,
        "snapshot_options": [
            ("", visit.texts.plain("accounts.new_account.no_snapshot")),
            *((one.id, one.name) for one in found),
        ],
        "pays": _ways_to_pay(visit, program, profiles),
        "snapshot_id": visit.entered("snapshot_id") or visit.asked("snapshot_id"),
        "countries": choices.countries(visit.language),
        "languages": choices.languages(
            visit.language, present=visit.entered("language") or (last.language if last else visit.language)
        ),
        "zones": choices.time_zones(),
        "visit": visit,
    }
    return View("accounts/new_account.html", values | _said(visit))


@pages.post("accounts/new", scope="write", again=show_new)
def create(visit: Visit) -> View:
    """Create the account and show its password, this once: it is stored nowhere, so no redirect could show it."""
    program = load_program(visit.partner_seen.program)
    builder = plan_builder.build(visit, program, before=None)
    priced = program.has_prices and builder.is_paid
    was_shown = visit.entered("shown") == builder.shown and (visit.entered("expect_due_today") or not priced)
    if visit.entered("step") == "update" or not was_shown:
        return show_new(visit)
    body = visit.form(
        CreateAccount,
        rules=lambda body: creation.check_request(partner_id=visit.partner_id, request=body.wanted()),
        plan=builder.document,
        metadata=lambda: metadata.of_lines(visit.entered("metadata"), texts=visit.texts),
        **_payment(visit),
    )
    created = creation.create_account(
        partner_id=visit.partner_id,
        account_id=visit.derived_id("acct"),
        request=body.wanted(),
        now=visit.now,
        actor=visit.actor,
    )
    return _preparing(visit, created.account, password=created.password, created=True)


@pages.get("accounts/new/name", scope="read")
def check_name(visit: Visit) -> View:
    """Whether a name is free, while it is typed; if not, free ones like it."""
    name = visit.asked("name").strip()
    try:
        free = names.available(name)
    except Invalid as refusal:
        return View(
            "accounts/new_account_name.html",
            {"name": name, "fault": visit.said(refusal.errors[0][1]), "suggestions": []},
        )
    suggestions = [] if free else names.suggestions(name)
    return View("accounts/new_account_name.html", {"name": name, "fault": "", "free": free, "suggestions": suggestions})


@pages.get("accounts/{account_id}/preparing", scope="read")
def watch(visit: Visit, account_id: str) -> View:
    """How far the account is; the password was shown before."""
    account = accounts.get_managed(partner_id=visit.partner_id, account_id=account_id)
    return _preparing(visit, account, password=None, created=False)


def _preparing(visit: Visit, account: Account, *, password: str | None, created: bool) -> View:
    watched = forms.whole_number(visit.asked("watched"), most=_LONGEST_WATCH) or 0
    values = framed(
        visit,
        account,
        status=status_of(account),
        login_url=accounts.login_url(account),
        password=password,
        created=created,
        watched=watched + 1,
        watches=watched < _LONGEST_WATCH,
    )
    return View("accounts/preparing.html", values, status=201 if created else 200)


def _last_account(visit: Visit) -> Account | None:
    """The newest account that the partner manages: its choices are offered again."""
    newest = Question(filters=Filters(relationship=Relationship.MANAGED), sort=Sort.CREATED_AT, descending=True)
    found, _ = overview.list_accounts(
        partner_id=visit.partner_id, question=newest, limit=1, start=None, in_full=False, now=visit.now
    )
    return found[0] if found else None


def _from_snapshot(visit: Visit, last: Account | None) -> tuple[Visit, Any]:
    """The visit, and the plan that its choices begin with: a snapshot's once one is chosen."""
    chosen = visit.entered("snapshot_id") or visit.asked("snapshot_id")
    if not chosen or chosen == visit.entered("snapshot_shown"):
        return visit, last.plan if last else None
    try:
        plan = snapshots.get_snapshot(partner_id=visit.partner_id, snapshot_id=chosen).plan
    except NotFound:
        return visit, last.plan if last else None
    return visit.with_form({name: each for name, each in visit.given.items() if not name.startswith("plan.")}), plan


def _quote(visit: Visit, builder: Builder) -> tuple[Quote | None, str]:
    """What the account would cost as it is filled in, by the code that charges it; or why that can't be said."""
    zone = visit.entered("time_zone") or visit.partner_seen.time_zone
    try:
        request = NewAccountRequest(
            name="",
            client=Client("", ""),
            notification_email="",
            country=visit.partner_seen.country,
            language="en",
            time_zone=zone,
            plan=from_body(PlanBody, builder.document).request(),
            billing_day=forms.whole_number(visit.entered("billing_day"), most=31) or None,
            single_bill=visit.entered("billing_profile_id") == ON_THE_BILL and builder.is_paid,
            migrated=visit.entered("migrated") == "on" and builder.is_paid,
            snapshot_id=None,
        )
        return creation.quote_account(partner_id=visit.partner_id, request=request, now=visit.now), ""
    except (Faults, Refusal) as refusal:
        return None, visit.why_not(refusal)


def _payment(visit: Visit) -> dict[str, Any]:
    if visit.entered("billing_profile_id") == ON_THE_BILL:
        return {"billing_profile_id": None, "single_bill": True}
    return {}


def _ways_to_pay(visit: Visit, program: Program, profiles: Sequence[BillingProfile]) -> list[tuple[str, str]]:
    ways = [("", visit.texts.plain("accounts.new_account.choose_payment"))]
    ways += cards_on_file.options_of(profiles)
    if program.single_bill is not None:
        ways.append((ON_THE_BILL, visit.texts.plain("accounts.account.single_bill")))
    return ways


def _paid_last(last: Account | None, profiles: Sequence[BillingProfile]) -> str:
    """How the last account is paid for; else the card that is the default, or the only one."""
    if last is not None and last.single_bill:
        return ON_THE_BILL
    if last is not None and last.billing_profile_id is not None:
        return last.billing_profile_id
    return profiles[0].id if profiles else ""


def _said(visit: Visit) -> dict[str, Any]:
    """A refusal beside its field, or in words for people."""
    refusal = visit.refusal
    if refusal is None:
        return {}
    if refusal.code == "name_taken":
        return {"refusal": None, "faults": {"name": refusal.detail}}
    return {}
