"""Signed tokens: what they say cannot be changed, and they end by the one clock (docs/rules.md §8).

A token is made for one purpose, which has a key of its own: a token for another opens nothing.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.gateways import secrets

_ALGORITHM = "HS256"
_LONGEST = 2_000


def signed(purpose: str, claims: Mapping[str, str | int], *, now: datetime, ends_at: datetime) -> str:
    """A token (JWT) that says ``claims`` until ``ends_at``, in whole seconds."""
    import jwt  # 25 ms, and more where cryptography is installed

    times = {"iat": int(now.timestamp()), "exp": int(ends_at.timestamp())}
    return jwt.encode({**claims, **times, "aud": purpose}, secrets.key_for(purpose), algorithm=_ALGORITHM)


def claims_of(purpose: str, token: str, *, now: datetime) -> Mapping[str, Any] | None:
    """What a token says, or None: it is not ours, for another purpose, or it has ended."""
    claims = signed_claims(purpose, token)
    return claims if claims is not None and now < ends_at(claims) else None


def signed_claims(purpose: str, token: str) -> Mapping[str, Any] | None:
    """What a token said when it was made, even if it has ended; None if it is not ours or for another purpose."""
    import jwt

    if len(token) > _LONGEST:
        return None
    try:
        claims: Mapping[str, Any] = jwt.decode(
            token,
            secrets.key_for(purpose),
            algorithms=[_ALGORITHM],
            audience=purpose,
            options={"verify_exp": False, "verify_iat": False, "require": ["iat", "exp", "aud"]},  # by our clock, above
        )
    except jwt.InvalidTokenError:
        return None
    return claims


def ends_at(claims: Mapping[str, Any]) -> datetime:
    """The instant a token ends."""
    return datetime.fromtimestamp(int(claims["exp"]), tz=UTC)
