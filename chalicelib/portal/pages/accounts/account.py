"""One account: its summary. What can be done to it is in `account_actions`, its plan in `account_plan`."""

from chalicelib.domain.accounts.accounts import Account, Relationship
from chalicelib.domain.billing.invoices import Invoice
from chalicelib.domain.money import Money
from chalicelib.domain.partners.billing_profiles import BillingProfile
from chalicelib.domain.refusals import NotFound
from chalicelib.portal.declared import Pages, View
from chalicelib.portal.pages.accounts.frame import framed, tier_name
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import accounts
from chalicelib.services.billing import invoices
from chalicelib.services.earnings import ledger
from chalicelib.services.partners import billing_profiles

pages = Pages()


@pages.get("accounts/{account_id}", scope="read")
def show_account(visit: Visit, account_id: str) -> View:
    """What the account is and when it renews or ends; of a referred one only what its partner may see."""
    account = accounts.get_account(partner_id=visit.partner_id, account_id=account_id)
    program = load_program(visit.partner_seen.program)
    waiting = account.pending_change
    values = framed(
        visit,
        account,
        profile=_profile(visit, account),
        unpaid=_unpaid(visit, account),
        earned=_earned(visit, account),
        add_ons=[program.add_on(name).title for name in account.plan.add_ons],
        pending_tier=tier_name(visit.texts, waiting.plan.tier) if waiting else "",
    )
    return View("accounts/account.html", values)


def _profile(visit: Visit, account: Account) -> BillingProfile | None:
    """The card that pays for it, if it is the partner's and still on file."""
    hidden = account.relationship is Relationship.REFERRED or account.pays_itself
    if account.billing_profile_id is None or hidden:
        return None
    try:
        return billing_profiles.get_profile(partner_id=visit.partner_id, profile_id=account.billing_profile_id)
    except NotFound:
        return None


def _unpaid(visit: Visit, account: Account) -> Invoice | None:
    """The invoice that it is past due for, if that is the partner's."""
    if account.overdue is None or account.payer != visit.partner_id:
        return None
    return invoices.get_invoice(payer=account.payer, invoice_id=account.overdue.invoice_id)


def _earned(visit: Visit, account: Account) -> Money | None:
    if account.first_paid_on is None:
        return None
    return ledger.earned_with(partner_id=visit.partner_id, account_ids=[account.id]).get(account.id)
