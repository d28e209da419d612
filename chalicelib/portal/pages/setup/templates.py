"""Snapshots that new accounts are built from, and campaign templates: an account's own, shared by link."""

from chalicelib.api import cursors
from chalicelib.api.bodies.accounts.snapshots import CreateSnapshot, ListSnapshots
from chalicelib.api.bodies.setup.templates import CreateTemplate, ImportTemplate, ListTemplates
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.pages.accounts.frame import framed, tier_name
from chalicelib.portal.visits import Visit
from chalicelib.services.accounts import accounts, named, snapshots
from chalicelib.services.setup import templates
from chalicelib.services.setup.templates import ShareLink

pages = Pages()


@pages.get("templates", scope="read")
def show_snapshots(visit: Visit) -> View:
    """The partner's snapshots, a form for another, and the way to an account's templates."""
    query = visit.asked_as(ListSnapshots)
    found, last = snapshots.list_snapshots(
        partner_id=visit.partner_id, limit=query.limit, start=cursors.start_of(visit, query)
    )
    values = {
        "snapshots": found,
        "names": named.names_of(partner_id=visit.partner_id, account_ids=(each.account_id for each in found)),
        "tier_of": lambda plan: tier_name(visit.texts, plan.tier),
    }
    return View("setup/snapshots.html", values | visit.pager(query, last))


@pages.post("snapshots", scope="write", again=show_snapshots)
def make_snapshot(visit: Visit) -> Redirect:
    """Keeps a copy of an account's set-up."""
    body = visit.form(
        CreateSnapshot,
        account_id=lambda: named.id_of(partner_id=visit.partner_id, name=visit.entered("account"), field="account"),
    )
    snapshots.create_snapshot(
        snapshot_id=visit.derived_id("snap"),
        partner_id=visit.partner_id,
        account_id=body.account_id,
        name=body.name,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect("templates", done="snapshot_made")


@pages.post("snapshots/{snapshot_id}/delete", scope="write", again=None)
def delete_snapshot(visit: Visit, snapshot_id: str) -> Redirect:
    """Deletes a snapshot; accounts that were built from it stay as they are."""
    snapshots.delete_snapshot(partner_id=visit.partner_id, snapshot_id=snapshot_id, now=visit.now, actor=visit.actor)
    return Redirect("templates", done="snapshot_deleted")


@pages.get("templates/account", scope="read")
def find_account(visit: Visit) -> Redirect:
    """To the templates of the account that was named. Raises :class:`Invalid` for a name that no account has."""
    account_id = named.id_of(partner_id=visit.partner_id, name=visit.asked("account"), field="account")
    return Redirect(f"accounts/{account_id}/templates")


@pages.get("accounts/{account_id}/templates", scope="read")
def show_templates(visit: Visit, account_id: str) -> View:
    """An account's templates, and forms to import one and to write one."""
    return _templates_page(visit, account_id)


@pages.post("accounts/{account_id}/templates", scope="write", again=show_templates)
def create_template(visit: Visit, account_id: str) -> Redirect:
    """Gives the account a template."""
    body = visit.form(CreateTemplate)
    templates.create_template(
        template_id=visit.derived_id("tmpl"),
        partner_id=visit.partner_id,
        account_id=account_id,
        name=body.name,
        subject=body.subject,
        html=body.html,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect(f"accounts/{account_id}/templates", done="created")


@pages.post("accounts/{account_id}/templates/import", scope="write", again=show_templates)
def import_template(visit: Visit, account_id: str) -> Redirect:
    """Copies the template of a link into the account."""
    body = visit.form(ImportTemplate)
    templates.import_template(
        template_id=visit.derived_id("tmpl"),
        partner_id=visit.partner_id,
        account_id=account_id,
        link=body.link,
        name=body.name,
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect(f"accounts/{account_id}/templates", done="imported")


@pages.post("accounts/{account_id}/templates/{template_id}/share", scope="write", again=None)
def share_template(visit: Visit, account_id: str, template_id: str) -> View:
    """Shows a link to the template, this once."""
    accounts.get_managed(partner_id=visit.partner_id, account_id=account_id)
    link = templates.share_template(partner_id=visit.partner_id, template_id=template_id, now=visit.now)
    return _templates_page(visit, account_id, link)


@pages.post("accounts/{account_id}/templates/{template_id}/delete", scope="write", again=None)
def delete_template(visit: Visit, account_id: str, template_id: str) -> Redirect:
    """Deletes a template; copies that were imported stay."""
    accounts.get_managed(partner_id=visit.partner_id, account_id=account_id)
    templates.delete_template(partner_id=visit.partner_id, template_id=template_id, now=visit.now, actor=visit.actor)
    return Redirect(f"accounts/{account_id}/templates", done="deleted")


def _templates_page(visit: Visit, account_id: str, link: ShareLink | None = None) -> View:
    account = accounts.get_managed(partner_id=visit.partner_id, account_id=account_id)
    query = visit.asked_as(ListTemplates)
    found, last = templates.list_templates(
        partner_id=visit.partner_id, account_id=account_id, limit=query.limit, start=cursors.start_of(visit, query)
    )
    values = framed(visit, account, templates=found, link=link)
    return View("setup/account_templates.html", values | visit.pager(query, last))
