"""Token buckets of request limits, a row each in the table of guards. DynamoDB deletes those that are full again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError

from chalicelib.config import TableName
from chalicelib.domain.request_limits import Bucket
from chalicelib.models.base import InstantAttribute, Row, code_of
from chalicelib.models.transactions import subject_unchanged

_KEPT = timedelta(hours=1)
"""How long a bucket that is full again is kept."""


class ExactInstantAttribute(InstantAttribute):
    """An instant with microseconds: a token comes back within milliseconds."""

    def serialize(self, value: datetime) -> str:
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class BucketRow(Row[Bucket]):
    holds = Bucket

    class Meta:
        table_name = TableName("guards_table")

    id = UnicodeAttribute(hash_key=True)
    full_at = ExactInstantAttribute()
    version = NumberAttribute()
    expires_at = NumberAttribute()


def get(bucket_id: str) -> Bucket:
    """The bucket, read consistently; a full one if there is no row."""
    try:
        return BucketRow.get(bucket_id, consistent_read=True).value()
    except BucketRow.DoesNotExist:
        return Bucket(bucket_id)


def put(bucket: Bucket) -> Bucket | None:
    """Write the bucket: as written, or None if it was changed since it was read. One try: a request waits for it."""
    written = replace(bucket, version=bucket.version + 1)
    row = BucketRow.of(written, expires_at=int((written.full_at + _KEPT).timestamp()))
    try:
        row.save(condition=subject_unchanged(BucketRow, bucket.version))
    except PutError as error:
        if code_of(error) != "ConditionalCheckFailedException":
            raise
        return None
    return written
