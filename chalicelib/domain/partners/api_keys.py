"""API keys and their families: a key created with another one has it as its parent (docs/rules.md §8).

A key has no more scopes than its parent, expires no later, and is revoked with it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from chalicelib.domain.partners.partners import ApiKey
from chalicelib.domain.refusals import Invalid, Refusal, RefusalKind
from chalicelib.domain.values import dataclass

OPERATOR_KEYS_LAST = timedelta(days=90)
"""How long an operator key is valid if the request does not say."""
OPERATOR_KEYS_LAST_AT_MOST = timedelta(days=365)

MOST_GENERATIONS = 5
"""Every request checks its key with all its ancestors, so there must be few."""


class TooManyGenerations(Refusal):
    """A key cannot have a child: its family has all the generations allowed."""

    code = "too_many_generations"
    title = "The key's family is too deep"


class KeyRevoked(Refusal):
    """The calling key was revoked a moment ago. API Gateway caches its validity for some seconds."""

    kind = RefusalKind.UNAUTHENTICATED
    code = "key_revoked"
    title = "The API key is revoked"


class ScopesLacking(Refusal):
    """The calling key lacks a scope of the key it is to revoke (§8)."""

    kind = RefusalKind.FORBIDDEN
    code = "insufficient_scope"
    title = "The API key may not do this"


@dataclass(frozen=True, slots=True)
class Family:
    """A key with those of its ancestors that were found."""

    key: ApiKey
    ancestors: Sequence[ApiKey] = ()

    @property
    def revoked_at(self) -> datetime | None:
        """When the key was revoked, itself or with an ancestor, whichever was first; None if it was not."""
        instants = [key.revoked_at for key in (self.key, *self.ancestors) if key.revoked_at is not None]
        return min(instants, default=None)

    @property
    def is_revoked(self) -> bool:
        """Whether the key was revoked. An ancestor that was not found counts as revoked."""
        return self.revoked_at is not None or len(self.ancestors) < len(self.key.ancestors)

    def usable(self, now: datetime) -> bool:
        """Whether the key is valid at ``now``, with all its ancestors."""
        return self.key.usable(now) and not self.is_revoked


def lineage_below(parent: Family) -> tuple[str, ...]:
    """The ancestors (their hashes) of a child of ``parent``.

    Raises :class:`KeyRevoked` and :class:`TooManyGenerations`.
    """
    if parent.is_revoked:
        raise KeyRevoked("It cannot create keys any more.")
    if len(parent.key.ancestors) + 1 >= MOST_GENERATIONS:
        raise TooManyGenerations(
            f"A family of keys has at most {MOST_GENERATIONS} generations. Create the key with one nearer its head."
        )
    return (*parent.key.ancestors, parent.key.hash)


def expiry_of(*, asked: datetime | None, parent: ApiKey | None, now: datetime) -> datetime | None:
    """When a new key expires: when ``asked``, but no later than its parent; with its parent if nothing was asked.

    Raises :class:`Invalid`, which names the latest possible end.
    """
    latest = parent.expires_at if parent else None
    return latest if asked is None else _possible(asked, latest=latest, now=now)


def operator_expiry_of(*, asked: datetime | None, parent: ApiKey | None, now: datetime) -> datetime:
    """When a new operator key expires: after 90 days unless ``asked``, after 365 at most, no later than its parent.

    Raises :class:`Invalid`, which names the latest possible end.
    """
    whole = now.replace(microsecond=0)
    latest = whole + OPERATOR_KEYS_LAST_AT_MOST
    if parent is not None and parent.expires_at is not None:
        latest = min(latest, parent.expires_at)
    return min(whole + OPERATOR_KEYS_LAST, latest) if asked is None else _possible(asked, latest=latest, now=now)


def _possible(asked: datetime, *, latest: datetime | None, now: datetime) -> datetime:
    """The expiry that was asked for, in whole seconds. Raises :class:`Invalid`."""
    asked = asked.replace(microsecond=0)
    if asked <= now:
        raise Invalid(errors=[("expires_at", "must be in the future")])
    if latest is not None and asked > latest:
        raise Invalid(errors=[("expires_at", f"must not be after {latest:%Y-%m-%dT%H:%M:%SZ}")])
    return asked


def refuse_unless_covered(scopes: Sequence[str], *, by: Sequence[str]) -> None:
    """Raise :class:`ScopesLacking` unless the calling key, with the scopes ``by``, has all ``scopes`` of the other."""
    lacking = [scope for scope in scopes if scope not in by]
    if lacking:
        raise ScopesLacking(
            f"That key has {', '.join(lacking)}, which yours lacks. Revoke it with a key that has all its scopes.",
            extra={"needed_scope": lacking[0], "given_scopes": list(by)},
        )
