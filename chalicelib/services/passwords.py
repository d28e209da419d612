"""Passwords of account admins: made by us, kept as argon2id hashes (docs/decisions/passwords.md)."""

import secrets

from argon2 import PasswordHasher

_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
_LENGTH = 20
"""57 signs that cannot be mistaken for each other, 20 of them: 116 bits."""


def generate() -> str:
    """A password for one admin, shown once."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def hash_password(password: str) -> str:
    """What may be kept of a password: argon2id, 19 MiB, 2 passes, 1 lane (the OWASP minimum)."""
    hashed: str = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1).hash(password)
    return hashed
