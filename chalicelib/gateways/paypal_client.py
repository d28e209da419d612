"""Requests to PayPal over HTTPS: a token for our credentials, kept while it is good, and JSON in both directions.

PayPal's own packages have no payouts, or are no longer kept.
"""

import json
import time
from collections.abc import Callable
from dataclasses import field
from typing import Any

import urllib3

from chalicelib.domain.values import dataclass
from chalicelib.gateways.payouts import OutcomeUnknown, ProcessorMisconfigured

CONNECT_SECONDS, READ_SECONDS = 3.0, 10.0
"""A token, refused, replaced and the request repeated take 52 s at most: less than a worker keeps for what is begun."""
_MOST_BYTES = 5_000_000
_RENEWED_BEFORE_SECONDS = 60.0
_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY = 401, 403, 429


@dataclass(frozen=True, slots=True)
class PayPalAnswer:
    """The status of an answer, and the object in it; empty if there is none."""

    status: int
    body: dict[str, Any]

    @property
    def code(self) -> str:
        """PayPal's name of an error."""
        return str(self.body.get("name") or f"HTTP_{self.status}")


@dataclass
class PayPalClient:
    """PayPal at ``base``. ``credentials`` reads our client id and secret, `id:secret`, whenever a token is needed."""

    base: str
    credentials: Callable[[], str]
    _pool: Any = field(default_factory=urllib3.PoolManager, repr=False)
    _token: str | None = field(default=None, repr=False)
    _token_ends: float = 0.0

    def ask(self, method: str, path: str, body: Any = None) -> PayPalAnswer:
        """PayPal's answer. Raises :class:`OutcomeUnknown` for none, a 5xx, a 429 or one that is no JSON, and
        :class:`ProcessorMisconfigured` for credentials that it refuses.

        A token that PayPal refuses is replaced once: it may have been withdrawn early.
        """
        answer = self._ask_once(method, path, body)
        if answer.status == _UNAUTHORIZED:
            self._token = None
            answer = self._ask_once(method, path, body)
        if answer.status in (_UNAUTHORIZED, _FORBIDDEN):
            raise ProcessorMisconfigured(f"PayPal refuses our credentials for this: {answer.code}.")
        return answer

    def _ask_once(self, method: str, path: str, body: Any) -> PayPalAnswer:
        headers = {"Authorization": f"Bearer {self._valid_token()}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        return self._request(method, path, headers, content)

    def _valid_token(self) -> str:
        """The token, renewed a minute before it ends."""
        if self._token is None or time.monotonic() >= self._token_ends:
            headers = urllib3.make_headers(basic_auth=self.credentials())
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            asked_at = time.monotonic()
            answer = self._request("POST", "/v1/oauth2/token", headers, b"grant_type=client_credentials")
            token = answer.body.get("access_token")
            if answer.status != 200 or not isinstance(token, str):
                raise ProcessorMisconfigured(f"PayPal gives no token for our credentials: HTTP {answer.status}.")
            self._token = token
            self._token_ends = asked_at + float(answer.body.get("expires_in") or 0) - _RENEWED_BEFORE_SECONDS
        return self._token

    def _request(self, method: str, path: str, headers: dict[str, str], content: bytes | None) -> PayPalAnswer:
        try:
            # No redirects: credentials go only to the configured address. No repetitions: the caller decides.
            answer = self._pool.request(
                method,
                self.base + path,
                body=content,
                headers={"Accept": "application/json", **headers},
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            )
            try:
                text = answer.read(_MOST_BYTES)
            finally:
                answer.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise OutcomeUnknown(f"no answer of PayPal: {type(error).__name__}") from error
        if answer.status >= 500 or answer.status == _TOO_MANY:
            raise OutcomeUnknown(f"no answer of PayPal: HTTP {answer.status}")
        return PayPalAnswer(int(answer.status), _object_of(text))


def _object_of(text: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        raise OutcomeUnknown("PayPal's answer is no JSON") from error
    if not isinstance(parsed, dict):
        raise OutcomeUnknown("PayPal's answer is no object")
    return parsed
