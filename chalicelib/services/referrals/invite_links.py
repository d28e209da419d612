"""Invite links: reading, changing and finding them (docs/rules.md §10)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from chalicelib.domain.catalog.programs import Program
from chalicelib.domain.partners.partners import Partner
from chalicelib.domain.referrals import invite_links as domain
from chalicelib.domain.referrals.invite_links import Experience, HighlightedPlan, InviteLink, Traffic
from chalicelib.domain.refusals import Invalid, NotFound, Refusal
from chalicelib.domain.values import dataclass
from chalicelib.models import transactions
from chalicelib.models.referrals import invite_links as link_rows
from chalicelib.models.transactions import Busy, WriteConflict, commit
from chalicelib.programs import program as load_program
from chalicelib.services.partners import partners

_BUSY = "Others kept changing the invite link. Try again in a moment."
_SYSTEM = "system"


class PnTaken(Refusal):
    """Names of invite links are unique for good: none is ever given to another partner."""

    code = "pn_taken"
    title = "The name is taken"


@dataclass(frozen=True)
class ChangeRequest:
    """What a partner changes of its link; what is None stays."""

    pn: str | None = None
    highlighted_plans: tuple[HighlightedPlan, ...] | None = None
    experiences: tuple[Experience, ...] | None = None


@dataclass(frozen=True)
class Invitation:
    """A link with the partner it leads to and that partner's program."""

    link: InviteLink
    partner: Partner
    program: Program


def get_link(*, partner_id: str, now: datetime) -> InviteLink:
    """The partner's link. At its first use it gets a name made from the partner's.

    Raises :class:`domain.ReferredToNobody` where the program has no referred accounts.
    """
    return _invitation(partner_id, now=now).link


def get_traffic(*, partner_id: str) -> Traffic:
    """How often the partner's link was visited and used."""
    return link_rows.traffic(partner_id)


def change_link(*, partner_id: str, request: ChangeRequest, now: datetime, actor: str) -> InviteLink:
    """Change the link's name, the plans it highlights or what it offers. Earlier names keep leading to it.

    Raises :class:`Invalid`, :class:`PnTaken`, :class:`domain.TooManyNames`, :class:`domain.ReferredToNobody`.
    """

    def attempt() -> InviteLink:
        invitation = _invitation(partner_id, now=now)
        link = invitation.link
        changed = _changed(link, request, program=invitation.program)
        if changed == link:
            return link
        put = link_rows.put(replace(changed, updated_at=now), actor=actor, event="invite_link.changed")
        taken = [] if changed.pn == link.pn else [link_rows.take_pn(changed.pn, partner_id=partner_id, now=now)]
        try:
            commit([put, *taken])
        except WriteConflict as conflict:
            if link_rows.subject(changed.pn) in conflict.subjects:
                raise PnTaken(f"The name {changed.pn} is or was another partner's. Choose another.") from conflict
            raise
        return link_rows.stored(put)

    return transactions.retry(attempt, busy=_BUSY)


def find_invitation(pn: str, *, now: datetime) -> Invitation | None:
    """The link to which a name leads, as somebody typed it; None if it leads nowhere."""
    name = domain.normalized(pn)
    partner_id = link_rows.partner_of(name) if domain.pn_fault(name) is None else None
    return None if partner_id is None else invitation_of(partner_id=partner_id, now=now)


def get_invitation(pn: str, *, now: datetime) -> Invitation:
    """The link to which a name leads. Raises :class:`NotFound`."""
    invitation = find_invitation(pn, now=now)
    if invitation is None:
        raise NotFound("There is no such invite link. Ask whoever sent it to you for a new one.")
    return invitation


def invitation_of(*, partner_id: str, now: datetime) -> Invitation | None:
    """The link of a partner; None if its program has no referred accounts any more."""
    try:
        return _invitation(partner_id, now=now)
    except domain.ReferredToNobody:
        return None


def _invitation(partner_id: str, *, now: datetime) -> Invitation:
    partner = partners.get_partner(partner_id=partner_id)
    program = load_program(partner.program)
    domain.refuse_unless_referring(program)
    link = link_rows.get(partner_id) or _first_link(partner, program, now=now)
    return Invitation(link=link, partner=partner, program=program)


def _first_link(partner: Partner, program: Program, *, now: datetime) -> InviteLink:
    """The link as it is before the partner changes anything, with the first of its default names that is free."""
    for pn in domain.default_pns(partner_name=partner.name, partner_id=partner.id):
        link = InviteLink(
            partner_id=partner.id,
            pn=pn,
            experiences=domain.possible_experiences(program),
            created_at=now,
            updated_at=now,
        )
        put = link_rows.put(link, actor=_SYSTEM, event="")
        try:
            commit([put, link_rows.take_pn(pn, partner_id=partner.id, now=now)])
        except WriteConflict:
            if (made_meanwhile := link_rows.get(partner.id)) is not None:
                return made_meanwhile
            continue  # the name is another partner's
        return link_rows.stored(put)
    raise Busy(_BUSY, retry_after=1)


def _changed(link: InviteLink, request: ChangeRequest, *, program: Program) -> InviteLink:
    """The link with what was asked for. Raises :class:`Invalid` with every fault."""
    plans: Sequence[HighlightedPlan] = request.highlighted_plans or ()
    experiences: Sequence[Experience] = request.experiences or ()
    found = list(domain.faults(highlighted_plans=plans, experiences=experiences, program=program))
    if request.pn is not None and (fault := domain.pn_fault(request.pn)):
        found.insert(0, ("pn", fault))
    if found:
        raise Invalid(errors=found)
    changed = link if request.pn is None else domain.renamed(link, request.pn)
    if request.highlighted_plans is not None:
        changed = replace(changed, highlighted_plans=request.highlighted_plans)
    if request.experiences is not None:
        changed = replace(changed, experiences=request.experiences)
    return changed
