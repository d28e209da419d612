"""A client's own domain in place of the account's login address (docs/rules.md §8)."""

from collections.abc import Sequence
from enum import StrEnum

from chalicelib.domain.domain_names import LONGEST, is_domain


class DomainState(StrEnum):
    """What the last lookup of its CNAME found; ``pending`` until there was one."""

    PENDING = "pending"
    VERIFIED = "verified"
    FAILED = "failed"


def fault_of(domain: str, *, login_domain: str) -> str | None:
    """Why this (in ASCII, lower case) can't be an account's domain, if it can't. An IP address is none."""
    if not is_domain(domain):
        return f"must be a domain of at most {LONGEST} characters, such as mail.acme.example"
    if domain == login_domain or domain.endswith(f".{login_domain}"):
        return f"must be a domain of the client's, not one under {login_domain}"
    return None


def state_of(chain: Sequence[str], *, target: str) -> DomainState:
    """The state of a domain whose CNAME leads through these names."""
    return DomainState.VERIFIED if target in chain else DomainState.FAILED
