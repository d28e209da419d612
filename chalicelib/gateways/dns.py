"""Looking up the CNAME of a domain."""

from functools import cache
from typing import Protocol

from chalicelib.config import settings

_MOST_STEPS = 8
_PATIENCE_SECONDS = 3.0


class LookUpFailed(Exception):
    """No name server gave an answer, so nothing is known about the domain."""


class Resolver(Protocol):
    """Looks up names."""

    def chain(self, domain: str, *, towards: str) -> tuple[str, ...]:
        """The names the domain's CNAME leads through, up to ``towards`` or the last; none where it has no CNAME.

        In lower case, without a dot at the end. Raises :class:`LookUpFailed`.
        """
        ...


class DnsResolver:
    """The name servers of the machine."""

    def chain(self, domain: str, *, towards: str) -> tuple[str, ...]:
        """See :class:`Resolver`."""
        found: list[str] = []
        while len(found) < _MOST_STEPS and (not found or found[-1] != towards):
            following = self._cname(found[-1] if found else domain)
            if following is None or following in found:
                break
            found.append(following)
        return tuple(found)

    def _cname(self, name: str) -> str | None:
        import dns.exception  # importing takes 80 ms: only where a domain is verified
        import dns.resolver

        try:
            answer = dns.resolver.resolve(name, "CNAME", lifetime=_PATIENCE_SECONDS, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return None
        except dns.exception.DNSException as error:
            raise LookUpFailed(f"{name} could not be looked up") from error
        target: str = answer[0].target.to_text(omit_final_dot=True)
        return target.lower()


class SandboxResolver:
    """Answers names under ``.test``, which no name server has, by their first label; asks the others about all else."""

    def __init__(self, others: Resolver) -> None:
        self._others = others

    def chain(self, domain: str, *, towards: str) -> tuple[str, ...]:
        """``nothing.….test`` has no CNAME, ``elsewhere.….test`` the wrong one, ``unreachable.….test`` no answer."""
        if not domain.endswith(".test"):
            return self._others.chain(domain, towards=towards)
        match domain.partition(".")[0]:
            case "unreachable":
                raise LookUpFailed(f"{domain} could not be looked up")
            case "nothing":
                return ()
            case "elsewhere":
                return ("elsewhere.example",)
        return (towards,)


@cache
def resolver() -> Resolver:
    """The resolver of this installation."""
    return DnsResolver() if settings().production else SandboxResolver(DnsResolver())
