"""The product's platform: where an account is prepared before its client can use it (docs/decisions/provisioning.md).

It is asked until it has decided, always about the same account under the same id, so it must take being asked twice.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from aws_lambda_powertools import Logger

from chalicelib.config import settings
from chalicelib.domain.accounts.accounts import Account
from chalicelib.domain.setup.templates import Template
from chalicelib.domain.texts import one_line
from chalicelib.gateways import secrets

SANDBOX_KEY = "sandbox_provisioning"
"""Metadata of an account that tells the sandbox's platform what to do; production does not look at it."""

_logger = Logger(service="sublet", child=True)
_CONNECT_SECONDS, _READ_SECONDS = 3.0, 5.0
_MOST_BYTES = 10_000
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Ready:
    """The account can be used."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The account can't be prepared, for a reason its partner is told."""

    reason: str


@dataclass(frozen=True, slots=True)
class Undecided:
    """The platform works on it and will say so later, or could not be reached: it is asked again."""


Answer = Ready | Failed | Undecided


class Platform(Protocol):
    """What the product asks of its platform. None of it raises: no answer is :class:`Undecided`."""

    def is_instant(self, metadata: Mapping[str, str]) -> bool:
        """Whether such an account is ready as soon as it is created, so that nobody needs to be asked."""
        ...

    def prepare(self, account: Account, templates: Sequence[Template], *, now: datetime) -> Answer:
        """Ask for an account to be prepared, with the templates it has so far. Asking again changes nothing."""
        ...


class InstantPlatform:
    """No platform to be asked: every account is ready at once."""

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
    """A platform that takes signed JSON at ``url``: it answers 200 with a status, or 202 and says so later."""

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
        body = json.dumps(_asked_for(account, templates), separators=(",", ":")).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": account.id,
            "Sublet-Signature": signature(secret, body, at=int(now.timestamp())),
        }
        try:
            # No redirects: what is signed goes to the address that was configured and nowhere else.
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
        return _understood(int(answer.status), content)


def signature(secret: str, body: bytes, *, at: int) -> str:
    """``t=…,v1=…``: the time in seconds, and the HMAC-SHA256 of that time, a full stop and the body."""
    signed = hmac.digest(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hex()
    return f"t={at},v1={signed}"


def _asked_for(account: Account, templates: Sequence[Template]) -> dict[str, Any]:
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


def _understood(status: int, content: bytes) -> Answer:
    """The answer a response is; whatever is not clear is asked about again."""
    if status != 200:
        if status != 202:
            _logger.warning("the platform did not take it", extra={"answered": status})
        return Undecided()
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):  # no JSON, nested too deep
        told = None
    match told:
        case {"status": "ready"}:
            return Ready()
        case {"status": "failed", **rest}:
            return Failed(_reason(rest.get("reason")) or "The platform gave no reason.")
    _logger.warning("the platform's answer could not be understood")
    return Undecided()


def _reason(said: Any) -> str:
    """What was said, on one line; half a surrogate pair, which no table holds, becomes a question mark."""
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
