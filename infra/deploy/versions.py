"""Old versions of functions: some are kept, to go back to at once; all of them would fill Lambda's room for code."""

from collections.abc import Iterable
from typing import Any

from infra.aliases import ALIAS

KEPT = 10
"""How many versions of each function are kept, besides the one that is called."""


def delete_old_versions(functions: Any, names: Iterable[str]) -> int:
    """Delete all but the newest versions of these functions, and the one that is called. Returns how many."""
    deleted = 0
    for name in names:
        pages = functions.get_paginator("list_versions_by_function").paginate(FunctionName=name)
        versions = [each["Version"] for page in pages for each in page["Versions"] if each["Version"].isdigit()]
        called = functions.get_alias(FunctionName=name, Name=ALIAS)["FunctionVersion"]
        for version in sorted(versions, key=int)[:-KEPT]:
            if version != called:
                functions.delete_function(FunctionName=name, Qualifier=version)
                deleted += 1
    return deleted
