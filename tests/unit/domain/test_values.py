"""Our dataclasses are the standard library's, but for what they cost: each test holds for both."""

import copy
import dataclasses
import pickle
from typing import Any, ClassVar

import pytest

from chalicelib.domain import values


def define(dataclass: Any) -> dict[str, Any]:
    @dataclass(frozen=True, slots=True)
    class Point:
        x: int
        y: int = 0
        kind: ClassVar[str] = "point"

        def __post_init__(self) -> None:
            if self.x < 0:
                raise ValueError("x must not be negative")

    @dataclass(frozen=True, kw_only=True)
    class Named:
        name: str
        tags: list[str] = dataclasses.field(default_factory=list)
        note: str = dataclasses.field(default="", compare=False, repr=False)

    @dataclass(frozen=True, kw_only=True)
    class Numbered(Named):
        number: int

    @dataclass
    class Counter:
        count: int = 0

        def __repr__(self) -> str:
            return f"counted {self.count}"

    @dataclass(frozen=True)
    class Nothing:
        pass

    return {kind.__name__: kind for kind in (Point, Named, Numbered, Counter, Nothing)}


ours, standard = define(values.dataclass), define(dataclasses.dataclass)
both = pytest.mark.parametrize("kinds", [ours, standard], ids=["ours", "standard"])
globals().update(ours)  # where pickle looks for them
for name, kind in ours.items():
    kind.__qualname__ = name


@both
def test_values_are_made_of_their_fields(kinds: dict[str, Any]) -> None:
    assert dataclasses.astuple(kinds["Point"](1)) == (1, 0)
    assert dataclasses.astuple(kinds["Point"](1, y=2)) == (1, 2)
    assert dataclasses.astuple(kinds["Numbered"](name="a", number=1)) == ("a", [], "", 1)
    assert kinds["Named"](name="a").tags is not kinds["Named"](name="a").tags
    assert kinds["Point"].__match_args__ == ("x", "y")


@both
@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda kinds: kinds["Point"](), TypeError, r"Point\.__init__\(\) missing 1 required positional argument: 'x'"),
        (lambda kinds: kinds["Point"](1, 2, 3), TypeError, r"Point\.__init__\(\) takes from 2 to 3 positional"),
        (lambda kinds: kinds["Point"](1, z=3), TypeError, r"unexpected keyword argument 'z'"),
        (lambda kinds: kinds["Named"]("a"), TypeError, r"takes 1 positional argument but 2 were given"),
        (lambda kinds: kinds["Point"](-1), ValueError, "x must not be negative"),
        (lambda kinds: dataclasses.replace(kinds["Point"](1), x=-1), ValueError, "x must not be negative"),
    ],
)
def test_wrong_values_are_refused(kinds: dict[str, Any], make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make(kinds)


@both
def test_equal_are_those_of_one_class_with_equal_fields(kinds: dict[str, Any]) -> None:
    point, named, numbered = kinds["Point"], kinds["Named"], kinds["Numbered"]

    assert point(1, 2) == point(1, 2) != point(1, 3)
    assert point(1, 2) != (1, 2)
    assert named(name="a", note="one") == named(name="a", note="another")
    assert named(name="a") != numbered(name="a", number=1)
    assert kinds["Nothing"]() == kinds["Nothing"]()
    assert hash(point(1, 2)) == hash(point(1, 2)) == hash((1, 2))
    with pytest.raises(TypeError, match="unhashable"):
        hash(kinds["Counter"]())


@both
def test_what_is_frozen_does_not_change(kinds: dict[str, Any]) -> None:
    point = kinds["Point"](1)

    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'x'"):
        point.x = 2
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'x'"):
        del point.x
    assert not hasattr(point, "__dict__")
    counter = kinds["Counter"]()
    counter.count += 1
    assert counter.count == 1


@both
def test_values_show_what_they_are(kinds: dict[str, Any]) -> None:
    assert repr(kinds["Point"](1)).endswith("Point(x=1, y=0)")
    assert repr(kinds["Numbered"](name="a", number=1)).endswith("Numbered(name='a', tags=[], number=1)")
    assert repr(kinds["Counter"](2)) == "counted 2"


def test_copies_are_equal() -> None:
    for value in (ours["Point"](1, 2), ours["Named"](name="a"), ours["Counter"](3)):
        assert copy.copy(value) == copy.deepcopy(value) == dataclasses.replace(value) == value
        assert pickle.loads(pickle.dumps(value)) == value
