"""API keys: shown once, stored as a hash, limited by their scopes (docs/rules.md §8)."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.ids import fingerprint
from chalicelib.domain.partners import api_keys as domain
from chalicelib.domain.partners.api_keys import Family
from chalicelib.domain.partners.partners import ApiKey
from chalicelib.domain.refusals import Invalid, KeyReused, NotFound
from chalicelib.domain.values import dataclass
from chalicelib.models import transactions
from chalicelib.models.partners import api_keys as key_rows
from chalicelib.models.transactions import Busy, WriteConflict, commit

PARTNER_SCOPES = ("read", "write", "billing")
OPERATOR_SCOPES = ("operator",)
_PREFIX = "sk_"
_USE_RECORDED_EVERY = timedelta(minutes=10)
_KEYS_A_READ = 100


@dataclass(frozen=True)
class CreatedKey:
    """A new key. ``key`` is shown once and stored nowhere."""

    id: str
    key: str
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class KeyIdentity:
    """Whom a key identifies: a partner, or an operator if ``partner_id`` is None."""

    id: str
    partner_id: str | None
    scopes: tuple[str, ...]


def authenticate(key: str, now: datetime) -> KeyIdentity | None:
    """Whom this key identifies, or None if it is unknown, expired, or revoked, itself or with an ancestor.

    Costs one read for a key without a parent, and one more for all the ancestors of any other.
    """
    if not key.startswith(_PREFIX):
        return None
    api_key = key_rows.by_hash(_hash(key))
    if api_key is None or not api_key.usable(now) or not _family_of(api_key).usable(now):
        return None
    _record_use(api_key, now)
    return KeyIdentity(id=api_key.id, partner_id=api_key.partner_id, scopes=api_key.scopes)


def new_key(
    *,
    key_id: str,
    partner_id: str | None,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    now: datetime,
    actor: str,
    parent_id: str | None = None,
    ancestors: tuple[str, ...] = (),
    request_fingerprint: str | None = None,
) -> tuple[ApiKey, CreatedKey]:
    """A fresh key: what is to be stored of it, and what is shown once. Its 256 random bits need no slow hash."""
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
        fingerprint=request_fingerprint,
        created_by=actor,
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
    """Create a child of ``parent_id``, the calling key: a partner's or, without ``partner_id``, an operator's.

    It has no scope beyond its parent's and expires no later. The same ``key_id`` again is the same request repeated and
    returns no secret. Raises :class:`Invalid`, :class:`KeyReused` and what :func:`domain.lineage_below` raises.
    """
    parent = key_rows.find(partner_id, parent_id)
    if parent is None:
        raise Busy("Your key was created only a moment ago. Try again.", retry_after=1)
    expires_at = expires_at.replace(microsecond=0) if expires_at else None
    request = {"parent_id": parent.id, "name": name, "scopes": list(scopes), "expires_at": expires_at}
    request_fingerprint = fingerprint(key_id, request)
    existing = key_rows.find(partner_id, key_id)
    if existing is not None:
        return _created_before(existing, request_fingerprint), None
    _refuse_beyond(scopes, held=parent.scopes, holder="your key")
    expiry_of = domain.operator_expiry_of if partner_id is None else domain.expiry_of
    row, created = new_key(
        key_id=key_id,
        partner_id=partner_id,
        name=name,
        scopes=scopes,
        expires_at=expiry_of(asked=expires_at, parent=parent, now=now),
        now=now,
        actor=actor,
        parent_id=parent.id,
        ancestors=domain.lineage_below(_family_of(parent)),
        request_fingerprint=request_fingerprint,
    )
    event = "" if partner_id is None else "api_key.created"
    commit([key_rows.put(row, actor=actor, event=event)])
    return _family_of(row), created


def create_persons_key(
    *,
    key_id: str,
    partner_id: str | None,
    name: str,
    scopes: Sequence[str],
    held: Sequence[str],
    expires_at: datetime | None,
    now: datetime,
    actor: str,
) -> tuple[Family, CreatedKey | None]:
    """Create a key of a partner, or without ``partner_id`` an operator's, for a person, whose role has the scopes
    ``held``. The key has no further ones, and no parent, since it stays when the person leaves. An operator's ends as
    one that a key has made. Raises what :func:`create_first_key` raises."""
    _refuse_beyond(scopes, held=held, holder="your role")
    return _create_without_parent(
        key_id=key_id,
        partner_id=partner_id,
        name=name,
        expires_at=expires_at,
        now=now,
        actor=actor,
        scopes=scopes,
        expiry_of=domain.operator_expiry_of if partner_id is None else domain.expiry_of,
    )


def _refuse_beyond(scopes: Sequence[str], *, held: Sequence[str], holder: str) -> None:
    beyond = [scope for scope in scopes if scope not in held]
    if beyond:
        raise Invalid(errors=[("scopes", f"{holder} does not have {', '.join(beyond)}, so it cannot grant it")])


def _created_before(existing: ApiKey, request_fingerprint: str) -> Family:
    """The key that a repeated request created. Raises :class:`KeyReused` if it was a different request."""
    if existing.fingerprint != request_fingerprint:
        raise KeyReused(f"It created the API key {existing.name!r}. Use a new Idempotency-Key.")
    return _family_of(existing)


def create_first_key(
    *,
    key_id: str,
    partner_id: str | None,
    name: str,
    expires_at: datetime | None,
    now: datetime,
    actor: str,
) -> tuple[Family, CreatedKey | None]:
    """Create a key without a parent and with all scopes, for an operator or for a partner that has no usable key left.

    The same ``key_id`` again is the same request repeated and returns no secret. Raises :class:`Invalid` and
    :class:`KeyReused`.
    """
    return _create_without_parent(
        key_id=key_id,
        partner_id=partner_id,
        name=name,
        expires_at=expires_at,
        now=now,
        actor=actor,
        scopes=(),
        expiry_of=domain.expiry_of,
    )


def _create_without_parent(
    *,
    key_id: str,
    partner_id: str | None,
    name: str,
    expires_at: datetime | None,
    now: datetime,
    actor: str,
    scopes: Sequence[str],
    expiry_of: Callable[..., datetime | None],
) -> tuple[Family, CreatedKey | None]:
    """A new key with these scopes, or with all; a repeated request's without its secret."""
    expires_at = expires_at.replace(microsecond=0) if expires_at else None
    request_fingerprint = fingerprint(
        key_id, {"name": name, "expires_at": expires_at, **({"scopes": list(scopes)} if scopes else {})}
    )
    existing = key_rows.find(partner_id, key_id)
    if existing is not None:
        return _created_before(existing, request_fingerprint), None
    row, created = new_key(
        key_id=key_id,
        partner_id=partner_id,
        name=name,
        scopes=scopes or (OPERATOR_SCOPES if partner_id is None else PARTNER_SCOPES),
        expires_at=expiry_of(asked=expires_at, parent=None, now=now),
        now=now,
        actor=actor,
        request_fingerprint=request_fingerprint,
    )
    commit([key_rows.put(row, actor=actor, event="api_key.created" if partner_id else "")])
    return Family(row), created


def list_keys(
    *, partner_id: str | None, limit: int, start: dict[str, Any] | None
) -> tuple[list[Family], dict[str, Any] | None]:
    """A partner's keys, or without ``partner_id`` the operators', with revoked ones; and where the next page starts."""
    keys, last = key_rows.held_by(partner_id, limit=limit, start=start)
    known = {key.hash: key for key in key_rows.by_hashes({each for key in keys for each in key.ancestors})}
    return [Family(key, [known[each] for each in key.ancestors if each in known]) for key in keys], last


def usable_of(*, partner_id: str | None, person_id: str, now: datetime) -> list[ApiKey]:
    """The keys that a person has created and that still work: a partner's, or without ``partner_id`` operators'."""
    found: list[ApiKey] = []
    start: dict[str, Any] | None = None
    while True:
        keys, start = key_rows.held_by(partner_id, limit=_KEYS_A_READ, start=start)
        found += [key for key in keys if key.created_by == f"person:{person_id}" and key.usable(now)]
        if start is None:
            return found


def revoke_key(*, partner_id: str | None, key_id: str, scopes: Sequence[str], now: datetime, actor: str) -> None:
    """Revoke a key and all its descendants. They are refused after at most 20 seconds.

    One write is enough, since each key is checked with its ancestors. Revoking again changes nothing. ``scopes`` are
    those of the calling key. Raises :class:`NotFound` for an id that is not the partner's (or an operator's), and
    :class:`~chalicelib.domain.partners.api_keys.ScopesLacking` if the calling key lacks a scope of the key.
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
    """Whether ``actor`` (``api_key:key_…``) is a key of the partner that was revoked, itself or with an ancestor."""
    key = key_rows.find(partner_id, actor.removeprefix("api_key:"))
    return key is None or _family_of(key).is_revoked


def _record_use(key: ApiKey, now: datetime) -> None:
    """Record when a key was last used, at most every ten minutes and without ever failing the request."""
    if key.last_used_at is not None and now - key.last_used_at < _USE_RECORDED_EVERY:
        return
    try:
        commit([key_rows.put(replace(key, last_used_at=now), actor="authorizer", event="")])
    except WriteConflict:
        return  # another request recorded it first, or the key was just revoked


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
