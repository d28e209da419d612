"""The accounts that the overview shows, as CSV."""

from collections.abc import Iterable, Iterator

from chalicelib.api.bodies.accounts.accounts import AccountShape
from chalicelib.api.spreadsheets import CSV, Cell, csv_text, decimal_cell
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import Invalid
from chalicelib.portal.declared import Download, Pages
from chalicelib.portal.pages.accounts import overview_filters
from chalicelib.portal.visits import Visit
from chalicelib.programs import program as load_program
from chalicelib.services.accounts import overview

pages = Pages()

_MOST_LINES = 20_000
"""So many accounts fit into one file of 6 MB."""
_COLUMNS = (
    *("name", "status", "payment_state", "relationship", "client_name", "client_email", "product", "tier", "contacts"),
    *("billing_frequency", "price_per_cycle", "currency", "renews_at", "expires_at", "created_at"),
)


@pages.get("accounts.csv", scope="read")
def download_accounts(visit: Visit) -> Download:
    """All accounts that the filters let through, whichever columns are shown. Raises :class:`Invalid` if there are too
    many."""
    program = load_program(visit.partner_seen.program)
    query = overview_filters.query(visit, overview_filters.asked(visit.query), program)
    found, last = overview.list_accounts(
        partner_id=visit.partner_id,
        question=query.question(),
        limit=_MOST_LINES,
        start=None,
        in_full=False,
        now=visit.now,
    )
    if last is not None:
        raise Invalid(f"These are more than {_MOST_LINES:,} accounts. Filter them, or use the API.")
    shapes = (AccountShape.of(account, now=visit.now) for account in found)
    return Download(csv_text(_COLUMNS, _lines(shapes)), CSV, "accounts.csv")


def _lines(accounts: Iterable[AccountShape]) -> Iterator[dict[str, Cell]]:
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
