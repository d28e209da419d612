"""Which names an account may have: a name is a subdomain of the vendor's (docs/rules.md §8)."""

import re

SHORTEST, LONGEST = 3, 63
_NAME = re.compile(r"(?!-)[a-z0-9-]{3,63}(?<!-)")

_OURS = [
    "account",
    "accounts",
    "admin",
    "administrator",
    "api",
    "app",
    "apps",
    "assets",
    "auth",
    "billing",
    "blog",
    "cdn",
    "dashboard",
    "docs",
    "help",
    "id",
    "login",
    "logout",
    "oauth",
    "operator",
    "pay",
    "payment",
    "payments",
    "portal",
    "public",
    "root",
    "secure",
    "security",
    "signup",
    "sso",
    "static",
    "status",
    "support",
    "sysadmin",
    "system",
]
"""Names under which people expect the vendor itself."""

_MACHINES = [
    "autoconfig",
    "autodiscover",
    "broadcasthost",
    "caldav",
    "carddav",
    "dns",
    "enterpriseenrollment",
    "enterpriseregistration",
    "ftp",
    "gateway",
    "imap",
    "internal",
    "intranet",
    "isatap",
    "kerberos",
    "lan",
    "ldap",
    "local",
    "localdomain",
    "localhost",
    "lyncdiscover",
    "mail",
    "mta-sts",
    "mx",
    "ntp",
    "pop",
    "pop3",
    "proxy",
    "sftp",
    "sip",
    "smtp",
    "ssh",
    "vpn",
    "webmail",
    "wpad",
    "www",
]
"""Names that programs look up by themselves: proxies, mail settings, name servers, the machine itself."""

_PEOPLE_TRUST = ["abuse", "hostmaster", "no-reply", "noreply", "postmaster", "webmaster"]
"""Addresses that certificate authorities and mail operators write to (RFC 2142)."""

RESERVED = frozenset([*_OURS, *_MACHINES, *_PEOPLE_TRUST])
_NUMBERED = re.compile(r"(?:dns|imap|mail|mx|ns|pop|smtp|www)[0-9]*")


def fault(name: str) -> str | None:
    """Why no account can be called ``name``, or None. The one rule for creating, checking and suggesting names."""
    if not _NAME.fullmatch(name):
        return f"must be {SHORTEST} to {LONGEST} of a–z, 0–9 and hyphen, not beginning or ending with a hyphen"
    if name[2:4] == "--":
        return "must not have hyphens in both the third and the fourth place: browsers show such a name as another one"
    if name in RESERVED or _NUMBERED.fullmatch(name):
        return f"{name!r} is reserved"
    return None
