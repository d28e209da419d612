"""Prints the token of a session on the deployed stack whose settings are in the environment.

`python -m tests.browser.sign_in TEAM ROLE LANGUAGE`, in a process of its own: the product reads its settings from the
environment.
"""

import sys
from dataclasses import replace
from datetime import UTC, datetime

from chalicelib.domain.people.roles import Role
from chalicelib.models.people import persons as person_rows
from chalicelib.models.transactions import commit
from chalicelib.services.people import sessions
from tests.people import make_person


def main(team: str, role: str, language: str) -> None:
    """The command."""
    person = make_person(f"{role}-{language}@{team.replace('_', '-')}.example", team=team, role=Role(role), name="Ann")
    commit([person_rows.put(replace(person, language=language))])
    print(sessions.begin(person_id=person.id, team_id=team, now=datetime.now(UTC)).token)


if __name__ == "__main__":
    main(*sys.argv[1:])
