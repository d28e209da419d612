"""People by id, which follows from their email address. Their rows publish nothing."""

from collections.abc import Iterable
from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.config import TableName
from chalicelib.domain.people.persons import Person, SecondFactor
from chalicelib.domain.people.sessions import OpenSession
from chalicelib.models.base import DataAttribute, InstantAttribute, Row
from chalicelib.models.transactions import Put, subject_unchanged


class PersonRow(Row[Person]):
    holds = Person

    class Meta:
        table_name = TableName("people_table")

    id = UnicodeAttribute(hash_key=True)
    email = UnicodeAttribute()
    name = UnicodeAttribute()
    language = UnicodeAttribute()
    password_hash = UnicodeAttribute()
    created_at = InstantAttribute()
    updated_at = InstantAttribute()
    generation = NumberAttribute(null=True)
    teams = DataAttribute[tuple[str, ...]](tuple[str, ...], null=True)
    sessions = DataAttribute[tuple[OpenSession, ...]](tuple[OpenSession, ...], null=True)
    second_factor = DataAttribute[SecondFactor](SecondFactor, null=True)
    version = NumberAttribute()


def get(person_id: str) -> Person | None:
    """A person, read consistently; other ids in the table name none."""
    if not person_id.startswith("prs_"):
        return None
    try:
        return PersonRow.get(person_id, consistent_read=True).value()
    except PersonRow.DoesNotExist:
        return None


def get_many(person_ids: Iterable[str]) -> dict[str, Person]:
    """People by id, in one read for every hundred."""
    return {row.id: row.value() for row in PersonRow.batch_get(list(person_ids), consistent_read=True)}


def put(person: Person) -> Put:
    """The write of a person, on condition that nobody else has written it since it was read."""
    row = PersonRow.of(replace(person, version=person.version + 1))
    return Put(row, subject=person.id, condition=subject_unchanged(PersonRow, person.version))
