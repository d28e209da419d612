"""An account's own domain: set it, verify it by its CNAME, remove it (docs/rules.md §8).

The CNAME has to lead to the account's login address, so nobody can verify a domain that another account set up. Only a
verified domain is reserved for its account.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from chalicelib.config import settings
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.accounts.actions import refuse_while_charging
from chalicelib.domain.refusals import Invalid, Refusal, RefusalKind
from chalicelib.domain.setup import custom_domains as domain_rules
from chalicelib.domain.setup.custom_domains import DomainState
from chalicelib.domain.values import dataclass
from chalicelib.gateways import dns
from chalicelib.models import transactions
from chalicelib.models.accounts import accounts as account_rows
from chalicelib.models.setup import custom_domains as domain_rows
from chalicelib.models.transactions import Write, WriteConflict, commit
from chalicelib.services.accounts import accounts
from chalicelib.services.partners import partners


@dataclass(frozen=True)
class Domain:
    """An account's domain. ``found`` is where its CNAME led when it was just looked up."""

    name: str | None
    state: DomainState | None
    target: str
    found: tuple[str, ...] | None = None


class NoDomain(Refusal):
    """There is nothing to verify."""

    code = "no_domain"
    title = "The account has no domain"


class DomainTaken(Refusal):
    """The domain is verified for another account (§8)."""

    code = "domain_taken"
    title = "The domain belongs to another account"


class LookUpUnavailable(Refusal):
    """The name servers did not answer; the domain stays as it is."""

    kind = RefusalKind.UNAVAILABLE
    code = "look_up_unavailable"
    title = "The domain could not be looked up"


def get_domain(*, partner_id: str, account_id: str) -> Domain:
    """The account's domain and where its CNAME has to lead. Raises :class:`NotFound`."""
    return _shown(accounts.get_managed(partner_id=partner_id, account_id=account_id))


def set_domain(*, partner_id: str, account_id: str, domain: str, now: datetime, actor: str) -> Domain:
    """Set another domain, to be verified. Raises :class:`NotFound`, :class:`Invalid`, :class:`ChargeInProgress`."""
    name = checked(domain)

    def change(account: Account) -> Account:
        if account.custom_domain == name:
            return account
        return replace(account, custom_domain=name, domain_state=DomainState.PENDING)

    return _shown(_change(change, "account.domain_changed", partner_id, account_id, now=now, actor=actor))


def remove_domain(*, partner_id: str, account_id: str, now: datetime, actor: str) -> None:
    """Remove the domain; others may use it then. Raises :class:`NotFound`, :class:`ChargeInProgress`."""

    def change(account: Account) -> Account:
        return replace(account, custom_domain=None, domain_state=DomainState.PENDING)

    _change(change, "account.domain_removed", partner_id, account_id, now=now, actor=actor)


def verify_domain(*, partner_id: str, account_id: str, now: datetime, actor: str) -> Domain:
    """Look the domain's CNAME up: it is verified, or has failed and may be tried again.

    Raises :class:`NotFound`, :class:`NoDomain`, :class:`DomainTaken`, :class:`LookUpUnavailable`,
    :class:`ChargeInProgress`.
    """
    looked_at = get_domain(partner_id=partner_id, account_id=account_id)
    if looked_at.name is None:
        raise NoDomain(f"Set one first: PUT /v1/accounts/{account_id}/domain.")
    try:
        found = dns.resolver().chain(looked_at.name, towards=looked_at.target)
    except dns.LookUpFailed as error:
        raise LookUpUnavailable("No name server answered. Try again in a minute.", retry_after=60) from error
    state = domain_rules.state_of(found, target=looked_at.target)

    def change(account: Account) -> Account:
        if account.custom_domain != looked_at.name:
            raise NoDomain("The domain was changed meanwhile. Verify the new one.")
        return replace(account, domain_state=state)

    after = _change(change, f"account.domain_{state}", partner_id, account_id, now=now, actor=actor)
    return replace(_shown(after), found=found)


def checked(domain: str) -> str:
    """The domain, given in ASCII and lower case. Raises :class:`Invalid` for what can't be an account's."""
    if fault := fault_of(domain):
        raise Invalid(errors=[("domain", fault)])
    return domain


def fault_of(domain: str) -> str | None:
    """Why this domain, in ASCII and lower case, can't be an account's, if it can't."""
    return domain_rules.fault_of(domain, login_domain=settings().login_domain)


def _change(
    change: Callable[[Account], Account], event: str, partner_id: str, account_id: str, *, now: datetime, actor: str
) -> Account:
    program = partners.program_of(partner_id=partner_id)

    def attempt() -> Account:
        account = accounts.get_managed(partner_id=partner_id, account_id=account_id)
        refuse_while_charging(account)
        after = change(account)
        if after == account:
            return account
        put = account_rows.put(replace(after, updated_at=now), program=program, actor=actor, event=event)
        try:
            commit([put, *locks(account, after)])
        except WriteConflict as conflict:
            if account_id not in conflict.subjects and after.custom_domain is not None:
                raise DomainTaken(f"{after.custom_domain} is verified for another account already.") from conflict
            raise
        return account_rows.stored(put)

    return transactions.retry(attempt, busy=f"Others kept changing {account_id}. Try again in a moment.")


def locks(before: Account, after: Account) -> list[Write]:
    """The writes of the locks on domains for a change of an account; only a verified domain has one."""
    locked, to_lock = _locked(before), _locked(after)
    if locked == to_lock:
        return []
    writes: list[Write] = []
    if locked is not None:
        writes.append(domain_rows.give_back(locked, account_id=before.id))
    if to_lock is not None:
        writes.append(domain_rows.take(to_lock, account_id=after.id))
    return writes


def _locked(account: Account) -> str | None:
    return account.custom_domain if account.domain_state is DomainState.VERIFIED else None


def _shown(account: Account) -> Domain:
    return Domain(
        name=account.custom_domain,
        state=account.domain_state if account.custom_domain else None,
        target=f"{account.name}.{settings().login_domain}",
    )
