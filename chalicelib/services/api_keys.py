"""API keys: shown once, kept as a hash, good for what their scopes say (docs/rules.md §8)."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.ids import new_id
from chalicelib.domain.partners import ApiKey
from chalicelib.domain.refusals import Invalid, KeyReused, NotFound
from chalicelib.models import api_keys as key_rows
from chalicelib.models.transactions import Busy, Moved, commit

PARTNER_SCOPES = ("read", "write", "billing")
OPERATOR_SCOPES = ("operator",)
_PREFIX = "sk_"
_USE_NOTED_EVERY = timedelta(minutes=10)


@dataclass(frozen=True)
class CreatedKey:
    """A new key; ``key`` is the only copy there will ever be."""

    id: str
    key: str
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class KeyIdentity:
    """Who a key speaks for: a partner, or an operator when ``partner_id`` is None."""

    id: str
    partner_id: str | None
    scopes: tuple[str, ...]


def authenticate(key: str, now: datetime) -> KeyIdentity | None:
    """Who shows this key, or None when it opens nothing: unknown, expired or revoked."""
    if not key.startswith(_PREFIX):
        return None
    found = key_rows.by_hash(_hash(key))
    if found is None or not found.usable(now):
        return None
    _note_use(found, now)
    return KeyIdentity(id=found.id, partner_id=found.partner_id, scopes=found.scopes)


def made_key(
    *,
    key_id: str,
    partner_id: str | None,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    now: datetime,
) -> tuple[ApiKey, CreatedKey]:
    """A fresh key, and its row to be written. 256 random bits need no slow hash."""
    key = _PREFIX + secrets.token_urlsafe(32)
    row = ApiKey(
        hash=_hash(key),
        id=key_id,
        name=name,
        scopes=tuple(scopes),
        created_at=now,
        partner_id=partner_id,
        last4=key[-4:],
        expires_at=expires_at,
    )
    return row, CreatedKey(id=key_id, key=key, scopes=row.scopes)


def create_key(
    *,
    key_id: str,
    partner_id: str,
    name: str,
    scopes: Sequence[str],
    granted: Sequence[str],
    expires_at: datetime | None,
    now: datetime,
    actor: str,
) -> tuple[ApiKey, CreatedKey | None]:
    """A further key of a partner, with no scope beyond the ``granted`` ones of the key that asks.

    The same ``key_id`` again is the same request repeated: no secret.
    """
    beyond = [scope for scope in scopes if scope not in granted]
    if beyond:
        raise Invalid(errors=[("scopes", f"your key has not got {', '.join(beyond)}, so it cannot give it")])
    if expires_at is not None and expires_at <= now:
        raise Invalid(errors=[("expires_at", "must be in the future")])
    existing = key_rows.find(partner_id, key_id)
    if existing is not None:
        if (existing.name, existing.scopes, existing.expires_at) != (name, tuple(scopes), expires_at):
            raise KeyReused(f"It created the API key {existing.name!r}. Use a new Idempotency-Key.")
        return existing, None
    row, created = made_key(
        key_id=key_id, partner_id=partner_id, name=name, scopes=scopes, expires_at=expires_at, now=now
    )
    commit([key_rows.put(row, actor=actor, event="api_key.created")])
    return row, created


def create_operator_key(*, now: datetime) -> CreatedKey:
    """A key for the vendor's own staff; made by the stack's commands, never over HTTP."""
    row, created = made_key(
        key_id=new_id("key", at=now),
        partner_id=None,
        name="Operator",
        scopes=OPERATOR_SCOPES,
        expires_at=None,
        now=now,
    )
    commit([key_rows.put(row, actor="operator", event="")])
    return created


def list_keys(
    *, partner_id: str, limit: int, start: dict[str, Any] | None
) -> tuple[list[ApiKey], dict[str, Any] | None]:
    """A partner's keys, revoked ones too, and where the next page starts."""
    return key_rows.of_partner(partner_id, limit=limit, start=start)


def revoke_key(*, partner_id: str, key_id: str, now: datetime, actor: str) -> None:
    """Revoke a key; it opens nothing after at most 20 seconds. Revoking again changes nothing.

    Raises :class:`NotFound` for an id that is not the partner's.
    """
    for _ in range(5):
        key = key_rows.find(partner_id, key_id)
        if key is None:
            raise NotFound.of("API key", key_id)
        if key.revoked_at is not None:
            return
        try:
            commit([key_rows.put(replace(key, revoked_at=now), actor=actor, event="api_key.revoked")])
        except Moved:
            continue  # it was used at this very moment
        return
    raise Busy("The key kept being used. Try again in a moment.", retry_after=1)


def _note_use(key: ApiKey, now: datetime) -> None:
    """Remember roughly when a key was last used; at most once in ten minutes, and never in anybody's way."""
    if key.last_used_at is not None and now - key.last_used_at < _USE_NOTED_EVERY:
        return
    try:
        commit([key_rows.put(replace(key, last_used_at=now), actor="authorizer", event="")])
    except Moved:
        return  # another request noted it first, or the key was just revoked


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
