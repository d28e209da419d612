"""SMS and inbox-preview credits of accounts: allocated, taken back and used (docs/rules.md §2, §7).

Allocated credits leave the partner's balance and belong to the account. Every movement is an entry in the partner's
journal. So is the use of an account's credits, though it does not change the partner's balance.
"""

from dataclasses import replace
from datetime import datetime

from chalicelib.domain.accounts.accounts import Account, Status
from chalicelib.domain.accounts.actions import refuse_while_charging
from chalicelib.domain.ids import derived_id
from chalicelib.domain.money import Money
from chalicelib.domain.refusals import Invalid, KeyReused, NotFound, Refusal
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet import wallets
from chalicelib.domain.wallet.journal import CreditKind, Entry, EntryKind
from chalicelib.domain.wallet.wallets import Wallet
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.billing import journal as journal_rows
from chalicelib.models.transactions import Write, commit
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.services.accounts import accounts
from chalicelib.services.partners import partners
from chalicelib.services.wallet.prepaid import AccountHasEnded

_ATTEMPTS_OF_A_REPORT = 25
"""The platform reports on many accounts of one partner at a time, and these share one journal."""

TITLES = {CreditKind.SMS: "SMS credits", CreditKind.INBOX_PREVIEW: "inbox previews"}


class NotEnoughCredits(Refusal):
    """More was asked for than there is: of the partner's credits, or of the account's."""

    code = "not_enough_credits"
    title = "There are not enough credits"


class NoSmsYet(Refusal):
    """The account cannot use SMS credits: no add-on, or no registration of its own on the Single Bill (§2)."""

    code = "no_sms_yet"
    title = "The account cannot use SMS credits yet"


class OtherReport(Refusal):
    """Another report with this id has been recorded already."""

    code = "report_id_reused"
    title = "Another report has this id"


@dataclass(frozen=True)
class Allocation:
    """A movement of an account's credits: the wallet and the account after it, and its entry."""

    wallet: Wallet
    account: Account
    entry: Entry


def credits_moved(
    wallet: Wallet,
    account: Account,
    credit: CreditKind,
    kind: EntryKind,
    change: int,
    *,
    entry_id: str,
    now: datetime,
    used_at: datetime | None = None,
) -> Allocation:
    """Change an account's credits of one kind. The partner's balance changes the other way, unless they are used.

    Lists do not show use as a change of the account: ``updated_at`` stays.
    """
    is_use = kind is EntryKind.USED
    balance_change = 0 if is_use else -change
    wallet = wallets.credited(wallet, credit, balance_change)
    has = account.credits.get(credit, 0) + change
    if has < 0:
        raise ValueError(f"{account.id} has {has - change} {credit.unit}, {-change} cannot be taken")
    entry = wallets.credit_entry(
        wallet,
        credit,
        kind,
        balance_change,
        id=entry_id,
        now=now,
        account_id=account.id,
        account_change=Money(change, credit.unit),
        used_at=used_at,
    )
    updated_at = account.updated_at if is_use else now
    after = replace(account, credits={**account.credits, credit: has}, updated_at=updated_at)
    return Allocation(wallet, after, entry)


def allocate_credits(
    *,
    entry_id: str,
    partner_id: str,
    kind: CreditKind,
    account_id: str,
    quantity: int,
    now: datetime,
    actor: str,
) -> Entry:
    """Give credits of the partner to one of its accounts; SMS only where the account can use them (§2, §7).

    The same ``entry_id`` again is the same request repeated.
    """

    def attempt() -> Entry:
        if (entry := journal_rows.get(partner_id, entry_id)) is not None:
            if (entry.credit, entry.amount.amount, entry.account_id) != (kind, -quantity, account_id):
                raise KeyReused(f"It moved {entry.amount.amount} {entry.credit} credits. Use a new Idempotency-Key.")
            return entry
        account = accounts.get_managed(partner_id=partner_id, account_id=account_id)
        refuse_unless_usable(account, kind)
        wallet = wallet_rows.get(partner_id)
        balance = wallets.credit_balance(wallet, kind).balance
        if quantity > balance:
            raise NotEnoughCredits(f"There are {balance:,} {TITLES[kind]}, so {quantity:,} cannot be allocated.")
        after = credits_moved(wallet, account, kind, EntryKind.ALLOCATED, quantity, entry_id=entry_id, now=now)
        return _write(after, event=f"{kind}.allocated", actor=actor)

    return transactions.retry(attempt, busy=_busy(account_id))


def take_credits_back(
    *, entry_id: str, partner_id: str, kind: CreditKind, account_id: str, now: datetime, actor: str
) -> Entry:
    """Give the partner back the credits that an account has left, whether it is active or has ended (§7)."""

    def attempt() -> Entry:
        if (entry := journal_rows.get(partner_id, entry_id)) is not None:
            return entry  # an earlier attempt wrote it, but its answer was lost
        account = accounts.get_managed(partner_id=partner_id, account_id=account_id)
        left = account.credits.get(kind, 0)
        if not left:
            raise NotEnoughCredits(f"{account_id} has no {TITLES[kind]} to take back.")
        wallet = wallet_rows.get(partner_id)
        after = credits_moved(wallet, account, kind, EntryKind.TAKE_BACK, -left, entry_id=entry_id, now=now)
        return _write(after, event=f"{kind}.taken_back", actor=actor)

    return transactions.retry(attempt, busy=_busy(account_id))


def report_use(
    *,
    account_id: str,
    kind: CreditKind,
    report_id: str,
    quantity: int,
    at: datetime | None,
    now: datetime,
    actor: str,
) -> Entry:
    """Deduct credits that an account used at ``at``, or now if None, as the product's platform reports it (§7).

    A ``report_id`` counts once, however often it is sent. Late reports count too, even after the account has ended. An
    account cannot use more credits than it has: then the whole report is refused, and may be sent again.
    Raises :class:`NotFound`, :class:`Invalid`, :class:`NotEnoughCredits`, :class:`NoSmsYet`, :class:`OtherReport`.
    """
    if at is not None and at > now:
        raise Invalid(errors=[("at", "must not be in the future; leave it out to mean now")])
    entry_id = derived_id("txn", account_id, kind, "used", report_id)

    def attempt() -> Entry:
        account = account_rows.get(account_id)
        if account is None or account.status is Status.PENDING:
            raise NotFound.of("account", account_id)
        for partner in (account.partner_id, *account.earlier_payers):
            if (entry := journal_rows.get(partner, entry_id)) is not None:
                return _unless_other(entry, quantity, at=at, report_id=report_id)
        if kind is CreditKind.SMS:
            _refuse_unless_registered(account)
        left = account.credits.get(kind, 0)
        if quantity > left:
            raise NotEnoughCredits(
                f"{account_id} has {left:,} {TITLES[kind]}, not {quantity:,}. Nothing was taken; "
                "repeat the report once enough are allocated.",
                extra={"credits_left": left},
            )
        wallet = wallet_rows.get(account.partner_id)
        after = credits_moved(
            wallet, account, kind, EntryKind.USED, -quantity, entry_id=entry_id, now=now, used_at=at or now
        )
        return _write(after, event=f"{kind}.used", actor=actor)

    return transactions.retry(attempt, attempts=_ATTEMPTS_OF_A_REPORT, busy=_busy(account_id))


def register_sms(*, partner_id: str, account_id: str, now: datetime, actor: str) -> Account:
    """Record that an account on the Single Bill has completed its own SMS registration (§2)."""
    program = partners.program_of(partner_id=partner_id)

    def attempt() -> Account:
        account = accounts.get_managed(partner_id=partner_id, account_id=account_id)
        if account.sms_registered:
            return account
        if "sms" not in account.plan.add_ons:
            raise NoSmsYet(f"{account_id} has no SMS add-on, so there is nothing to register.")
        put = account_rows.put(
            replace(account, sms_registered=True, updated_at=now),
            program=program,
            actor=actor,
            event="account.sms_registered",
        )
        commit([put])
        return account_rows.stored(put)

    return transactions.retry(attempt, busy=_busy(account_id))


def refuse_unless_usable(account: Account, kind: CreditKind) -> None:
    """Raise a refusal if the account cannot use credits of this kind now."""
    refuse_while_charging(account)
    if not account.runs:
        raise AccountHasEnded(f"{account.id} is {account.status} and cannot use credits.")
    if kind is not CreditKind.SMS:
        return
    if "sms" not in account.plan.add_ons:
        raise NoSmsYet(f"{account.id} has no SMS add-on.")
    _refuse_unless_registered(account)


def can_use(account: Account, kind: CreditKind) -> bool:
    """Whether credits of this kind may be allocated to the account. A charge in progress makes no difference."""
    try:
        refuse_unless_usable(replace(account, charge=None), kind)
    except Refusal:
        return False
    return True


def _refuse_unless_registered(account: Account) -> None:
    if account.single_bill and not account.sms_registered:
        raise NoSmsYet(
            f"{account.id} is on the Single Bill and has not completed its own SMS registration: "
            f"PUT /v1/accounts/{account.id}/sms-registration."
        )


def _write(after: Allocation, *, event: str, actor: str) -> Entry:
    """Write a movement of credits; its entry."""
    program = partners.program_of(partner_id=after.wallet.payer)
    writes: list[Write] = [
        wallet_rows.put(after.wallet),
        account_rows.put(after.account, program=program, actor=actor),
        journal_rows.put(after.entry, actor=actor, event=event),
    ]
    commit(writes)
    return after.entry


def _unless_other(entry: Entry, quantity: int, *, at: datetime | None, report_id: str) -> Entry:
    used = -entry.account_change.amount if entry.account_change else 0
    if used != quantity or at not in (None, entry.used_at):
        known = f"{used:,} at {entry.used_at:%Y-%m-%dT%H:%M:%SZ}"
        raise OtherReport(f"The report {report_id} said {known}. Use a new id for another use.")
    return entry


def _busy(account_id: str) -> str:
    return f"Others kept changing the wallet or {account_id}. Try again in a moment."
