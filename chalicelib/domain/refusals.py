"""The ways to say no. A service raises one; the door turns it into a problem with its status, code and title.

A specific refusal is defined beside the function that raises it:

    class NameTaken(Refusal):
        code = "name_taken"
        title = "The name is taken"

    raise NameTaken("The name acme belongs to another account.", extra={"suggestions": ["acme-2"]})
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self


class Refusal(Exception):
    """Something asked for that will not be done, and why. Nothing has changed when it is raised.

    `detail` is for a person and ends with a full stop; `extra` are further members of the answer, such as
    `allowed_actions`; `errors` are (field, message) pairs; `retry_after` is in seconds.
    """

    status: ClassVar[int] = 409
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

    status = 404
    code = "not_found"
    title = "Not found"

    @classmethod
    def of(cls, kind: str, name: str) -> Self:
        """`NotFound.of("account", "acct_1")`: There is no account acct_1."""
        return cls(f"There is no {kind} {name}.")


class Invalid(Refusal):
    """Well-formed, but not possible: `Invalid(errors=[("plan.tier", "must be one of starter, plus")])`."""

    status = 422
    code = "invalid_request"
    title = "The request is not valid"


class KeyReused(Refusal):
    """An Idempotency-Key whose request made something else: it stays taken by what it made."""

    status = 422
    code = "idempotency_key_reused"
    title = "The Idempotency-Key was used for another request"
