"""What clients send and get when they log in."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints

from chalicelib.api.base import Body, Email, Shape, Timestamp
from chalicelib.domain.clients.logins import USERNAME
from chalicelib.domain.clients.passwords import LONGEST, SHORTEST
from chalicelib.services.clients import sessions
from chalicelib.services.clients.sessions import Session

_LOG_IN: dict[str, Any] = {"account": "acme", "username": USERNAME, "password": "the password shown once"}

Name = Annotated[str, Field(min_length=1, max_length=63, description="The account's name.")]
Username = Annotated[str, Field(min_length=1, max_length=64)]
Password = Annotated[str, StringConstraints(strip_whitespace=False, min_length=1, max_length=LONGEST)]
NewPassword = Annotated[
    str,
    StringConstraints(strip_whitespace=False, min_length=SHORTEST, max_length=LONGEST),
    Field(
        description="Used as it is, with blanks. Blanks at its ends don't count towards the 10 characters, at least "
        "four characters must differ, and it must not be the account's name."
    ),
]


class LogInBody(Body):
    """The account and its credentials."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LOG_IN]})
    example: ClassVar[Mapping[str, Any]] = _LOG_IN

    account: Name
    username: Username
    password: Password


class ChangePassword(Body):
    """The account, its current password and the new one. With a session that the partner opened by a login link as
    `Authorization: Bearer`, only `new_password`."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LOG_IN | {"new_password": "correct horse battery"}]})
    example: ClassVar[Mapping[str, Any]] = _LOG_IN | {"new_password": "correct horse battery"}

    account: Name | None = None
    username: Username | None = None
    password: Password | None = None
    new_password: NewPassword


class AskForReset(Body):
    """The account whose password is forgotten, and its email address."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"account": "acme", "email": "owner@acme.example"}]})
    example: ClassVar[Mapping[str, Any]] = {"account": "acme", "email": "owner@acme.example"}

    account: Name
    email: Email


class ResetAsked(Shape):
    """The same answer, whether there is such an account or not."""

    message: str = "If this is the account's email, a link to set a new password is on its way to it."


class SetPassword(Body):
    """The new password."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"password": "correct horse battery"}]})
    example: ClassVar[Mapping[str, Any]] = {"password": "correct horse battery"}

    password: NewPassword


class LoginLinkShape(Shape):
    """A link into an account. Its `url` is shown once."""

    url: str | None
    expires_at: Timestamp


class SessionShape(Shape):
    """A session, and its two tokens: each is shown once."""

    token: str | None = Field(description="Opens `/client`, and all that `product_token` opens. Keep it secret.")
    product_token: str | None = Field(
        description="For the product: good for `GET /public/session` and `POST /public/logout`, refused by `/client`."
    )
    expires_at: Timestamp

    @classmethod
    def of(cls, session: Session) -> Self:
        """The session without its tokens, which are secrets: see `tokens_of`."""
        return cls(token=None, product_token=None, expires_at=session.expires_at)


def tokens_of(session: Session, *, now: datetime) -> dict[str, str]:
    """The tokens of a session, by the fields of its shape."""
    return {"token": session.token, "product_token": sessions.product_token(session, now=now)}


class SessionInfo(Shape):
    """Whose session a token is, and until when."""

    account_id: str
    account: str
    username: str = USERNAME
    opened_by: Literal["client", "partner"]
    expires_at: Timestamp

    @classmethod
    def of(cls, session: Session) -> Self:
        return cls(
            account_id=session.account.id,
            account=session.account.name,
            opened_by="partner" if session.opener else "client",
            expires_at=session.expires_at,
        )
