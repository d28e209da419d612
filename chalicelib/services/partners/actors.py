"""Whether whoever once did something may still act for a partner: an API key, or a person of its team."""

from chalicelib.models.people import teams as team_rows
from chalicelib.services.partners import api_keys

_PERSON = "person:"


def may_still_act(*, partner_id: str, actor: str) -> bool:
    """Whether ``actor``, as the event log names it (``api_key:key_…``, ``person:prs_…``), still acts for the partner.

    A key does until it is revoked, itself or with an ancestor; a person does as long as it is in the team.
    """
    if actor.startswith(_PERSON):
        return team_rows.get(partner_id).role_of(actor.removeprefix(_PERSON)) is not None
    return not api_keys.is_revoked(partner_id=partner_id, actor=actor)
