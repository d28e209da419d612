"""API keys: shown once, kept as a hash, good for what their scopes say (docs/rules.md §8)."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.ids import fingerprint
from chalicelib.domain.partners import api_keys as domain
from chalicelib.domain.partners.api_keys import Family
from chalicelib.domain.partners.partners import ApiKey
from chalicelib.domain.refusals import Invalid, KeyReused, NotFound
from chalicelib.models import transactions
from chalicelib.models.partners import api_keys as key_rows
from chalicelib.models.transactions import Busy, WriteConflict, commit

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
    """Who shows this key, or None when it opens nothing: unknown, expired, or revoked itself or with its family.

    One read for a key without a parent; one more, for all its ancestors at once, for others.
    """
    if not key.startswith(_PREFIX):
        return None
    found = key_rows.by_hash(_hash(key))
    if found is None or not found.usable(now) or not _family_of(found).usable(now):
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
    parent_id: str | None = None,
    ancestors: tuple[str, ...] = (),
    made_by: str | None = None,
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
        parent_id=parent_id,
        ancestors=ancestors,
        expires_at=expires_at,
        fingerprint=made_by,
    )
    return row, CreatedKey(id=key_id, key=key, scopes=row.scopes)


def create_key(
    *,
    key_id: str,
    partner_id: str | None,
    parent_id: str,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    now: datetime,
    actor: str,
) -> tuple[Family, CreatedKey | None]:
    """A child of the key that asks, ``parent_id``: of a partner's or, without ``partner_id``, of an operator's.

    It has no scope beyond its parent's and ends no later. The same ``key_id`` again is the same request repeated: no
    secret. Raises :class:`Invalid`, :class:`KeyReused` and what :func:`domain.lineage_below` raises.
    """
    parent = key_rows.find(partner_id, parent_id)
    if parent is None:
        raise Busy("The key that asks is a moment old. Try again.", retry_after=1)
    expires_at = expires_at.replace(microsecond=0) if expires_at else None
    asked = {"parent_id": parent.id, "name": name, "scopes": list(scopes), "expires_at": expires_at}
    made_by = fingerprint(key_id, asked)
    existing = key_rows.find(partner_id, key_id)
    if existing is not None:
        return _repeated(existing, made_by), None
    beyond = [scope for scope in scopes if scope not in parent.scopes]
    if beyond:
        raise Invalid(errors=[("scopes", f"your key has not got {', '.join(beyond)}, so it cannot give it")])
    end_of = domain.operator_end_of if partner_id is None else domain.end_of
    row, created = made_key(
        key_id=key_id,
        partner_id=partner_id,
        name=name,
        scopes=scopes,
        expires_at=end_of(asked=expires_at, parent=parent, now=now),
        now=now,
        parent_id=parent.id,
        ancestors=domain.lineage_below(_family_of(parent)),
        made_by=made_by,
    )
    event = "" if partner_id is None else "api_key.created"
    commit([key_rows.put(row, actor=actor, event=event)])
    return _family_of(row), created


def _repeated(existing: ApiKey, made_by: str) -> Family:
    """The key a repeated request made. Raises :class:`KeyReused` if the request was another one."""
    if existing.fingerprint != made_by:
        raise KeyReused(f"It created the API key {existing.name!r}. Use a new Idempotency-Key.")
    return _family_of(existing)


def create_first_key(
    *, key_id: str, partner_id: str | None, name: str, expires_at: datetime | None, now: datetime, actor: str
) -> tuple[Family, CreatedKey | None]:
    """A key without a parent, with all scopes: an operator's, or one that a partner begins anew with.

    The same ``key_id`` again is the same request repeated: no secret. Raises :class:`Invalid` and :class:`KeyReused`.
    """
    expires_at = expires_at.replace(microsecond=0) if expires_at else None
    made_by = fingerprint(key_id, {"name": name, "expires_at": expires_at})
    existing = key_rows.find(partner_id, key_id)
    if existing is not None:
        return _repeated(existing, made_by), None
    row, created = made_key(
        key_id=key_id,
        partner_id=partner_id,
        name=name,
        scopes=OPERATOR_SCOPES if partner_id is None else PARTNER_SCOPES,
        expires_at=domain.end_of(asked=expires_at, parent=None, now=now),
        now=now,
        made_by=made_by,
    )
    commit([key_rows.put(row, actor=actor, event="api_key.created" if partner_id else "")])
    return Family(row), created


def list_keys(
    *, partner_id: str | None, limit: int, start: dict[str, Any] | None
) -> tuple[list[Family], dict[str, Any] | None]:
    """A partner's keys, or without ``partner_id`` the operators', revoked ones too; and where the next page starts."""
    keys, last = key_rows.held_by(partner_id, limit=limit, start=start)
    known = {key.hash: key for key in key_rows.by_hashes({each for key in keys for each in key.ancestors})}
    return [Family(key, [known[each] for each in key.ancestors if each in known]) for key in keys], last


def revoke_key(*, partner_id: str | None, key_id: str, scopes: Sequence[str], now: datetime, actor: str) -> None:
    """Revoke a key and all that descend from it; they open nothing after at most 20 seconds.

    One write: each key is checked with its ancestors. Revoking again changes nothing. ``scopes`` are those of whoever
    asks. Raises :class:`NotFound` for an id that is not the partner's (or an operator's), and
    :class:`~chalicelib.domain.partners.api_keys.ScopesLacking` for a key that may do more than the one that asks.
    """

    def attempt() -> None:
        key = key_rows.find(partner_id, key_id)
        if key is None:
            raise NotFound.of("API key", key_id)
        domain.refuse_unless_covered(key.scopes, by=scopes)
        if key.revoked_at is None:
            event = "api_key.revoked" if partner_id else ""
            commit([key_rows.put(replace(key, revoked_at=now), actor=actor, event=event)])

    transactions.retry(attempt, busy="The key kept being used. Try again in a moment.")


def _family_of(key: ApiKey) -> Family:
    return Family(key, key_rows.by_hashes(key.ancestors) if key.ancestors else ())


def is_revoked(*, partner_id: str, actor: str) -> bool:
    """Whether ``actor`` (``api_key:key_…``) is a key of the partner that was revoked, itself or with its family."""
    key = key_rows.find(partner_id, actor.removeprefix("api_key:"))
    return key is None or _family_of(key).is_revoked


def _note_use(key: ApiKey, now: datetime) -> None:
    """Remember roughly when a key was last used; at most once in ten minutes, and never in anybody's way."""
    if key.last_used_at is not None and now - key.last_used_at < _USE_NOTED_EVERY:
        return
    try:
        commit([key_rows.put(replace(key, last_used_at=now), actor="authorizer", event="")])
    except WriteConflict:
        return  # another request noted it first, or the key was just revoked


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
