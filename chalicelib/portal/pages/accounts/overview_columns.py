"""The columns of the overview of accounts: those of the API that a person can choose, by the API's names."""

from collections.abc import Mapping, Sequence

from chalicelib.domain.catalog.programs import Program
from chalicelib.portal.texts import Texts

COLUMNS = (
    *("name", "status", "plan", "price_per_cycle", "renews_at", "created_at", "client", "notification_email"),
    *("relationship", "payer", "management_request", "payment_state", "billing_profile_id", "single_bill"),
    *("current_period", "expires_at", "cancels_on", "pending_change", "earned", "country", "language", "time_zone"),
    *("data_region", "custom_domain", "login_url", "provisioning", "disabled_message", "metadata", "updated_at", "id"),
)
"""All of the API's but `allowed_actions` and `next_action`, which are the buttons and the menu of a row."""
USUAL = ("name", "status", "plan", "price_per_cycle", "renews_at", "created_at")
"""Those shown until somebody chooses. The name always is."""
SORTED_BY: Mapping[str, str] = {
    "name": "name",
    "plan": "plan_size",
    "renews_at": "expires_at",
    "created_at": "created_at",
}
_OF_PRICES = {"price_per_cycle", "payment_state", "billing_profile_id"}
_OF_REFERRALS = {"relationship", "payer", "management_request"}
_LONG = {"metadata", "disabled_message"}
"""What the overview index leaves out if it is long."""
_MANY, ROWS, FEWER_ROWS = 12, 50, 25
"""A page with more columns has fewer rows: none may be over 100 KB."""


def offered(program: Program) -> list[str]:
    """The columns that say something in a program."""
    absent = set() if program.has_prices else set(_OF_PRICES)
    if len(program.relationships) == 1:
        absent |= _OF_REFERRALS
    if not program.single_bill:
        absent.add("single_bill")
    if program.commission is None:
        absent.add("earned")
    return [name for name in COLUMNS if name not in absent]


def shown(asked: Sequence[str], program: Program) -> list[str]:
    """The columns asked for, in that order, after the name; those that are not offered are left out."""
    possible = offered(program)
    chosen = [name for name in dict.fromkeys(asked or USUAL) if name in possible and name != "name"]
    return ["name", *chosen]


def are_usual(columns: Sequence[str], program: Program) -> bool:
    """Whether an address need not name them."""
    return list(columns) == shown((), program)


def rows(columns: Sequence[str]) -> int:
    """How many accounts a page shows."""
    return FEWER_ROWS if len(columns) > _MANY else ROWS


def need_rows(columns: Sequence[str]) -> bool:
    """Whether accounts have to be read in full, where the index left something out."""
    return not _LONG.isdisjoint(columns)


def titles(texts: Texts) -> dict[str, str]:
    """What is above each column."""
    return {name: texts.plain(f"accounts.overview.column.{name}") for name in COLUMNS}
