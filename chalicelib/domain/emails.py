"""Which email addresses are valid (docs/api.md, Conventions)."""

import re

from chalicelib.domain.domain_names import is_domain

LONGEST = 254
_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")


def is_email(text: str) -> bool:
    """Whether mail can be sent to this address: it is in ASCII, which is all that our mailer supports, and its domain
    in lower case."""
    name, _, domain = text.rpartition("@")
    return len(text) <= LONGEST and _LOCAL.fullmatch(name) is not None and is_domain(domain)
