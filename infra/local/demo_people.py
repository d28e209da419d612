"""Somebody to sign in as, for each demo partner and for the vendor: `python -m infra.local.demo_people TEAM=EMAIL …`.

A process of its own, since the product reads its settings from the process's environment. They join as people do who
are invited, but with a password that is printed: never on a stack in production.
"""

import os
import subprocess
import sys
from collections.abc import Mapping

from infra.local.deployed import STACK, DeployedStack
from infra.local.emulator import CREDENTIALS
from infra.package import PROJECT

PASSWORD = "twelve-green-bottles"  # noqa: S105 - of demo people on this machine


def create(deployed: DeployedStack, people: Mapping[str, str]) -> None:
    """Make a person in each team, by the team's id its email address."""
    subprocess.run(
        [sys.executable, "-m", "infra.local.demo_people", *(f"{team}={email}" for team, email in people.items())],
        cwd=PROJECT,
        env={**os.environ, **CREDENTIALS, "AWS_ENDPOINT_URL": deployed.endpoint},
        check=True,
    )


def main(teams_and_emails: list[str]) -> int:
    """Make the people in the stack whose settings this process takes on."""
    from infra.commands import take_on

    take_on(stack=STACK)
    for each in teams_and_emails:
        team_id, _, email = each.partition("=")
        join(team_id, email)
    return 0


def join(team_id: str, email: str) -> None:
    """Invite somebody to a team, and accept it for them. Raises RuntimeError in production."""
    from chalicelib.api import clock
    from chalicelib.config import settings
    from chalicelib.domain.people.roles import roles_of
    from chalicelib.services.people import invitations

    if settings().production:
        raise RuntimeError("Nobody signs in to production with a password that is printed.")
    now = clock.now()
    first = roles_of(team_id)[0]  # the role that manages the team
    invitation = invitations.invite_to(
        team_id, email=email, role=first, language="en", actor="operator", by="Demo", now=now
    )
    token = invitations.link_for(team_id, invitation, base_url="", now=now).rpartition("/")[2]
    name = email.partition("@")[0].capitalize()
    invitations.accept(token=token, name=name, password=PASSWORD, now=now)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
