"""A problem document as a page: for browsers, where a route has only pages and something failed before or behind it."""

import json

from chalicelib.api.answers import HTML, Rendered, render
from chalicelib.api.negotiation import preferred
from chalicelib.api.pages.layout import page
from chalicelib.api.pages.texts import texts_in
from chalicelib.api.problems import PROBLEM_JSON
from chalicelib.api.translations import translations_in
from chalicelib.domain.setup.branding import PLAIN


def as_page(problem: Rendered, *, accept: str | None, accept_language: str | None) -> Rendered:
    """The page in place of a problem document, with its status and headers; unchanged if the client prefers JSON.

    All of it is in the reader's language, as far as it has texts.
    """
    if preferred(accept, [PROBLEM_JSON, HTML]) != HTML:
        return problem
    document = json.loads(problem.body)
    texts = texts_in(None, accept_language=accept_language)
    if problem.status == 503:
        title, reason = texts.plain("unavailable"), texts.plain("unavailable_how")
    elif problem.status >= 500:
        title, reason = texts.plain("failed"), texts.html("failed_how", request=document["request_id"])
    else:
        translations = translations_in(texts.code)
        title = translations.said(document["title"], written={})
        reason = translations.of_refusal(document["code"], document["detail"], written={})
    answer = page(
        "notice",
        branding=PLAIN,
        texts=texts,
        status=problem.status,
        headers={name: value for name, value in problem.headers.items() if name != "Content-Type"},
        title=title,
        text=reason,
        role="alert",
        link=None,
    )
    return render(answer, status=problem.status)
