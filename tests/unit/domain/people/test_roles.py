"""What each role may do (docs/rules.md §8)."""

import pytest

from chalicelib.domain.people.roles import OBSERVE, VENDOR, Role, roles_of
from chalicelib.services.partners.api_keys import OPERATOR_SCOPES, PARTNER_SCOPES


@pytest.mark.parametrize(
    ("role", "scopes"),
    [
        (Role.OWNER, {"read", "write", "billing"}),
        (Role.BILLING, {"read", "billing"}),
        (Role.MEMBER, {"read", "write"}),
        (Role.READ_ONLY, {"read"}),
        (Role.OPERATOR, {"operator"}),
        (Role.OBSERVER, {"observe"}),
    ],
)
def test_a_role_has_these_scopes(role, scopes):
    assert set(role.scopes) == scopes


def test_no_role_reaches_beyond_its_team_and_one_in_each_manages_it():
    for team, scopes in (("prt_1", PARTNER_SCOPES), (VENDOR, OPERATOR_SCOPES)):
        assert {scope for role in roles_of(team) for scope in role.scopes} - {OBSERVE} == set(scopes)
        assert [role for role in roles_of(team) if role.manages_team] == [roles_of(team)[0]]
