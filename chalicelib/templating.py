"""Pages from templates: they escape what they are given, and a name that nobody gave is an error, not an empty place.

Jinja is imported for the first page: most requests and all other functions answer without one.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment


def environment(folder: Path) -> "Environment":
    """The templates of a folder, each compiled when it is first asked for. Keep it: it holds what is compiled."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
