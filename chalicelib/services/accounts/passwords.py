"""Passwords of account admins, kept as argon2id hashes (docs/decisions/passwords.md)."""

import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from chalicelib.domain.clients import passwords as domain
from chalicelib.domain.refusals import Invalid

_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
_LENGTH = 20
"""20 of 57 characters that cannot be mistaken for each other: 116 bits."""


def generate() -> str:
    """A password for one admin, shown once."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def refuse_weak(password: str, *, account_name: str, field: str) -> None:
    """Raise :class:`Invalid`, naming the ``field`` it came in, unless this account may have this password."""
    if found := domain.fault(password, account_name=account_name):
        raise Invalid(errors=[(field, found)])


def hash_password(password: str) -> str:
    """The hash that is stored of a password: argon2id, 19 MiB, 2 passes, 1 lane (the OWASP minimum)."""
    hashed: str = _hasher().hash(domain.normalized(password))
    return hashed


def matches(password: str, password_hash: str | None) -> bool:
    """Whether it is the password. Without a hash it is not, and the answer takes just as long."""
    nobodys = _nobodys()  # made before it is known whether it is needed
    try:
        _hasher().verify(password_hash or nobodys, domain.normalized(password))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _nobodys() -> str:
    """The hash of a password that nobody knows."""
    return hash_password(secrets.token_urlsafe(32))
