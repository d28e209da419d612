"""Accounts by their names, as people know them: pages take and show names where the API has ids."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from chalicelib.domain.accounts.accounts import Account, Status
from chalicelib.domain.accounts.overview import Filters, Sort
from chalicelib.domain.ids import is_account_id
from chalicelib.domain.refusals import Invalid
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import names as name_rows
from chalicelib.models.partners import partners as partner_rows
from chalicelib.services.accounts import overview
from chalicelib.services.accounts.overview import Question

_LONGEST = 63


def id_of(*, partner_id: str, name: str, field: str) -> str:
    """The id of the partner's account of this name. Raises :class:`Invalid` at ``field`` if it has none."""
    account = _of_name(name)
    if account is None or account.partner_id != partner_id:
        raise Invalid(errors=[(field, "must be the name of one of your accounts")])
    return account.id


def find_known(*, partner_id: str, text: str, limit: int, now: datetime) -> list[Account]:
    """Accounts that the partner has, by a part of their names or of what is known of their clients, and one that moved
    away from it, by its whole name (§9)."""
    exact = _of_name(text)
    if exact is not None and partner_id in (exact.partner_id, *exact.earlier_partners):
        return [exact]
    question = Question(filters=Filters(q=text), sort=Sort.NAME)
    found, _ = overview.list_accounts(
        partner_id=partner_id, question=question, limit=limit, start=None, in_full=False, now=now
    )
    return found


def names_of(*, partner_id: str, account_ids: Iterable[str]) -> Mapping[str, str]:
    """The names of those accounts that are the partner's now; of others it learns nothing new."""
    wanted = list(dict.fromkeys(account_ids))
    found = account_rows.get_many(wanted) if wanted else {}
    return {account.id: account.name for account in found.values() if account.partner_id == partner_id}


def names_of_any(ids: Iterable[str | None]) -> Mapping[str, str]:
    """The names of accounts and partners, whoever they belong to: for the vendor's people."""
    wanted = list(dict.fromkeys(filter(None, ids)))
    of_accounts = [each for each in wanted if is_account_id(each)]
    of_partners = [each for each in wanted if not is_account_id(each)]
    accounts = account_rows.get_many(of_accounts) if of_accounts else {}
    partners = partner_rows.get_many(of_partners) if of_partners else {}
    return {id: each.name for id, each in accounts.items()} | {id: each.name for id, each in partners.items()}


def _of_name(name: str) -> Account | None:
    name = name.strip().lower()
    owner = name_rows.owner(name) if 0 < len(name) <= _LONGEST else None
    account = account_rows.get(owner) if owner else None
    return account if account is not None and account.status is not Status.PENDING else None
