"""What a browser shows when something fails on a route that has nothing but pages."""

import pytest

from chalicelib.api.pages.problems import as_page
from chalicelib.api.problems import Problem

BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


def shown(status: int, *, accept: str = BROWSER, language: str = "de", detail: str = "Give <one>.") -> tuple[str, str]:
    """The media type and the text of a problem's answer."""
    problem = Problem(status=status, code="any", title="Not found", detail=detail, headers={"Retry-After": "5"})
    answer = as_page(problem.render(request_id="req-7"), accept=accept, accept_language=language)
    assert (answer.status, answer.headers["Retry-After"]) == (status, "5")
    return answer.headers["Content-Type"].partition(";")[0], answer.body


@pytest.mark.parametrize(
    ("status", "language", "title"),
    [
        pytest.param(503, "de", "Diese Seite ist im Moment nicht erreichbar", id="busy, in German"),
        pytest.param(503, "fr", "This page is not available at the moment", id="busy, in a language without texts"),
        pytest.param(500, "en", "Something went wrong", id="a fault of ours"),
        pytest.param(404, "de", "Nicht gefunden", id="the rest in German, too"),
        pytest.param(404, "fr", "Not found", id="or in the problem's words"),
    ],
)
def test_a_browser_gets_a_page(status: int, language: str, title: str) -> None:
    media, page = shown(status, language=language)
    assert media == "text/html"
    assert f"<h1>{title}</h1>" in page


def test_the_page_names_the_request_of_a_fault_of_ours_and_nothing_else_of_it() -> None:
    _, page = shown(500, language="en", detail="secret")
    assert "req-7" in page
    assert "secret" not in page


def test_a_problem_is_text_on_the_page() -> None:
    _, page = shown(422)
    assert "Give &lt;one&gt;." in page


@pytest.mark.parametrize("accept", ["application/json", "application/problem+json", "*/*"])
def test_other_clients_get_the_problem_document(accept: str) -> None:
    media, body = shown(503, accept=accept)
    assert (media, body[0]) == ("application/problem+json", "{")
