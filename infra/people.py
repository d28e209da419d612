"""The people of the portal, as whoever runs the stack sees to them: `python -m infra.people invite|list|turn-off-app`.

`invite EMAIL` invites somebody to the vendor's own team, as its first operator for instance, or with `--partner` to a
partner's, and prints the link, which is valid for seven days and mailed to nobody. `list` shows a team's people and
open invitations. `turn-off-app EMAIL` lets somebody sign in with the password alone who has lost the authenticator app
and the recovery codes: find out who asks before. All sessions of that person end.

The product's own service writes the rows, straight into the stack's table, with the credentials of whoever runs this.
`--local` means the stack on this machine, `--stack NAME` one on AWS. Exit code 0: done. 1: refused, the message says
why. 2: the stack could not be reached.
"""

import argparse
import json
import sys
from typing import Any

import boto3
from rich.console import Console

from infra.commands import parser_of, run, stack_options
from infra.operator import ACTOR
from infra.stacks import stack_outputs

ROLES = ("owner", "billing", "member", "read_only", "operator", "observer")


def main(argv: list[str] | None = None) -> int:
    """The command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    return run(arguments, arguments.act)


def _parser() -> argparse.ArgumentParser:
    where = stack_options()
    team = argparse.ArgumentParser(add_help=False)
    team.add_argument("--partner", metavar="ID", help="the partner whose team it is (default: the vendor's own)")
    parser = parser_of("infra.people", __doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    invite = commands.add_parser("invite", parents=[where, team], help="invite somebody, and print the link")
    invite.add_argument("email", help="whose address it is")
    invite.add_argument("--role", choices=ROLES, help="default: owner at a partner, operator at the vendor")
    invite.add_argument("--language", default="en", help="of the pages (default: en)")
    invite.set_defaults(act=_invite)
    listed = commands.add_parser("list", parents=[where, team], help="show who is in a team, and who is invited")
    listed.add_argument("--json", action="store_true", help="print JSON, and nothing else")
    listed.set_defaults(act=_list)
    lost = commands.add_parser(
        "turn-off-app", parents=[where], help="let somebody sign in without the app that is lost"
    )
    lost.add_argument("email", help="whose address it is")
    lost.set_defaults(act=_turn_off_app)
    return parser


def _invite(arguments: argparse.Namespace) -> None:
    from chalicelib.api import clock
    from chalicelib.domain.people.roles import VENDOR, Role, roles_of
    from chalicelib.services.partners import partners
    from chalicelib.services.people import invitations, mailing

    now = clock.now()
    team_id = partners.get_keyed(partner_id=arguments.partner).id if arguments.partner else VENDOR
    invitation = invitations.invite_to(
        team_id,
        email=arguments.email,
        role=Role(arguments.role) if arguments.role else roles_of(team_id)[0],
        language=arguments.language,
        actor=ACTOR,
        by=mailing.product_name(),
        now=now,
    )
    print(invitations.link_for(team_id, invitation, base_url=_base_url(arguments), now=now))


def _base_url(arguments: argparse.Namespace) -> str:
    from chalicelib.config import settings
    from infra.local import access

    if arguments.local:
        return access.announced().base_url
    outputs = stack_outputs(boto3.client("cloudformation"), arguments.stack)
    return settings().public_url or outputs["EndpointURL"].rstrip("/")


def _list(arguments: argparse.Namespace) -> None:
    people = _people_of(arguments.partner)
    if arguments.json:
        print(json.dumps(people))
        return
    console = Console(highlight=False)
    for each in people:
        state = "invited until" if each["invited"] else "since"
        app = " with an app" if each["app"] else ""
        shown = f"{each['email']:<40} {each['role']:<10} {state} {each['at'][:10]}{app}"
        console.print(shown, markup=False, soft_wrap=True)


def _people_of(partner_id: str | None) -> list[dict[str, Any]]:
    from chalicelib.api import clock
    from chalicelib.domain.people.roles import VENDOR
    from chalicelib.services.people import teams

    people = teams.people_of(partner_id or VENDOR, now=clock.now())
    members = [
        {
            "email": each.person.email,
            "name": each.person.name,
            "role": each.role,
            "invited": False,
            "app": each.person.second_factor is not None,
            "at": each.since.isoformat(),
        }
        for each in people.members
    ]
    invited = [
        {
            "email": each.email,
            "name": "",
            "role": each.role,
            "invited": True,
            "app": False,
            "at": each.ends_at.isoformat(),
        }
        for each in people.invitations
    ]
    return members + invited


def _turn_off_app(arguments: argparse.Namespace) -> None:
    from chalicelib.api import clock
    from chalicelib.services.people import second_factors

    second_factors.turn_off_for(arguments.email, actor=ACTOR, now=clock.machine_now(), told_at=clock.now())
    print(f"{arguments.email} signs in with the password alone, and anew everywhere.")


if __name__ == "__main__":
    sys.exit(main())
