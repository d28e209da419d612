"""The details of an account: its client, addresses, language, who pays, and metadata."""

from chalicelib.api.bodies.accounts.requests import UpdateAccount
from chalicelib.domain.catalog.programs import PlanKind
from chalicelib.portal import choices, forms
from chalicelib.portal.declared import Pages, Redirect, View
from chalicelib.portal.pages.accounts import metadata
from chalicelib.portal.pages.accounts.frame import framed
from chalicelib.portal.pages.billing import cards_on_file
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import accounts, details

pages = Pages()


@pages.get("accounts/{account_id}/details", scope="read")
def show_details(visit: Visit, account_id: str) -> View:
    """What can be changed about the account, and what is fixed."""
    account = accounts.get_managed(partner_id=visit.partner_id, account_id=account_id)
    has_cards = load_program(visit.partner_seen.program).has_prices and account.kind is not PlanKind.SANDBOX
    values = framed(
        visit,
        account,
        version=account.version,
        languages=choices.languages(visit.language, present=visit.entered("language") or account.language),
        profiles=cards_on_file.options_of(cards_on_file.cards_of(visit)) if has_cards and not account.has_ended else [],
        profile_id="" if account.pays_itself else account.billing_profile_id or "",
        metadata=metadata.as_lines(account.metadata),
    )
    return View("accounts/details.html", values)


@pages.post("accounts/{account_id}/details", scope="write", again=show_details)
def save_details(visit: Visit, account_id: str) -> Redirect:
    """Saves all details, unless somebody else changed the account since the page was opened."""
    body = visit.form(UpdateAccount, metadata=lambda: metadata.of_lines(visit.entered("metadata"), texts=visit.texts))
    details.change_details(
        partner_id=visit.partner_id,
        account_id=account_id,
        request=body.wanted(),
        version=forms.whole_number(visit.entered("version")),
        now=visit.now,
        actor=visit.actor,
    )
    return Redirect(f"accounts/{account_id}/details", done="saved")
