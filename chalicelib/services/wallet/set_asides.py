"""Setting prepaid money aside for one account, and taking it back (docs/rules.md §6, §7)."""

from dataclasses import replace
from datetime import datetime

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.actions import refuse_unless_partner_pays, refuse_while_charging
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import KeyReused
from chalicelib.domain.wallet import wallets
from chalicelib.domain.wallet.journal import Entry, EntryKind
from chalicelib.domain.wallet.wallets import NotEnoughPrepaid, Wallet
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.billing import journal as journal_rows
from chalicelib.models.transactions import commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.accounts import accounts
from chalicelib.services.partners import partners
from chalicelib.services.wallet.prepaid import WALLET_BUSY, AccountHasEnded


def set_money_aside(
    *, entry_id: str, partner_id: str, account_id: str, amount: int, now: datetime, actor: str
) -> Entry:
    """Reserve general prepaid money for one account. The same ``entry_id`` again is the same request repeated."""

    def attempt() -> Entry:
        if (entry := journal_rows.get(partner_id, entry_id)) is not None:
            return _unless_other(entry, amount, account_id)
        account = _changeable(partner_id, account_id)
        if account.has_ended:
            raise AccountHasEnded(f"{account_id} is {account.status} and will not be charged.")
        wallet = wallet_rows.get(partner_id)
        money = Money(amount, wallet.currency)
        if money > wallet.general:
            raise NotEnoughPrepaid(f"At most {wallet.general.amount} can be set aside (minor units).")
        return _write_movement(wallet, account, money, EntryKind.SET_ASIDE, entry_id=entry_id, now=now, actor=actor)

    return transactions.retry(attempt, busy=WALLET_BUSY)


def take_money_back(*, entry_id: str, partner_id: str, account_id: str, now: datetime, actor: str) -> Entry:
    """Make what is left of an account's set-aside money general again."""

    def attempt() -> Entry:
        if (entry := journal_rows.get(partner_id, entry_id)) is not None:
            return entry  # an earlier attempt wrote it, but its answer was lost
        account = _changeable(partner_id, account_id)
        if not account.set_aside:
            raise NotEnoughPrepaid(f"No prepaid money is set aside for {account_id}.")
        wallet = wallet_rows.get(partner_id)
        return _write_movement(
            wallet, account, -account.set_aside, EntryKind.TAKE_BACK, entry_id=entry_id, now=now, actor=actor
        )

    return transactions.retry(attempt, busy=WALLET_BUSY)


def _changeable(partner_id: str, account_id: str) -> Account:
    account = accounts.get_managed(partner_id=partner_id, account_id=account_id)
    refuse_unless_partner_pays(account, for_what="prepaid money")
    refuse_while_charging(account)
    return account


def _write_movement(
    wallet: Wallet, account: Account, change: Money, kind: EntryKind, *, entry_id: str, now: datetime, actor: str
) -> Entry:
    """Write a movement between general and set-aside money; its journal entry."""
    program = partners.program_of(partner_id=wallet.payer)
    wallet = wallets.with_journal_entry(wallets.set_aside(wallet, change))
    entry = Entry(
        id=entry_id,
        payer=wallet.payer,
        kind=kind,
        at=now,
        amount=Money.zero(wallet.currency),
        balance_after=wallet.balance,
        sequence=wallet.sequence,
        set_aside_change=change,
        account_id=account.id,
    )
    after = replace(account, set_aside=(account.prepaid_set_aside + change) or None, updated_at=now)
    event = "prepaid.set_aside" if kind is EntryKind.SET_ASIDE else "prepaid.taken_back"
    commit(
        [
            wallet_rows.put(wallet),
            account_rows.put(after, program=program, actor=actor),
            journal_rows.put(entry, actor=actor, event=event),
        ]
    )
    return entry


def _unless_other(entry: Entry, amount: int, account_id: str) -> Entry:
    change = entry.set_aside_change.amount if entry.set_aside_change else 0
    if (entry.kind, change, entry.account_id) != (EntryKind.SET_ASIDE, amount, account_id):
        raise KeyReused("It was used for a different movement of prepaid money. Use a new Idempotency-Key.")
    return entry
