"""Which email addresses are valid (docs/api.md, Conventions), and which reach the same person."""

import re
import unicodedata

from chalicelib.domain.domain_names import is_domain

LONGEST = 254
_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")


def is_email(text: str) -> bool:
    """Whether mail can be sent to this address: it is in ASCII, which is all that our mailer supports, and its domain
    in lower case."""
    name, _, domain = text.rpartition("@")
    return len(text) <= LONGEST and _LOCAL.fullmatch(name) is not None and is_domain(domain)


def same_person(email: str) -> str:
    """What two addresses have in common that reach one person: in lower case, in normal form KC, without ``+tag``.

    The domain is in ASCII already, as every stored address has it.
    """
    name, domain = _parts(email)
    untagged = name.partition("+")[0] or name
    return f"{untagged}@{domain}"


def domain_of(email: str) -> str:
    """The domain of an address, in lower case."""
    return _parts(email)[1]


def _parts(email: str) -> tuple[str, str]:
    name, _, domain = unicodedata.normalize("NFKC", email).lower().rpartition("@")
    return name, domain
