"""State of the installation: its clock offset, how far each sweep and the audit got, its cursor secret.

Outside production also how far the streams were read."""

import base64
import secrets
from datetime import datetime
from functools import cache

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError

from chalicelib.aws import Table
from chalicelib.config import TableName
from chalicelib.models.base import InstantAttribute, code_of


class ControlRow(Table):
    class Meta:
        table_name = TableName("control_table")

    id = UnicodeAttribute(hash_key=True)
    offset_seconds = NumberAttribute(null=True)
    until = InstantAttribute(null=True)
    secret = UnicodeAttribute(null=True)
    position = UnicodeAttribute(null=True)


def clock_offset_seconds() -> float:
    """How far the clock of this stage was moved forward; production has no such row."""
    row = _get("clock")
    return float(row.offset_seconds or 0) if row else 0.0


def swept_until(sweep: str) -> datetime | None:
    """Up to when a sweep last sent everything that was due."""
    row = _get(f"sweep#{sweep}")
    return row.until if row else None


def remember_swept(sweep: str, *, until: datetime) -> None:
    ControlRow(f"sweep#{sweep}", until=until).save()


def unfinished(schedule: str) -> str | None:
    """What a schedule's last run left for the next one, as it wrote it."""
    row = _get(f"unfinished#{schedule}")
    return row.position if row else None


def remember_unfinished(schedule: str, position: str | None) -> None:
    """Leave something for a schedule's next run; None if nothing is left."""
    ControlRow(f"unfinished#{schedule}", position=position).save()


def remember_read(table: str, *, position: str) -> None:
    """Store how far a table's stream was read: the time machine waits for it."""
    ControlRow(f"read#{table}", position=position).save()


@cache
def cursor_secret() -> bytes:
    """The installation's own secret for signing list cursors, made when it is first needed."""
    row = _get("cursor_secret")
    if row is None:
        made = base64.b64encode(secrets.token_bytes(32)).decode()
        try:
            ControlRow("cursor_secret", secret=made).save(condition=ControlRow.id.does_not_exist())
        except PutError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
        row = ControlRow.get("cursor_secret", consistent_read=True)
    return base64.b64decode(row.secret)


def _get(row_id: str) -> ControlRow | None:
    try:
        return ControlRow.get(row_id, consistent_read=True)
    except ControlRow.DoesNotExist:
        return None
