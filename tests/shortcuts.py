"""Shortcuts around what costs moto most. All of it is off the path of what the tests are about."""

import copy
import functools
from types import SimpleNamespace
from typing import Any

import moto.core.responses
import moto.dynamodb.models
import moto.dynamodb.models.table
import moto.sqs.models
from botocore.useragent import UserAgentString
from moto.core.serialize import ResponseSerializer
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict

from tests import calls, wire
from tests.wire import ACCOUNT, REGION

__all__ = ["ACCOUNT", "REGION", "install", "queue_emptied", "table_copied"]

ITEM_BYTES = 405_000
"""What moto takes for DynamoDB's limit."""


def install() -> None:
    """Put the shortcuts in place, for the whole process."""
    wire.cut()
    calls.watch()
    _cheap_transactions()
    _cheap_items()
    _cheap_conditions()
    _cheap_answers()


def table_copied(table: Any) -> Any:
    """A table of moto's as it is now. Its items are shared: a put replaces them, none is changed in place."""
    copied = copy.copy(table)
    copied.items = type(table.items)(table.items.default_factory)
    for key, found in table.items.items():
        copied.items[key] = found.copy() if isinstance(found, dict) and table.has_range_key else found
    if table.stream_shard is not None:
        copied.stream_shard = copy.copy(table.stream_shard)
        copied.stream_shard.table = copied
        copied.stream_shard.items = list(table.stream_shard.items)
    return copied


def queue_emptied(queue: Any) -> Any:
    """A queue of moto's as it was when it was made."""
    copied = copy.copy(queue)
    copied._messages, copied._pending_messages, copied.deleted_messages = [], set(), set()
    return copied


def _cheap_transactions() -> None:
    """Spare moto the deep copy of whole tables it makes before each transaction; ours put, delete and check only."""

    def deepcopy(thing: Any) -> Any:
        is_table = isinstance(thing, moto.dynamodb.models.Table)
        return table_copied(thing) if is_table else copy.deepcopy(thing)

    moto.dynamodb.models.copy = SimpleNamespace(deepcopy=deepcopy)


def _cheap_items() -> None:
    """Spare moto adding up an item's size over and over, and copying what it finds before it copies it once more."""
    measure, project = Item.size, Item.project

    def made(self: Item, hash_key: Any, range_key: Any, attrs: dict[str, Any]) -> None:
        _fill(self, hash_key, range_key, {name: DynamoType(value) for name, value in attrs.items()})
        self.bytes = measure(self)
        if self.bytes > ITEM_BYTES:
            raise ItemSizeTooLarge

    def size(self: Item) -> int:
        return self.bytes if hasattr(self, "bytes") else measure(self)

    def projected(self: Item, wanted: list[list[str]]) -> Item:
        if any(len(path) > 1 for path in wanted):
            return project(self, wanted)
        attrs = {name: self.attrs[name] for (name,) in wanted if name in self.attrs}
        return _fill(Item.__new__(Item), self.hash_key, self.range_key, attrs)

    def deepcopy(thing: Any) -> Any:
        if isinstance(thing, list) and all(isinstance(found, Item) for found in thing):
            return list(thing)
        return thing if isinstance(thing, Item) else copy.deepcopy(thing)

    Item.__init__, Item.size, Item.project = made, size, projected
    moto.dynamodb.models.table.copy = SimpleNamespace(copy=copy.copy, deepcopy=deepcopy)


def _fill(item: Item, hash_key: Any, range_key: Any, attrs: dict[str, Any]) -> Item:
    item.hash_key, item.range_key, item.attrs = hash_key, range_key, LimitedSizeDict()
    item.attrs.update(attrs)
    return item


def _cheap_conditions() -> None:
    """Spare moto parsing a condition twice for each write of a transaction."""
    parse, kept = ConditionExpressionParser.parse, dict[str, Any]()

    def parsed(self: Any) -> Any:
        key = repr((self.condition_expression, self.expression_attribute_names, self.expression_attribute_values))
        if key not in kept:
            if len(kept) > 1_000:
                kept.clear()
            kept[key] = parse(self), self.expr_attr_names_found, self.expr_attr_values_found
        condition, names, values = kept[key]
        self.expr_attr_names_found, self.expr_attr_values_found = [*names], [*values]
        return condition

    ConditionExpressionParser.parse = parsed


def _cheap_answers() -> None:
    """Spare moto asking each attribute for all ten types of value (it is as on the wire), and the like."""
    original = ResponseSerializer._serialize_type_structure

    def serialize(self: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == "AttributeValue" and type(value) is dict:
            self._default_serialize(serialized, value, shape, key)
        else:
            original(self, serialized, value, shape, key)

    ResponseSerializer._serialize_type_structure = serialize  # type: ignore[method-assign]
    for name in ("method_names_from_class", "camelcase_to_underscores"):
        cached = functools.cache(getattr(moto.core.responses, name))
        setattr(moto.core.responses, name, cached)
        if hasattr(moto.sqs.models, name):
            setattr(moto.sqs.models, name, cached)
    moto.core.responses.gen_amzn_requestid_long = lambda headers=None: "request-id"
    UserAgentString.to_string = lambda self: "tests"
