"""How far the tables' streams were read: for the time machine, which waits until all that happened was told."""

from collections.abc import Mapping

from chalicelib.config import settings
from chalicelib.models import control


def remember_read(positions: Mapping[str, str]) -> None:
    """Note the last change of each table that was handled, once it was; production has no use for it."""
    if settings().production:
        return
    for table, position in positions.items():
        control.remember_read(table, position=position)
