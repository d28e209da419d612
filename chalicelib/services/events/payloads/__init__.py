"""What event a change is, table by table; an image is a row as the stream gives it."""

from chalicelib.config import settings
from chalicelib.domain.events.events import Event
from chalicelib.models.wallet import settings_events
from chalicelib.services.events.payloads import accounts, money, partners, set_ups
from chalicelib.services.events.payloads.base import Image


def describe(table: str, old: Image | None, new: Image) -> Event | None:
    """The event of a change that names one, or None for one that concerns no partner."""
    if table == settings().accounts_table:
        return money.of_watch(new) if new["id"]["S"].startswith("prt_") else accounts.of_account(old, new)
    if table == settings().ledger_table:
        of = {"inv": money.of_invoice, "bill": money.of_bill, "txn": money.of_entry}
        return of[new["id"]["S"].partition("_")[0]](new)  # the parties of invoices name no event and never come here
    if table == settings().partners_table:
        return partners.of_partner(old, new)
    if table == settings().billing_profiles_table:
        return partners.of_profile(old, new)
    if table == settings().api_keys_table:
        return partners.of_key(new)
    if table == settings().suppressions_table:
        return partners.of_suppression(new)
    if table == settings().setups_table:
        return set_ups.of_set_up(old, new)
    if table == settings().access_table:
        is_wallet_setting = new["id"]["S"].startswith(settings_events.PREFIX)
        return partners.of_wallet_setting(old, new) if is_wallet_setting else accounts.of_access(old, new)
    if table == settings().webhooks_table:
        return partners.of_webhook(old, new)
    return None
