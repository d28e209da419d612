"""Saved views: filters, columns and an order of the account overview, saved under a name (docs/rules.md §12)."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from chalicelib.domain.values import dataclass

MOST_VIEWS = 50
"""The most views a partner can keep, and each of its people."""


@dataclass(frozen=True, slots=True)
class View:
    """A partner's view, or one of its people's own, by the ``person_id``.

    ``settings`` are parameters of the list of accounts, by name.
    """

    id: str
    partner_id: str
    name: str
    created_at: datetime
    updated_at: datetime
    settings: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str | None = None
    person_id: str | None = None
    version: int = 0
