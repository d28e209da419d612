"""The prices of periods in a forecast, each worked out once: a year of 5,000 accounts has 80 of them."""

from typing import Any

from chalicelib.domain.accounts import lifecycle
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.calendar import Period
from chalicelib.domain.catalog.plans import Plan
from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.catalog.quotes import Terms
from chalicelib.domain.schedule import renewals
from chalicelib.domain.schedule.renewals import NextPrice


def terms_by(account: Account) -> Any:
    """What an account's discounts depend on besides the day and the number of accounts."""
    return account.single_bill, account.migrated_cycles > 0, account.payer == account.partner_id


def priced_by(plan: Plan) -> Any:
    """What the price of a period depends on besides the terms."""
    return plan.pricing_version, plan.product, plan.tier, plan.contacts, plan.billing_frequency, plan.add_ons


class NextPrices:
    """What :func:`renewals.next_price` says. A whole period costs the same whenever it begins, on equal terms."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._terms: dict[Any, Terms] = {}
        self._prices: dict[Any, NextPrice | None] = {}

    def of(self, account: Account, *, active_paid_accounts: int) -> NextPrice | None:
        """The price of the account's next period; None for an unpriced plan."""
        by = terms_by(account), priced_by(lifecycle.plan_due(account))
        return self.of_period(lifecycle.period_due(account), account, *by, active_paid_accounts=active_paid_accounts)

    def of_period(
        self, period: Period, account: Account, terms_by: Any, priced_by: Any, *, active_paid_accounts: int
    ) -> NextPrice | None:
        """The price of a period, for a caller who knows what terms and price of the account depend on."""
        when = (terms_by, active_paid_accounts, period.start)
        terms = self._terms.get(when)
        if terms is None:
            terms = self._terms[when] = renewals.terms_for(
                account, program=self._program, active_paid_accounts=active_paid_accounts, day=period.start
            )
        key = (priced_by, terms.partner_percent, terms.migration_percent)
        if key not in self._prices:
            self._prices[key] = renewals.next_price(
                account, program=self._program, active_paid_accounts=active_paid_accounts, period=period
            )
        return self._prices[key]
