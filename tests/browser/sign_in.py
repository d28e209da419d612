"""Begins sessions on the deployed stack whose settings are in the environment.

`python -m tests.browser.sign_in` takes lines of `TEAM ROLE LANGUAGE` and answers each with the token of a session. It
is a process of its own, as the product reads its settings from the environment, and one for all sign-ins of a run.
"""

import sys
from dataclasses import replace
from datetime import UTC, datetime

from chalicelib.domain.people.roles import Role
from chalicelib.models.people import persons as person_rows
from chalicelib.models.transactions import commit
from chalicelib.services.people import sessions
from tests.people import make_person


def begin(team: str, role: str, language: str) -> str:
    """The token of a session of a new person with that role in the team."""
    person = make_person(f"{role}-{language}@{team.replace('_', '-')}.example", team=team, role=Role(role), name="Ann")
    commit([person_rows.put(replace(person, language=language))])
    return sessions.begin(person_id=person.id, team_id=team, now=datetime.now(UTC)).token


if __name__ == "__main__":
    for line in sys.stdin:
        print(begin(*line.split()), flush=True)
