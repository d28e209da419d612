"""How much the exhaustive tests try: a little in `make test`, a lot in `make prove`."""

import os

PROVING = os.environ.get("PROVE") == "1"


def examples(usual: int, *, prove: int) -> int:
    """How many random examples to try."""
    return prove if PROVING else usual
