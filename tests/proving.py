"""How much the exhaustive tests try: a little in `make test`, a lot in `make prove`."""

import os

import pytest
from hypothesis import settings

PROVING = os.environ.get("PROVE") == "1"

settings.register_profile("sublet", deadline=None)  # how long an example takes depends on what else the machine does
settings.load_profile("sublet")


def examples(usual: int, *, prove: int) -> int:
    """How many random examples to try."""
    return prove if PROVING else usual


def at_once(usual: int, *, prove: int) -> pytest.MarkDecorator:
    """How many do the same at once: a few in `make test`, many in `make prove`. A test's argument is ``at_once``."""
    return pytest.mark.parametrize("at_once", [usual, pytest.param(prove, marks=pytest.mark.prove)])
