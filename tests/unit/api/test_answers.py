"""From a handler's result to the wire."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from chalicelib.api import problems
from chalicelib.api.answers import Answer, render
from chalicelib.api.base import Shape
from chalicelib.api.problems import Problem
from chalicelib.domain.refusals import Invalid, NotFound, Refusal


class Credentials(Shape):
    username: str
    password: str | None = None


class Created(Shape):
    id: str
    credentials: Credentials


CREATED = Created(id="acct_1", credentials=Credentials(username="admin"))


def test_secrets_are_in_what_is_sent_and_not_in_what_is_kept() -> None:
    rendered = render(Answer(CREATED, secrets={"credentials.password": "s3cret"}), status=201)

    assert json.loads(rendered.body)["credentials"] == {"username": "admin", "password": None}
    assert json.loads(rendered.revealed())["credentials"] == {"username": "admin", "password": "s3cret"}


def test_texts_go_out_as_they_are_written() -> None:
    assert render({"name": "Čapek"}, status=200).body == '{"name":"Čapek"}'


@pytest.mark.parametrize(
    ("result", "status"),
    [(None, 204), (Answer(), 204), (Answer(status=202), 202), (CREATED, 201), (Answer(CREATED, status=200), 200)],
)
def test_the_status_is_the_routes_unless_the_answer_has_its_own(result: object, status: int) -> None:
    assert render(result, status=201).status == status


def test_another_media_type_is_the_answers_own() -> None:
    answer = render(Answer("a,b\n", headers={"Content-Type": "text/csv"}), status=200)

    assert (answer.body, answer.headers) == ("a,b\n", {"Content-Type": "text/csv"})


def test_the_detail_of_a_refusal_without_one_is_its_title_or_its_faults() -> None:
    assert problems.of_error(Refusal()).detail == "The request conflicts with the current state."
    assert problems.of_error(Invalid(errors=[("day", "must be 1–31")])).detail == "day must be 1–31."
    assert problems.of_error(NotFound.of("account", "acct_1")).detail == "There is no account acct_1."


def test_whatever_a_refusal_carries_can_be_rendered() -> None:
    extra = {"at": datetime(2026, 1, 1, tzinfo=UTC), "percent": Decimal("12.5"), "what": object}

    document = json.loads(problems.of_error(Refusal(extra=extra)).render(request_id="r").body)

    assert document["at"] == "2026-01-01T00:00:00Z"
    assert document["percent"] == "12.5"
    assert document["request_id"] == "r"


def test_an_error_nobody_foresaw_is_a_500_without_a_word_of_it() -> None:
    problem = problems.of_error(KeyError("password=hunter2"))

    assert isinstance(problem, Problem)
    assert problem.status == 500
    assert "hunter2" not in problem.render(request_id="r").body
