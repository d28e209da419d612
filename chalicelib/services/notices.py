"""Notices: mails to those whom an event concerns (docs/rules.md §11)."""

from collections.abc import Sequence

from chalicelib.domain import notices as domain
from chalicelib.domain.events import Event
from chalicelib.gateways import notice_queue


def hand_over(told: Sequence[Event]) -> set[str]:
    """Queue those events of which somebody is to be told; the ids of those that were not taken."""
    return notice_queue.send([event for event in told if domain.kind_of(event) is not None])
