"""The words of pages and mails: YAML files. A package holds them as JSON, too: YAML is slow to load and to read."""

import json
from pathlib import Path
from typing import Any


def read(file: Path) -> Any:
    """The content of a YAML file."""
    packaged = file.with_suffix(".json")
    if packaged.exists():
        return json.loads(packaged.read_text(encoding="utf-8"))
    import yaml

    return yaml.safe_load(file.read_text(encoding="utf-8"))
