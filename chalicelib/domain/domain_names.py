"""Which domain names are valid (docs/api.md, Conventions)."""

import re

LONGEST = 253
NAME = r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+([a-z]{2,63}|xn--[a-z0-9-]{1,57}[a-z0-9])"
"""The pattern of a full domain name in ASCII and lower case; other scripts are written as `xn--…`. It matches no IP
address."""
_DOMAIN = re.compile(NAME)


def is_domain(text: str) -> bool:
    """Whether this is a full domain name, in ASCII and lower case."""
    return len(text) <= LONGEST and _DOMAIN.fullmatch(text) is not None
