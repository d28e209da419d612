"""What this process sends to AWS and receives: requests and bytes, taken from what goes over the wire."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.httpsession import URLLib3Session


@dataclass
class Wire:
    """Requests, and the bytes of their bodies and of their answers'; watching costs next to nothing."""

    requests: int = 0
    bytes_moved: int = 0

    @contextmanager
    def watched(self) -> Iterator["Wire"]:
        real = URLLib3Session.send

        def send(session: Any, request: Any) -> Any:
            answer = real(session, request)
            self.requests += 1
            self.bytes_moved += len(request.body or b"") + len(answer.content)
            return answer

        URLLib3Session.send = send
        try:
            yield self
        finally:
            URLLib3Session.send = real
