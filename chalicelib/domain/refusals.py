"""Refusals: what services raise to say no. The API turns one into a problem document.

A specific refusal is defined beside the function that raises it:

    class NameTaken(Refusal):
        code = "name_taken"
        title = "The name is taken"

    raise NameTaken("The name acme belongs to another account.", extra={"suggestions": ["acme-2"]})
"""

from collections.abc import Mapping, Sequence
from enum import Enum, auto
from typing import ClassVar, Self


class RefusalKind(Enum):
    """The general reason of a refusal: the one thing that callers decide by."""

    UNVERIFIED = auto()
    """The signature does not prove who sent it."""
    UNAUTHENTICATED = auto()
    """The password, key or session is wrong or no longer valid."""
    PAYMENT_DECLINED = auto()
    FORBIDDEN = auto()
    NOT_FOUND = auto()
    CONFLICT = auto()
    """Not possible in the current state."""
    INVALID = auto()
    RATE_LIMITED = auto()
    UNAVAILABLE = auto()
    """Too many writers at once, or a service that does not answer."""

    @property
    def is_transient(self) -> bool:
        """Whether the same request may well succeed later."""
        return self in {RefusalKind.RATE_LIMITED, RefusalKind.UNAVAILABLE}


class Refusal(Exception):
    """Something asked for that will not be done, and why. Nothing has changed when it is raised.

    A subclass sets its `kind` (unless it is a conflict), its `code` for programs and its `title` for people. `detail`
    is for people and ends with a full stop; `extra` are further members of the answer, such as `allowed_actions`;
    `errors` are (field, message) pairs; `retry_after` is in seconds.
    """

    kind: ClassVar[RefusalKind] = RefusalKind.CONFLICT
    code: ClassVar[str] = "conflict"
    title: ClassVar[str] = "The request conflicts with the current state"

    def __init__(
        self,
        detail: str = "",
        *,
        extra: Mapping[str, object] | None = None,
        errors: Sequence[tuple[str, str]] = (),
        retry_after: int | None = None,
    ) -> None:
        self.detail = detail or f"{self.title}."
        self.extra: Mapping[str, object] = extra or {}
        self.errors = tuple(errors)
        self.retry_after = retry_after
        super().__init__(self.detail)


class NotFound(Refusal):
    """There is no such thing, or it is another partner's: nobody learns which."""

    kind = RefusalKind.NOT_FOUND
    code = "not_found"
    title = "Not found"

    @classmethod
    def of(cls, kind: str, name: str) -> Self:
        """`NotFound.of("account", "acct_1")`: There is no account acct_1."""
        return cls(f"There is no {kind} {name}.")


class Invalid(Refusal):
    """Well-formed, but not possible: `Invalid(errors=[("plan.tier", "must be one of starter, plus")])`."""

    kind = RefusalKind.INVALID
    code = "invalid_request"
    title = "The request is not valid"


class KeyReused(Refusal):
    """An Idempotency-Key whose request made something else: it stays taken by what it made."""

    kind = RefusalKind.INVALID
    code = "idempotency_key_reused"
    title = "The Idempotency-Key was used for another request"
