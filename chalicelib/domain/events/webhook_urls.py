"""Which URLs webhooks may have: never internal addresses.

The checks of the URL's text only give early feedback. The protection is ``is_allowed``, which is called with the very
address a connection is made to.
"""

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from chalicelib.domain.domain_names import is_domain

LONGEST_URL = 2048

_ANY_HOST = re.compile(r"[a-z0-9._-]{1,253}|[0-9a-f:.]{2,45}", re.IGNORECASE)
_LOWEST_FREE_PORT = 1024
_NAT64 = IPv6Network("64:ff9b::/96")


def url_fault(url: str, *, production: bool, loopback: bool) -> str | None:
    """What is wrong with a webhook's URL, phrased to follow the field's name; None if nothing is."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or re.search(r'[\s\\"<>^`{|}]', url):
        return f"must be a URL of at most {LONGEST_URL} printable ASCII characters; encode others"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "must be a URL, such as https://hooks.agency.example/sublet"
    if parts.scheme not in ({"https"} if production else {"https", "http"}):
        return "must begin with https://" + ("" if production else " (outside production also http://)")
    if "@" in parts.netloc:
        return "must hold no user name or password; requests are signed"
    if parts.fragment or url.endswith("#"):
        return "must have no fragment (#…)"
    return _host_fault(host, production=production, loopback=loopback) or _port_fault(port, production=production)


def _host_fault(host: str | None, *, production: bool, loopback: bool) -> str | None:
    if not host or _ANY_HOST.fullmatch(host) is None or len(host) > 253:
        return "must name a host"
    if production and not is_domain(host.lower().replace("_", "-")):
        return "must name a host by its full domain name, not by an address"
    try:
        literal = ip_address(host)
    except ValueError:
        return None
    return None if is_allowed(str(literal), loopback=loopback) else "must not name an address of a private network"


def _port_fault(port: int | None, *, production: bool) -> str | None:
    if port is None or port == 443 or port >= _LOWEST_FREE_PORT or (port == 80 and not production):
        return None
    return f"must have port 443{'' if production else ', 80'} or one from {_LOWEST_FREE_PORT} on"


def is_allowed(address: str, *, loopback: bool) -> bool:
    """Whether a connection may be made to an IP address: one of the public internet or, with ``loopback``, 127.0.0.1.

    Private, shared, link-local (where clouds have their metadata), multicast, reserved and unspecified addresses are
    not allowed, nor such an IPv4 address inside an IPv6 one.
    """
    ip = _unwrapped(ip_address(address.partition("%")[0]))
    if ip.is_loopback:
        return loopback
    return ip.is_global and not (
        ip.is_private
        or ip.is_link_local
        or ip.is_multicast
        or ip.is_reserved
        or ip.is_unspecified
        or (isinstance(ip, IPv6Address) and (ip.is_site_local or ip.teredo is not None))
    )


def _unwrapped(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address inside a mapped, 6to4 or NAT64 address."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(ip.packed[-4:])
    return ip.ipv4_mapped or ip.sixtofour or ip
