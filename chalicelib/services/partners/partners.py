"""Partners: taking one into a program, and what one may know of itself."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from chalicelib.domain.accounts.savings import saved_per_month
from chalicelib.domain.calendar import UnknownTimeZone, check_time_zone, local_date
from chalicelib.domain.catalog.pricing import next_tier, partner_percent
from chalicelib.domain.catalog.programs import DiscountTier, Program
from chalicelib.domain.ids import derived_id, fingerprint
from chalicelib.domain.money import Money
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.refusals import Invalid, KeyReused, NotFound
from chalicelib.domain.wallet.prepaid import next_check_at
from chalicelib.domain.wallet.wallets import Wallet, empty
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.partners import api_keys as key_rows
from chalicelib.models.partners import partners as partner_rows
from chalicelib.models.transactions import WriteConflict, commit
from chalicelib.models.wallet import balance_checks as check_rows
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.models.wallet.balance_checks import BalanceCheck
from chalicelib.programs import program as load_program
from chalicelib.programs import program_names
from chalicelib.services.partners.api_keys import CreatedKey, made_key


@dataclass(frozen=True)
class Standing:
    """A partner with what decides its prices: its program, its wallet, its discount tier today (rules §5)."""

    partner: Partner
    program: Program
    wallet: Wallet
    tiers: tuple[DiscountTier, ...]

    @property
    def accounts(self) -> int:
        return self.wallet.active_paid_accounts

    @property
    def percent(self) -> Decimal:
        return partner_percent(tiers=self.tiers, accounts=self.accounts)

    @property
    def next_tier(self) -> DiscountTier | None:
        return next_tier(tiers=self.tiers, accounts=self.accounts)


def get_partner(*, partner_id: str) -> Partner:
    """The partner. Raises :class:`NotFound`."""
    partner = partner_rows.get(partner_id)
    if partner is None:
        raise NotFound.of("partner", partner_id)
    return partner


def program_of(*, partner_id: str) -> Program:
    """The program a partner belongs to."""
    return load_program(get_partner(partner_id=partner_id).program)


def standing(*, partner_id: str, now: datetime) -> Standing:
    """Where a partner stands today."""
    partner = get_partner(partner_id=partner_id)
    program = load_program(partner.program)
    return Standing(
        partner=partner,
        program=program,
        wallet=wallet_rows.get(partner_id),
        tiers=program.discount_tiers_on(local_date(now, partner.time_zone)),
    )


MOST_SUMMED = 1_000
"""Accounts, whatever their status, up to which savings are summed up: their summaries come in one read."""


def saved_by_next_tier(standing: Standing) -> Money | None:
    """What the next discount tier would save the partner's accounts in a month (§5).

    None without a next tier, and for a partner with more than MOST_SUMMED accounts.
    """
    upper = standing.next_tier
    if upper is None:
        return None
    listed = islice(account_rows.overview(standing.partner.id, page_size=MOST_SUMMED + 1), MOST_SUMMED + 1)
    accounts = [kept.account for kept in listed]
    if len(accounts) > MOST_SUMMED:
        return None
    return saved_per_month(accounts, program=standing.program, percent=standing.percent, next_percent=upper.percent)


def create_partner(
    *,
    partner_id: str,
    name: str,
    program: str,
    email: str,
    country: str,
    time_zone: str,
    currency: str | None,
    now: datetime,
    actor: str,
) -> tuple[Partner, CreatedKey]:
    """Take a partner into a program, with an empty wallet and a first key.

    The same ``partner_id`` again is the same request repeated: the partner as it is, its first
    key's ``key`` empty.
    Raises :class:`Invalid` naming every program or currency that is possible instead.
    """
    if program not in program_names():
        raise Invalid(errors=[("program", f"must be one of {', '.join(program_names())}")])
    rules = load_program(program)
    if currency not in (None, rules.currency):
        raise Invalid(errors=[("currency", f"must be {rules.currency}, the currency of the program {program}")])
    try:
        check_time_zone(time_zone)
    except UnknownTimeZone as error:
        raise Invalid(errors=[("time_zone", str(error))]) from error
    asked = {"name": name, "program": program, "email": email, "country": country, "time_zone": time_zone}
    partner = Partner(
        id=partner_id,
        name=name,
        program=program,
        email=email,
        country=country,
        time_zone=time_zone,
        currency=rules.currency,
        fingerprint=fingerprint(partner_id, asked),
        created_at=now,
        updated_at=now,
    )
    row, created = made_key(
        key_id=derived_id("key", partner_id, "first"),
        partner_id=partner_id,
        name="First key",
        scopes=("read", "write", "billing"),
        expires_at=None,
        now=now,
    )
    check = BalanceCheck(partner_id=partner_id, due_at=next_check_at(now=now))
    try:
        commit(
            [
                partner_rows.put(partner, actor=actor, event="partner.created"),
                wallet_rows.put(empty(payer=partner_id, currency=rules.currency)),
                key_rows.put(row, actor=actor, event="api_key.created"),
                check_rows.put(check, now=now, actor=actor),
            ]
        )
    except WriteConflict as conflict:
        if partner_id not in conflict.subjects:
            raise
        existing = get_partner(partner_id=partner_id)
        if existing.fingerprint != partner.fingerprint:
            raise KeyReused(f"It created the partner {existing.name!r}. Use a new Idempotency-Key.") from conflict
        return existing, replace(created, key="")
    return partner, created


def list_partners(
    *, program: str | None, limit: int, start: dict[str, Any] | None
) -> tuple[list[Partner], dict[str, Any] | None]:
    """The partners of a program, or of all, newest first, and where the next page starts.

    Raises :class:`Invalid` for a program that there is not.
    """
    if program is not None and program not in program_names():
        raise Invalid(errors=[("program", f"must be one of {', '.join(program_names())}")])
    names = program_names() if program is None else (program,)
    found = [partner for name in names for partner in partner_rows.of_program(name, limit=limit + 1, before=start)]
    newest = sorted(found, key=lambda partner: (partner.created_at, partner.id), reverse=True)
    page = newest[:limit]
    last = page[-1] if len(newest) > limit else None
    return page, partner_rows.place_of(last) if last else None


def list_programs(*, now: datetime) -> list[tuple[Program, tuple[DiscountTier, ...]]]:
    """Every program by name, with its partner discount as it is today (UTC)."""
    programs = [load_program(name) for name in program_names()]
    return [(program, program.discount_tiers_on(local_date(now, "UTC"))) for program in programs]
