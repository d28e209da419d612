"""Partners: creating them, and what decides the prices they pay."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.savings import saved_per_month
from chalicelib.domain.calendar import local_date
from chalicelib.domain.catalog.pricing import next_tier, partner_percent
from chalicelib.domain.catalog.programs import DiscountTier, Program
from chalicelib.domain.ids import derived_id, fingerprint, is_account_id
from chalicelib.domain.money import Money
from chalicelib.domain.partners.partners import Partner, house_id
from chalicelib.domain.refusals import Invalid, KeyReused, NotFound, Refusal
from chalicelib.domain.time_zones import UnknownTimeZone, check_time_zone
from chalicelib.domain.values import dataclass
from chalicelib.domain.wallet.prepaid import next_check_at
from chalicelib.domain.wallet.wallets import Wallet, empty
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.accounts import overview as overview_rows
from chalicelib.models.partners import api_keys as key_rows
from chalicelib.models.partners import partners as partner_rows
from chalicelib.models.transactions import WriteConflict, commit
from chalicelib.models.wallet import balance_checks as check_rows
from chalicelib.models.wallet import wallets as wallet_rows
from chalicelib.models.wallet.balance_checks import BalanceCheck
from chalicelib.programs import program as load_program
from chalicelib.programs import program_names
from chalicelib.services.partners.api_keys import PARTNER_SCOPES, CreatedKey, new_key


class HouseHasNoKeys(Refusal):
    """The house has no log-in (docs/rules.md §9)."""

    code = "house_has_no_keys"
    title = "The house has no API keys"


@dataclass(frozen=True)
class Standing:
    """A partner with what decides its prices: its program, its wallet and today's discount tiers (docs/rules.md §5)."""

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
    """The partner, also one created just now. Raises :class:`NotFound`."""
    partner = partner_rows.get(partner_id) or partner_rows.get(partner_id, consistent_read=True)
    if partner is None:
        raise NotFound.of("partner", partner_id)
    return partner


def get_keyed(*, partner_id: str) -> Partner:
    """A partner that may have API keys. Raises :class:`NotFound`, and :class:`HouseHasNoKeys`."""
    partner = get_partner(partner_id=partner_id)
    if partner.house:
        raise HouseHasNoKeys("The house is the vendor itself: use an operator key, which reads its accounts.")
    return partner


def program_of(*, partner_id: str) -> Program:
    """The program a partner belongs to."""
    return load_program(get_partner(partner_id=partner_id).program)


def program_of_payer(payer: str) -> Program:
    """The program of whoever pays: a partner's, or that of the partner of an account that pays for itself (§9)."""
    if not is_account_id(payer):
        return program_of(partner_id=payer)
    account = account_rows.get(payer)
    if account is None:
        raise NotFound.of("account", payer)
    return program_of(partner_id=account.partner_id)


def house_of(program: str, *, now: datetime, actor: str) -> Partner:
    """The program's house partner, the vendor itself; it is created when it is first needed (§9).

    It has a wallet, but no key and no balance check.
    """
    created = house_or_new(program, now=now)
    if created.version:
        return created
    put = partner_rows.put(created, actor=actor, event="partner.created")
    try:
        commit([put, wallet_rows.put(empty(payer=created.id, currency=created.currency))])
    except WriteConflict:
        return get_partner(partner_id=created.id)  # another request created it
    return partner_rows.stored(put)


def house_or_new(program: str, *, now: datetime) -> Partner:
    """The program's house partner, or what it will be once it is created; nothing is written."""
    house = partner_rows.get(house_id(program))
    if house is not None:
        return house
    rules = load_program(program)
    return Partner(
        id=house_id(program),
        name=rules.house.name,
        program=program,
        email=rules.house.email,
        country=rules.house.country,
        time_zone=rules.house.time_zone,
        currency=rules.currency,
        house=True,
        created_at=now,
        updated_at=now,
    )


def standing(*, partner_id: str, now: datetime) -> Standing:
    """What decides the partner's prices today. Raises :class:`NotFound`."""
    partner = get_partner(partner_id=partner_id)
    program = load_program(partner.program)
    return Standing(
        partner=partner,
        program=program,
        wallet=wallet_rows.get(partner_id),
        tiers=program.discount_tiers_on(local_date(now, partner.time_zone)),
    )


MOST_SUMMED = 1_000
"""The most accounts, of any status, whose savings are summed up: so many summaries come in one read."""


def saved_by_next_tier(standing: Standing, *, among: Sequence[Account] | None = None) -> Money | None:
    """What the next discount tier would save on the partner's accounts in a month (docs/rules.md §5).

    ``among`` are all of its accounts, if they have been read already. None if there is no next tier, or the partner
    has more than MOST_SUMMED accounts.
    """
    upper = standing.next_tier
    if upper is None:
        return None
    accounts = among if among is not None else _first_accounts(standing.partner.id, MOST_SUMMED + 1)
    if len(accounts) > MOST_SUMMED:
        return None
    paid = [account for account in accounts if not account.pays_itself]
    return saved_per_month(paid, program=standing.program, percent=standing.percent, next_percent=upper.percent)


def _first_accounts(partner_id: str, count: int) -> list[Account]:
    return [each.account for each in islice(overview_rows.summaries_of(partner_id, page_size=count), count)]


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
    """Create a partner with an empty wallet and a first key.

    The same ``partner_id`` again is the same request repeated: it returns the partner as it is, and the first key with
    an empty ``key``. Raises :class:`KeyReused` and :class:`Invalid`, which says what is possible instead.
    """
    program_currency = _currency_of(program, currency=currency)
    _refuse_unknown_time_zone(time_zone)
    request = {"name": name, "program": program, "email": email, "country": country, "time_zone": time_zone}
    partner = Partner(
        id=partner_id,
        name=name,
        program=program,
        email=email,
        country=country,
        time_zone=time_zone,
        currency=program_currency,
        fingerprint=fingerprint(partner_id, request),
        created_at=now,
        updated_at=now,
    )
    key_id = derived_id("key", partner_id, "first")
    stored_key, first_key = new_key(
        key_id=key_id,
        partner_id=partner_id,
        name="First key",
        scopes=PARTNER_SCOPES,
        expires_at=None,
        now=now,
        actor=actor,
    )
    check = BalanceCheck(partner_id=partner_id, due_at=next_check_at(now=now))
    writes = [
        partner_rows.put(partner, actor=actor, event="partner.created"),
        wallet_rows.put(empty(payer=partner_id, currency=program_currency)),
        key_rows.put(stored_key, actor=actor, event="api_key.created"),
        check_rows.put(check, now=now, actor=actor),
    ]
    try:
        commit(writes)
    except WriteConflict as conflict:
        if partner_id not in conflict.subjects:
            raise
        return _created_before(partner), replace(first_key, key="")
    return partner, first_key


def _currency_of(program: str, *, currency: str | None) -> str:
    """The program's currency. Raises :class:`Invalid` if there is no such program, or ``currency`` is another one."""
    _refuse_unknown_program(program)
    only = load_program(program).currency
    if currency not in (None, only):
        raise Invalid(errors=[("currency", f"must be {only}, the currency of the program {program}")])
    return only


def _refuse_unknown_program(program: str) -> None:
    if program not in program_names():
        raise Invalid(errors=[("program", f"must be one of {', '.join(program_names())}")])


def _refuse_unknown_time_zone(time_zone: str) -> None:
    try:
        check_time_zone(time_zone)
    except UnknownTimeZone as error:
        raise Invalid(errors=[("time_zone", str(error))]) from error


def _created_before(partner: Partner) -> Partner:
    """The partner that a repeated request created. Raises :class:`KeyReused` if it was a different request."""
    existing = get_partner(partner_id=partner.id)
    if existing.fingerprint != partner.fingerprint:
        raise KeyReused(f"It created the partner {existing.name!r}. Use a new Idempotency-Key.")
    return existing


def list_partners(
    *, program: str | None, limit: int, start: dict[str, Any] | None
) -> tuple[list[Partner], dict[str, Any] | None]:
    """The partners of a program, or of all, newest first, and where the next page starts.

    Raises :class:`Invalid` for an unknown program.
    """
    if program is not None:
        _refuse_unknown_program(program)
    names = program_names() if program is None else (program,)
    found = [partner for name in names for partner in partner_rows.of_program(name, limit=limit + 1, before=start)]
    newest = sorted(found, key=lambda partner: (partner.created_at, partner.id), reverse=True)
    page = newest[:limit]
    last = page[-1] if len(newest) > limit else None
    return page, partner_rows.place_of(last) if last else None


def list_programs(*, now: datetime) -> list[tuple[Program, tuple[DiscountTier, ...]]]:
    """All programs by name, each with its discount tiers as they are today (UTC)."""
    programs = [load_program(name) for name in program_names()]
    return [(program, program.discount_tiers_on(local_date(now, "UTC"))) for program in programs]
