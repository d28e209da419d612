"""What a change of an account does to its payer's wallet (docs/rules.md §5, §7)."""

from datetime import datetime

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.ids import derived_id
from chalicelib.domain.money import Money
from chalicelib.domain.wallet import wallets
from chalicelib.domain.wallet.journal import Entry, EntryKind
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.models.billing import journal as journal_rows
from chalicelib.models.transactions import Write


def adjust_active_count(wallet: Wallet, before: Account, after: Account) -> Wallet:
    """The wallet's count of active paid accounts after an account changed from ``before`` to ``after`` (§5).

    An account counts for whoever pays for it.
    """
    change = int(_counts(wallet, after)) - int(_counts(wallet, before))
    return wallets.count(wallet, change) if change else wallet


def _counts(wallet: Wallet, account: Account) -> bool:
    return account.counts_as_active_paid and account.payer == wallet.payer


def release_set_aside(
    wallet: Wallet, before: Account, after: Account, *, now: datetime, actor: str
) -> tuple[Wallet, list[Write]]:
    """Release the rest of the money set aside for an account that has ended, or has another payer now (§7, §9)."""
    if not before.set_aside or after.set_aside or before.payer != wallet.payer:
        return wallet, []
    wallet = wallets.with_journal_entry(wallets.set_aside(wallet, -before.set_aside))
    entry = Entry(
        id=derived_id("txn", before.id, "released", str(before.version)),
        payer=before.payer,
        kind=EntryKind.TAKE_BACK,
        at=now,
        amount=Money.zero(wallet.currency),
        balance_after=wallet.balance,
        sequence=wallet.sequence,
        set_aside_change=-before.set_aside,
        account_id=before.id,
    )
    return wallet, [journal_rows.put(entry, actor=actor, event="prepaid.taken_back")]
