"""Ten versions of a function are kept, and the one that is called, however old."""

from typing import Any

import pytest

from infra.deploy.versions import delete_old_versions


class Functions:
    """Lambda with one function, its versions and what its alias calls."""

    def __init__(self, versions: int, called: int) -> None:
        self.versions, self.called = list(range(1, versions + 1)), called

    def get_paginator(self, _operation: str) -> "Functions":
        return self

    def paginate(self, **_asked: Any) -> list[dict[str, Any]]:
        return [{"Versions": [{"Version": str(each)} for each in ("$LATEST", *self.versions)]}]

    def get_alias(self, **_asked: Any) -> dict[str, str]:
        return {"FunctionVersion": str(self.called)}

    def delete_function(self, **asked: Any) -> None:
        self.versions.remove(int(asked["Qualifier"]))


@pytest.mark.parametrize(
    ("versions", "called", "kept"),
    [
        pytest.param(10, 10, [*range(1, 11)], id="ten versions"),
        pytest.param(11, 11, [*range(2, 12)], id="one too many"),
        pytest.param(30, 30, [*range(21, 31)], id="many, counted as numbers"),
        pytest.param(30, 3, [3, *range(21, 31)], id="gone back by hand to an old one"),
    ],
)
def test_the_newest_ten_are_kept_and_the_one_that_is_called(versions: int, called: int, kept: list[int]) -> None:
    functions = Functions(versions, called)

    deleted = delete_old_versions(functions, ["api"])

    assert functions.versions == kept
    assert deleted == versions - len(kept)
