"""What becomes of an account while the product's platform prepares it (docs/rules.md §2).

The first answer counts. An account that could not be prepared has never been of use: it ends at once, and whatever
was paid for it is given back.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.accounts import transitions
from chalicelib.domain.accounts.accounts import Account, ExpiryReason, Provisioning, ProvisioningStatus, Status
from chalicelib.domain.calendar import after_days
from chalicelib.domain.refusals import Refusal

_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
"""Between one time the platform is asked and the next; the last holds from then on."""


class AlreadyAnswered(Refusal):
    """The platform has said something else of this account before."""

    code = "provisioning_answered"
    title = "The account is not being prepared any more"


def status_of(account: Account) -> ProvisioningStatus:
    """How far the platform is with the account."""
    return account.provisioning.status if account.provisioning else ProvisioningStatus.READY


def is_answered(account: Account, said: ProvisioningStatus) -> bool:
    """Whether the platform has said the same before. Raises :class:`AlreadyAnswered` if it was something else."""
    status = status_of(account)
    if status is ProvisioningStatus.PENDING:
        return False
    if status is not said:
        raise AlreadyAnswered(
            f"{account.id} is {status} and stays so. "
            + ("Cancel it instead." if status is ProvisioningStatus.READY else "Create another account."),
            extra={"provisioning": status},
        )
    return True


def ask_again_at(provisioning: Provisioning, *, now: datetime) -> datetime:
    """When the platform is asked once more, after it was asked ``now`` and did not decide."""
    return now + _PAUSES[min(provisioning.asked, len(_PAUSES) - 1)]


def asked(account: Account, *, now: datetime) -> Account:
    """The account after the platform was asked ``now`` and has not decided yet."""
    provisioning = _pending(account)
    return replace(
        account,
        provisioning=replace(
            provisioning, ask_at=ask_again_at(provisioning, now=now), asked=provisioning.asked + 1, snapshot_id=None
        ),
    )


def put_off(account: Account, *, until: datetime) -> Account:
    """The account whose turn to be asked about has not come, since others are asked about first."""
    return replace(account, provisioning=replace(_pending(account), ask_at=until))


def ready(account: Account, *, now: datetime) -> Account:
    """The account once the platform has prepared it."""
    _pending(account)
    return replace(account, provisioning=None, updated_at=now)


def failed(account: Account, *, reason: str, now: datetime) -> Account:
    """The account once the platform has said that it can't be prepared, or said nothing for too long.

    It ends at once. One that has ended in the meantime keeps the end it had.
    """
    provisioning = replace(
        _pending(account),
        status=ProvisioningStatus.FAILED,
        reason=reason,
        ask_at=None,
        snapshot_id=None,
        refund_at=now if account.charges else None,
    )
    account = replace(account, provisioning=provisioning, updated_at=now)
    if account.runs or account.status is Status.CANCELED:
        return transitions.expired(account, reason=ExpiryReason.PROVISIONING_FAILED, at=now, now=now)
    return account


def refunded(account: Account) -> Account:
    """The account once all that was paid for it is on its way back."""
    assert account.provisioning is not None
    return replace(account, provisioning=replace(account.provisioning, refund_at=None))


def refund_again(account: Account, *, declined: bool, now: datetime) -> Account:
    """The account of which something could not be given back ``now``: looked at again tomorrow."""
    assert account.provisioning is not None
    provisioning = replace(
        account.provisioning,
        refund_at=after_days(now, 1, account.time_zone),
        refunds_declined=account.provisioning.refunds_declined + int(declined),
    )
    return replace(account, provisioning=provisioning)


def _pending(account: Account) -> Provisioning:
    provisioning = account.provisioning
    assert provisioning is not None
    assert provisioning.status is ProvisioningStatus.PENDING
    return provisioning
