"""Invite links: a readable name that leads clients to a partner, and what its page offers (docs/rules.md §10)."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from chalicelib.domain.catalog.programs import NamesOffer, PlanKind, PlanOffer, Program
from chalicelib.domain.refusals import Refusal
from chalicelib.domain.values import dataclass

SHORTEST, LONGEST = 3, 40
_PN = re.compile(r"[a-z0-9-]{3,40}")
_SUFFIXES = range(2, 10)
MOST_PNS = 20
"""How many names a partner can have had: each stays its own for good, so one partner must not take them all."""


class Experience(StrEnum):
    """How a client can begin: with a trial, or by buying a plan."""

    TRIAL = "trial"
    BUY_NOW = "buy_now"


class ReferredToNobody(Refusal):
    """The partner's program has no referred accounts, so it has no invite links."""

    code = "no_invite_link"
    title = "The program has no invite links"


class TooManyNames(Refusal):
    """Every name that a partner has had stays its own; their number is limited."""

    code = "too_many_names"
    title = "The invite link has had too many names"


@dataclass(frozen=True, slots=True)
class HighlightedPlan:
    """A plan that the page of an invite link shows."""

    pricing_version: str
    product: str
    tier: str


@dataclass(frozen=True, slots=True)
class InviteLink:
    """A partner's invite link. ``pn`` is its name now, ``earlier_pns`` lead to the partner as well."""

    partner_id: str
    pn: str
    experiences: tuple[Experience, ...]
    created_at: datetime
    updated_at: datetime
    highlighted_plans: tuple[HighlightedPlan, ...] = ()
    """None: the page shows all plans that can be bought."""
    earlier_pns: tuple[str, ...] = ()
    revision: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True)
class Traffic:
    """How often an invite link was visited, and how many accounts were signed up for through it."""

    visits: int = 0
    sign_ups: int = 0


def pn_fault(pn: str) -> str | None:
    """Why this cannot be the name of an invite link, or None."""
    if _PN.fullmatch(pn) is None:
        return f"must be {SHORTEST} to {LONGEST} of a–z, 0–9 and hyphen"
    return None


def normalized(pn: str) -> str:
    """A name as somebody typed it, as it is stored."""
    return pn.strip().lower()


def default_pns(*, partner_name: str, partner_id: str) -> Iterator[str]:
    """Names for a partner's invite link, best first: from its name and, if that is another's, from its id as well."""
    plain = unicodedata.normalize("NFKD", partner_name).encode("ascii", "ignore").decode().lower()
    root = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[: LONGEST - 3].strip("-")
    if len(root) < SHORTEST:
        root = f"partner-{root}".strip("-")
    yield root
    for number in _SUFFIXES:
        yield f"{root}-{number}"
    tail = partner_id.rpartition("_")[2].lower()
    yield f"{root[: LONGEST - len(tail) - 1]}-{tail}"


def co_branded(address: str, *, pn: str) -> str | None:
    """The address of a page with the name of an invite link, `?pn=…`, in place of any it had; None if it is none."""
    try:
        parts = urlsplit(address.strip() if "://" in address else f"https://{address.strip()}")
        named = parts.hostname is not None and "." in parts.hostname and parts.port != 0
    except ValueError:  # brackets or a port that can't be one
        return None
    if (
        not named
        or parts.scheme not in ("http", "https")
        or parts.username is not None
        or re.search(r"\s", address.strip())
    ):
        return None
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "pn"]
    return urlunsplit(parts._replace(query=urlencode([*kept, ("pn", pn)])))


def refuse_unless_referring(program: Program) -> None:
    """Raise :class:`ReferredToNobody` for a program without referred accounts."""
    if "referred" not in program.relationships:
        raise ReferredToNobody(
            f"In the program {program.name} partners manage their accounts: create them by POST /v1/accounts."
        )


def possible_experiences(program: Program) -> tuple[Experience, ...]:
    """What a page can offer: trials only where the program has them."""
    return tuple(Experience) if program.trial_days is not None else (Experience.BUY_NOW,)


def shown_experiences(link: InviteLink, program: Program) -> tuple[Experience, ...]:
    """What the link's page offers: what the partner chose, as far as the program still has it."""
    possible = possible_experiences(program)
    return tuple(experience for experience in link.experiences if experience in possible) or possible


def plans_for_sale(program: Program) -> tuple[PlanOffer, ...]:
    """The plans that a client can buy, in the order of the price list."""
    return tuple(offer for offer in program.plans if offer.kind is PlanKind.PAID)


def shown_plans(link: InviteLink, program: Program) -> tuple[PlanOffer, ...]:
    """The plans on the link's page: the highlighted ones that are still for sale; all, where there are none."""
    for_sale = {_key(offer): offer for offer in plans_for_sale(program)}
    highlighted = tuple(for_sale[key] for plan in link.highlighted_plans if (key := _key(plan)) in for_sale)
    return highlighted or tuple(for_sale.values())


def faults(
    *, highlighted_plans: Sequence[HighlightedPlan], experiences: Sequence[Experience], program: Program
) -> Iterator[tuple[str, str]]:
    """What is wrong with what a page is to show, field by field."""
    for_sale = [_key(offer) for offer in plans_for_sale(program)]
    for i, plan in enumerate(highlighted_plans):
        if _key(plan) not in for_sale:
            yield f"highlighted_plans.{i}", f"must be one of {', '.join('/'.join(key) for key in for_sale)}"
        elif plan in highlighted_plans[:i]:
            yield f"highlighted_plans.{i}", "is there twice"
    possible = possible_experiences(program)
    for i, experience in enumerate(experiences):
        if experience not in possible:
            yield f"experiences.{i}", f"must be one of {', '.join(possible)}: the program has no trials"
        elif experience in experiences[:i]:
            yield f"experiences.{i}", "is there twice"


def renamed(link: InviteLink, pn: str) -> InviteLink:
    """The link under another name; the one it had still leads to it. Raises :class:`TooManyNames`."""
    if pn == link.pn:
        return link
    earlier = tuple(name for name in (*link.earlier_pns, link.pn) if name != pn)
    if len(earlier) >= MOST_PNS:
        raise TooManyNames(
            f"It has had {MOST_PNS} names, which all lead to it. Use one of them: {', '.join(link.earlier_pns)}."
        )
    return replace(link, pn=pn, earlier_pns=earlier)


def _key(plan: NamesOffer) -> tuple[str, str, str]:
    return plan.pricing_version, plan.product, plan.tier
