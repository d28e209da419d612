"""Operators list partners and programs."""

from tests.functional.conftest import OPERATOR, Api


def names(api: Api, query: str = "") -> list[str]:
    """The partners' names on all pages."""
    found: list[str] = []
    cursor = ""
    while True:
        page = api.ask("GET", f"/v1/operator/partners?limit=2{query}{cursor}", key=OPERATOR).json
        found += [partner["name"] for partner in page["data"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def test_partners_of_all_programs_or_of_one_page_by_page_newest_first(api: Api) -> None:
    for number, program in enumerate(["agency", "solutions", "agency", "franchise", "agency"]):
        api.partner(name=f"{program} {number}", program=program)

    assert names(api) == ["agency 4", "franchise 3", "agency 2", "solutions 1", "agency 0"]
    assert names(api, "&program=agency") == ["agency 4", "agency 2", "agency 0"]


def test_a_program_that_there_is_not_is_refused_with_those_there_are(api: Api) -> None:
    answer = api.ask("GET", "/v1/operator/partners?program=gold", key=OPERATOR)

    assert answer.faults == {"program": "must be one of agency, franchise, solutions"}


def test_programs_are_listed_by_name(api: Api) -> None:
    first = api.ask("GET", "/v1/operator/programs?limit=2", key=OPERATOR).json
    rest = api.ask("GET", f"/v1/operator/programs?limit=2&cursor={first['next_cursor']}", key=OPERATOR).json

    assert [program["program"] for page in (first, rest) for program in page["data"]] == [
        "agency",
        "franchise",
        "solutions",
    ]
    assert rest["next_cursor"] is None


def test_partners_may_not_list_each_other(api: Api) -> None:
    answer = api.ask("GET", "/v1/operator/partners", key=api.partner().key)

    assert (answer.status, answer.code) == (403, "insufficient_scope")
