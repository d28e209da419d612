"""Campaign templates of accounts, and the links that share them (docs/rules.md §12)."""

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.domain.ids import derived_id
from chalicelib.domain.values import dataclass

MOST_TEMPLATES = 20
"""The most an account can have; with their contents they fit into the one transaction a snapshot is written in."""
MOST_HTML_BYTES = 100_000
SHARED_FOR = timedelta(days=7)
"""How long a link shares its template."""
DELETED_KEPT = timedelta(days=30)
"""A deleted template, or snapshot with its templates, stays this long, hidden, until DynamoDB removes it: accounts that
are being built from a snapshot still need it."""


@dataclass(frozen=True, slots=True)
class Template:
    """A mailing to start from. It never changes; to change one, create another.

    ``owner`` is an account or, for the copies a snapshot keeps, the snapshot; ``partner_id`` is whose
    it was when it was made; that partner gets its events.
    """

    id: str
    owner: str
    partner_id: str
    name: str
    html: str
    created_at: datetime
    updated_at: datetime
    subject: str = ""
    deleted_at: datetime | None = None
    revision: int = 0
    version: int = 0


@dataclass(frozen=True, slots=True)
class Share:
    """A link to a template, stored by the hash of its token; valid for the partner who made it."""

    hash: str
    template_id: str
    partner_id: str
    ends_at: datetime


def copy_for(template: Template, owner: str, *, now: datetime) -> Template:
    """The template as a snapshot keeps it, or an account gets it from one: the same copy however often it is made."""
    return replace(
        template,
        id=derived_id("tmpl", owner, template.id),
        owner=owner,
        created_at=now,
        updated_at=now,
        deleted_at=None,
        revision=0,
        version=0,
    )


def deleted(template: Template, *, by: str, now: datetime) -> Template:
    """The template deleted, without its content, ``by`` the partner that its account belongs to by now."""
    return replace(template, partner_id=by, html="", deleted_at=now, updated_at=now)
