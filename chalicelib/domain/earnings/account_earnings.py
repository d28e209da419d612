"""What a partner has earned with one account (docs/rules.md §10)."""

from chalicelib.domain.money import Money
from chalicelib.domain.values import dataclass


@dataclass(frozen=True, slots=True)
class AccountEarnings:
    """What a partner has earned with an account, reversals taken off, and what holds its lines.

    Once the account's first invoice is disputed, its lines are held, later ones too, until an operator releases one of
    them: then the account is ``cleared``. ``bonus_invoice_id`` and ``bonus_payer`` name the invoice of its bonus.
    """

    account_id: str
    partner_id: str
    earned: Money
    first_invoice_disputed: bool = False
    cleared: bool = False
    bonus_invoice_id: str | None = None
    bonus_payer: str | None = None
    version: int = 0

    @property
    def is_held(self) -> bool:
        """Whether its lines are held because of its first invoice."""
        return self.first_invoice_disputed and not self.cleared
