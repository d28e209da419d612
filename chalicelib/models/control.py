"""State of the installation: its clock offset, how far each sweep got, its cursor secret.

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
