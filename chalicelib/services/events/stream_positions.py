"""How far the tables' streams were read: for the time machine, which waits until all changes are published."""

from collections.abc import Mapping

from chalicelib.config import settings
from chalicelib.models import control


def remember_read(positions: Mapping[str, str]) -> None:
    """Record the last change of each table that was handled. Production does not need it."""
    if settings().production:
        return
    for table, position in positions.items():
        control.remember_read(table, position=position)
