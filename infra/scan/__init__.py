"""What `make scan` looks at: the packaged template with checkov and cfn-lint, the deployed API with
schemathesis.

The tools have an environment of their own, `.venv-scan`, and are run as commands: checkov wants other versions of
what the project uses.
"""

from pathlib import Path

from infra.package import PROJECT

TOOLS = PROJECT / ".venv-scan" / "bin"


def tool(name: str) -> Path:
    """The path of a tool's command. Raises NotInstalled."""
    path = TOOLS / name
    if not path.exists():
        raise NotInstalled(f"{name} is not installed in {TOOLS.parent.name}; `make scan` installs it.")
    return path


class NotInstalled(Exception):
    """A tool is missing."""
