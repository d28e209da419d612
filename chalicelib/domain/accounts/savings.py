"""What the next discount tier would save a partner, as money (docs/rules.md §5)."""

from collections.abc import Iterable
from decimal import Decimal

from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.calendar import Frequency
from chalicelib.domain.catalog.pricing import discount, plan_components
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.money import Money, total

MONTHS = {Frequency.MONTHLY: 1, Frequency.ANNUAL: 12}


def saved_per_month(accounts: Iterable[Account], *, program: Program, percent: Decimal, next_percent: Decimal) -> Money:
    """How much less ``accounts`` would cost in a month at ``next_percent`` than at ``percent``, on their present plans.

    Only active paid accounts with the tier's discount count: not those on the Single Bill, nor those whose clients
    pay. An annual account counts with a twelfth of what it saves.
    """
    saved = {frequency: program.money(0) for frequency in MONTHS}
    for account in accounts:
        if account.counts_as_active_paid and account.payer == account.partner_id and not account.single_bill:
            at, at_next = (_price(account, program, each) for each in (percent, next_percent))
            saved[account.priced_plan.billing_frequency or account.frequency] += at - at_next
    shares = (amount.share(part=1, whole=MONTHS[frequency]) for frequency, amount in saved.items())
    return total(shares, currency=program.currency)


def _price(account: Account, program: Program, partner_percent: Decimal) -> Money:
    """What a cycle costs under that partner discount, each line rounded as on its invoice."""
    migrated = program.migration_discount if account.migrated_cycles > 0 else None
    migration = migrated.percent if migrated else Decimal(0)
    prices = (
        discount(list_price=part.list_price, migration_percent=migration, partner_percent=partner_percent)
        for part in plan_components(program=program, plan=account.priced_plan) or ()
    )
    return total((price.price_per_cycle for price in prices), currency=program.currency)
