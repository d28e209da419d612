"""The product's platform, which prepares an account before its client can use it (docs/decisions/provisioning.md).

It is asked until it has decided, each time with the same account id, so asking must be idempotent.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from aws_lambda_powertools import Logger

from chalicelib.config import settings
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.setup.templates import Template
from chalicelib.domain.texts import one_line
from chalicelib.domain.values import dataclass
from chalicelib.gateways import secrets

SANDBOX_KEY = "sandbox_provisioning"
"""Account metadata that controls the sandbox's platform; production ignores it."""

_logger = Logger(service="sublet", child=True)
_CONNECT_SECONDS, _READ_SECONDS = 3.0, 5.0
_MOST_BYTES = 10_000
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Ready:
    """The account can be used."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The account can't be prepared; its partner sees the reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Undecided:
    """The platform is still working, or could not be reached: it is asked again."""


Answer = Ready | Failed | Undecided


class Platform(Protocol):
    """The platform as the product uses it. Nothing here raises: no answer is :class:`Undecided`."""

    def is_instant(self, metadata: Mapping[str, str]) -> bool:
        """Whether such an account is ready as soon as it is created, without asking."""
        ...

    def prepare(self, account: Account, templates: Sequence[Template], *, now: datetime) -> Answer:
        """Ask for an account to be prepared, with its templates so far. Asking again changes nothing."""
        ...


class InstantPlatform:
    """Without a platform every account is ready at once."""

    def is_instant(self, metadata: Mapping[str, str]) -> bool:
        del metadata
        return True

    def prepare(self, account: Account, templates: Sequence[Template], *, now: datetime) -> Answer:
        del account, templates, now
        return Ready()


class SandboxPlatform:
    """Ready at once, unless the metadata says ``pending``, ``slow`` (ready when asked twice) or ``failed``."""

    def is_instant(self, metadata: Mapping[str, str]) -> bool:
        return metadata.get(SANDBOX_KEY) not in {"pending", "slow", "failed"}

    def prepare(self, account: Account, templates: Sequence[Template], *, now: datetime) -> Answer:
        del templates, now
        asked = account.provisioning.asked if account.provisioning else 0
        match account.metadata.get(SANDBOX_KEY):
            case "failed":
                return Failed("The sandbox was told to fail.")
            case "pending":
                return Undecided()
            case "slow" if asked == 0:
                return Undecided()
            case _:
                return Ready()


@dataclass(frozen=True)
class WebhookPlatform:
    """A platform that receives signed JSON at ``url``: it answers 200 with a status, or 202 and reports later."""

    url: str

    def is_instant(self, metadata: Mapping[str, str]) -> bool:
        del metadata
        return False

    def prepare(self, account: Account, templates: Sequence[Template], *, now: datetime) -> Answer:
        import urllib3  # comes with botocore

        try:
            secret = secrets.read(settings().provisioning_secret_parameter)
        except secrets.SecretMissing:
            _logger.exception("the platform can't be asked without the secret that signs")
            return Undecided()
        body = json.dumps(_request_body(account, templates), separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": account.id,
            "Sublet-Signature": signature(secret, body, at=int(now.timestamp())),
        }
        try:
            # No redirects: signed data goes only to the configured address.
            answer = _pool().request(
                "POST",
                self.url,
                body=body,
                headers=headers,
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=_CONNECT_SECONDS, read=_READ_SECONDS),
            )
            try:
                content = answer.read(_MOST_BYTES)
            finally:
                answer.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            _logger.warning(
                "the platform did not answer", extra={"account_id": account.id, "why": type(error).__name__}
            )
            return Undecided()
        return _answer_of(int(answer.status), content)


def signature(secret: str, body: bytes, *, at: int) -> str:
    """``t=…,v1=…``: the time in seconds, and the HMAC-SHA256 of that time, a full stop and the body."""
    signed = hmac.digest(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hex()
    return f"t={at},v1={signed}"


def _request_body(account: Account, templates: Sequence[Template]) -> dict[str, Any]:
    return {
        "account_id": account.id,
        "name": account.name,
        "client": asdict(account.client),
        "country": account.country,
        "data_region": account.data_region,
        "language": account.language,
        "time_zone": account.time_zone,
        "custom_domain": account.custom_domain,
        "plan": asdict(account.plan),
        "templates": [
            {"id": each.id, "name": each.name, "subject": each.subject, "html": each.html} for each in templates
        ],
    }


def _answer_of(status: int, content: bytes) -> Answer:
    """The answer in a response; anything unclear is undecided."""
    if status != 200:
        if status != 202:
            _logger.warning("the platform refused the request", extra={"answered": status})
        return Undecided()
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):  # no JSON, nested too deep
        answer = None
    match answer:
        case {"status": "ready"}:
            return Ready()
        case {"status": "failed", **rest}:
            return Failed(_reason(rest.get("reason")) or "The platform gave no reason.")
    _logger.warning("the platform's answer could not be understood")
    return Undecided()


def _reason(said: Any) -> str:
    """The given reason on one line; a lone surrogate, which no table stores, becomes a question mark."""
    text = str(said or "").encode(errors="replace").decode()
    return one_line(text)[:_LONGEST_REASON]


@cache
def _pool() -> Any:
    import urllib3

    return urllib3.PoolManager()


def platform() -> Platform:
    """The platform of this installation: the configured one; without one the sandbox's, or in production none."""
    if url := settings().provisioning_url:
        return WebhookPlatform(url)
    return InstantPlatform() if settings().production else SandboxPlatform()
