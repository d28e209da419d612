"""What the client of an account may see to itself (docs/rules.md §9)."""

from enum import StrEnum

from chalicelib.domain.accounts.accounts import Account, Relationship
from chalicelib.domain.refusals import Refusal, RefusalKind


class Right(StrEnum):
    """What the right is over."""

    PAYMENT = "payment"
    """The card, the invoices and a retry: for the client who pays."""
    SUBSCRIPTION = "subscription"
    """Plan, add-ons, cancellation and renewal: for the client who pays and whose account no partner manages."""


class NotYoursToChange(Refusal):
    """The account's partner decides this, not its client."""

    kind = RefusalKind.FORBIDDEN
    code = "not_yours_to_change"
    title = "The account's partner decides this"


def rights(account: Account) -> frozenset[Right]:
    """The client's rights over its account; none where its partner pays."""
    if not account.pays_itself:
        return frozenset()
    if account.relationship is Relationship.MANAGED:
        return frozenset({Right.PAYMENT})
    return frozenset(Right)


def refuse_without(account: Account, right: Right) -> None:
    """Raise :class:`NotYoursToChange` unless the client has the right."""
    if right in rights(account):
        return
    extra = {"payer": account.paid_by, "relationship": account.relationship}
    if account.pays_itself:
        raise NotYoursToChange(
            "Your partner manages this account, so it decides on plan, add-ons, cancellation and renewal. "
            "Yours are the card, the invoices and a retry of a payment.",
            extra=extra,
        )
    raise NotYoursToChange("Your partner pays for this account. Ask it, or see GET /client/account.", extra=extra)
