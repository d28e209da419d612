"""Campaign templates and the links to them, in the table of set-ups; those of an account are on its named list."""

from collections.abc import Iterable
from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.setup.templates import DELETED_KEPT, Share, Template
from chalicelib.models.base import InstantAttribute, Row
from chalicelib.models.transactions import Put, subject_unchanged


class TemplateRow(Row[Template]):
    holds = Template

    class Meta:
        table_name = TableName("setups_table")

    id = UnicodeAttribute(hash_key=True)
    owner = UnicodeAttribute()
    partner_id = UnicodeAttribute()
    name = UnicodeAttribute()
    subject = UnicodeAttribute(null=True)
    html = UnicodeAttribute()
    created_at = InstantAttribute()
    updated_at = InstantAttribute()
    deleted_at = InstantAttribute(null=True)
    revision = NumberAttribute(null=True)
    version = NumberAttribute()
    expires_at = NumberAttribute(null=True)
    actor = UnicodeAttribute()
    event = UnicodeAttribute()


class ShareRow(Row[Share]):
    holds = Share

    class Meta:
        table_name = TableName("setups_table")

    id = UnicodeAttribute(hash_key=True)
    hash = UnicodeAttribute()
    template_id = UnicodeAttribute()
    partner_id = UnicodeAttribute()
    ends_at = InstantAttribute()
    expires_at = NumberAttribute()


def put(template: Template, *, actor: str, event: str) -> Put:
    """The write of a template; without an ``event`` (a snapshot's copy) nothing is published."""
    changed = replace(template, version=template.version + 1, revision=template.revision + (1 if event else 0))
    gone = template.deleted_at + DELETED_KEPT if template.deleted_at else None
    row = TemplateRow.of(changed, actor=actor, event=event, expires_at=int(gone.timestamp()) if gone else None)
    return Put(row, subject=template.id, condition=subject_unchanged(TemplateRow, template.version))


def get(template_id: str) -> Template | None:
    """The template, read consistently, whoever it belongs to, deleted or not; other ids in the table name none."""
    if not template_id.startswith("tmpl_"):
        return None
    try:
        return TemplateRow.get(template_id, consistent_read=True).value()
    except TemplateRow.DoesNotExist:
        return None


def get_many(template_ids: Iterable[str]) -> dict[str, Template]:
    """The templates with these ids, deleted ones too, in one consistent read."""
    return {row.id: row.value() for row in TemplateRow.batch_get(list(template_ids), consistent_read=True)}


def put_share(share: Share) -> Put:
    row = ShareRow.of(share, id=_share_id(share.hash), expires_at=int(share.ends_at.timestamp()))
    return Put(row, subject=row.id, condition=ShareRow.hash.does_not_exist())


def share(token_hash: str) -> Share | None:
    """The link with that hash, ended or not."""
    try:
        return ShareRow.get(_share_id(token_hash), consistent_read=True).value()
    except ShareRow.DoesNotExist:
        return None


def _share_id(token_hash: str) -> str:
    return f"share_{token_hash}"
