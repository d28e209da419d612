"""Signed tokens: nobody can change their claims, and they expire by the installation's clock (docs/rules.md §8).

A token is made for one purpose, and each purpose has a key of its own: a token is invalid for any other.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.gateways import secrets

_ALGORITHM = "HS256"
_MAX_LENGTH = 2_000


def sign_token(purpose: str, claims: Mapping[str, str | int], *, now: datetime, ends_at: datetime) -> str:
    """A token (JWT) with these ``claims``, valid until ``ends_at``, in whole seconds."""
    import jwt  # 25 ms, and more where cryptography is installed

    times = {"iat": int(now.timestamp()), "exp": int(ends_at.timestamp())}
    return jwt.encode({**claims, **times, "aud": purpose}, secrets.key_for(purpose), algorithm=_ALGORITHM)


def claims_of(purpose: str, token: str, *, now: datetime) -> Mapping[str, Any] | None:
    """The claims of a valid token; None if it is not ours, is for another purpose or has expired."""
    claims = signed_claims(purpose, token)
    return claims if claims is not None and now < ends_at(claims) else None


def signed_claims(purpose: str, token: str) -> Mapping[str, Any] | None:
    """The claims of a token, even if it has expired; None if it is not ours or is for another purpose."""
    import jwt

    if len(token) > _MAX_LENGTH:
        return None
    try:
        claims: Mapping[str, Any] = jwt.decode(
            token,
            secrets.key_for(purpose),
            algorithms=[_ALGORITHM],
            audience=purpose,
            options={
                "verify_exp": False,
                "verify_iat": False,
                "require": ["iat", "exp", "aud"],
            },  # by our clock, above
        )
    except jwt.InvalidTokenError:
        return None
    return claims


def email_mark(address: str) -> str:
    """A short hash of an email address, by which a link mailed to an earlier address becomes invalid."""
    return hashlib.sha256(address.casefold().encode()).hexdigest()[:8]


def ends_at(claims: Mapping[str, Any]) -> datetime:
    """When a token with these claims expires."""
    return datetime.fromtimestamp(int(claims["exp"]), tz=UTC)
