"""Units as DynamoDB bills them, by the examples of its Developer Guide."""

import pytest

from benchmarks.units import (
    Index,
    Item,
    Layout,
    dollars,
    layout_of,
    query_units,
    read_units,
    size_of,
    size_of_value,
    write_units,
)

KB = 1024


def item_of(size: int, **others: str) -> Item:
    """An item of this many bytes, its key and ``others`` included."""
    known: Item = {"id": {"S": "1"}, **{name: {"S": text} for name, text in others.items()}}
    return {**known, "x": {"S": "." * (size - size_of(known) - 1)}}


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "name"}, 4),
        ({"S": ""}, 0),
        ({"S": "Zürich"}, 7),
        ({"S": "🦊"}, 4),
        ({"N": "0"}, 1),
        ({"N": "7"}, 2),
        ({"N": "27"}, 2),
        ({"N": "270"}, 2),  # the zero at the end is trimmed
        ({"N": "271"}, 3),
        ({"N": "-27"}, 3),
        ({"N": "0.0027"}, 2),
        ({"N": "12345678901234567890123456789012345678"}, 20),
        ({"B": "AQID"}, 3),
        ({"B": "AQI="}, 2),
        ({"B": b"\x01"}, 1),
        ({"BOOL": False}, 1),
        ({"NULL": True}, 1),
        ({"L": []}, 3),
        ({"M": {}}, 3),
        ({"L": [{"S": "ab"}, {"N": "7"}]}, 3 + 1 + 2 + 1 + 2),
        ({"M": {"ab": {"S": "cde"}}}, 3 + 1 + 2 + 3),
        ({"SS": ["ab", "c"]}, 3),
        ({"NS": ["7", "271"]}, 5),
        ({"BS": ["AQID", "AQI="]}, 5),
    ],
)
def test_a_value_has_its_documented_size(value, size):
    assert size_of_value(value) == size


def test_a_type_unknown_to_dynamodb_is_an_error():
    with pytest.raises(ValueError, match="X is no type"):
        size_of_value({"X": "1"})


def test_an_item_is_as_large_as_its_names_and_values():
    assert size_of({"id": {"S": "42"}, "größe": {"N": "7"}}) == 2 + 2 + 7 + 2


TABLE = Layout("t", ("id",))


@pytest.mark.parametrize(("size", "units"), [(500, 1), (KB, 1), (KB + 1, 2), (int(3.5 * KB), 4)])
def test_a_write_costs_a_unit_for_each_kilobyte_begun(size, units):
    assert write_units(TABLE, None, item_of(size)) == {"": units}


@pytest.mark.parametrize(("before", "after"), [(3 * KB, 500), (500, 3 * KB)])
def test_a_write_costs_the_larger_of_the_item_before_and_after(before, after):
    assert write_units(TABLE, item_of(before), item_of(after)) == {"": 3}


def test_a_deleted_item_costs_its_size_and_one_that_was_not_there_a_unit():
    assert write_units(TABLE, item_of(3 * KB), None) == {"": 3}
    assert write_units(TABLE, None, None) == {"": 1}


def test_in_a_transaction_the_item_costs_twice():
    assert write_units(TABLE, None, item_of(3 * KB), transactional=True) == {"": 6}


PLAYERS = Layout("t", ("id",), (Index("by_team", ("team",), ("score",)),))


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        (None, {"team": "a"}, 1),  # put into the index
        ({}, {"team": "a"}, 1),
        ({"team": "a"}, {"team": "b"}, 2),  # the entry goes, another comes
        ({"team": "a"}, {}, 1),  # the entry goes
        ({"team": "a"}, None, 1),
        ({}, {"score": "1"}, 0),  # not in the index, neither before nor after
        ({"team": "a", "score": "1"}, {"team": "a", "score": "2"}, 1),  # what is projected changes
        ({"team": "a", "nick": "1"}, {"team": "a", "nick": "2"}, 0),  # what isn't projected changes
    ],
)
def test_an_index_costs_what_the_guide_says(before, after, units):
    old, new = (None if state is None else item_of(100, **state) for state in (before, after))

    assert write_units(PLAYERS, old, new).get("by_team", 0) == units


def test_an_index_entry_is_as_large_as_what_is_projected_and_not_doubled_in_a_transaction():
    whole = Layout("t", ("id",), (Index("by_team", ("team",), None),))
    item = item_of(3 * KB, team="a")

    assert write_units(whole, None, item, transactional=True) == {"": 6, "by_team": 3}
    assert write_units(PLAYERS, None, item, transactional=True) == {"": 6, "by_team": 1}


def test_a_layout_is_read_from_a_tables_definition():
    definition = {
        "TableName": "t",
        "KeySchema": [{"AttributeName": "at", "KeyType": "RANGE"}, {"AttributeName": "id", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "all",
                "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            },
            {
                "IndexName": "keys",
                "KeySchema": [{"AttributeName": "b", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            },
            {
                "IndexName": "some",
                "KeySchema": [{"AttributeName": "c", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["d"]},
            },
        ],
    }

    layout = layout_of(definition)

    assert layout.keys == ("id", "at")
    assert layout.indexes == (Index("all", ("a",), None), Index("keys", ("b",), ()), Index("some", ("c",), ["d"]))


@pytest.mark.parametrize(("size", "consistent", "units"), [(3500, True, 1), (3500, False, 0.5), (10 * KB, True, 3)])
def test_a_read_costs_a_unit_for_each_four_kilobytes_begun_and_half_if_it_may_lag(size, consistent, units):
    assert read_units([item_of(size)], consistent=consistent) == units


def test_items_read_in_a_batch_are_rounded_one_by_one():
    assert read_units([item_of(int(1.5 * KB)), item_of(int(6.5 * KB))], consistent=True) == 3


def test_an_item_that_is_not_there_costs_the_smallest_read():
    assert read_units([None], consistent=True) == 1
    assert read_units([None], consistent=False) == 0.5


def test_the_items_of_a_query_are_rounded_together():
    items = [item_of(64) for _ in range(1500)]  # 96,000 bytes

    assert query_units(items, consistent=True) == 24
    assert query_units(items, consistent=False) == 12
    assert query_units([], consistent=False) == 0.5


def test_a_million_renewals_cost_what_their_units_cost():
    assert dollars(writes=8, reads=4) == 5.5
