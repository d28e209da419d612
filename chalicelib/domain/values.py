"""Dataclasses that cost little to define.

The standard library writes and compiles six methods for each dataclass, a millisecond of CPU each time a process
starts, and the product has two hundred. Here they share their methods, and only ``__init__`` is written: for the
classes that a process makes instances of, when it makes the first. Whatever else a dataclass is (its fields,
``replace``, slots, checkers of types) is the standard library's. See docs/decisions/cold-start.md.
"""

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls: type | None = None, /, *, frozen: bool = False, slots: bool = False, kw_only: bool = False):
        """As :func:`dataclasses.dataclass`: with ``__eq__`` and ``__repr__``, and a hash if it is ``frozen``."""

        def define(cls: type) -> type:
            cls.__doc__ = cls.__doc__ or cls.__name__  # the standard library would find out the signature for it
            given = vars(cls).keys()
            defined = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(cls)
            for name, method in _methods(defined, frozen=frozen, slots=slots, kw_only=kw_only).items():
                if name not in given:
                    setattr(defined, name, method)
            return defined

        return define if cls is None else define(cls)


def _methods(cls: Any, *, frozen: bool, slots: bool, kw_only: bool) -> dict[str, Any]:
    compared = _values([field.name for field in dataclasses.fields(cls) if field.compare])

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        cls.__init__ = _written_init(cls, frozen=frozen, kw_only=kw_only)
        cls.__init__(self, *args, **kwargs)

    def equal(self: Any, other: Any) -> Any:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: Any) -> int:
        return hash(compared(self))

    methods: dict[str, Any] = {
        "__init__": init,
        "__eq__": equal,
        "__repr__": _repr,
        "__hash__": hashed if frozen else None,
    }
    if frozen:
        methods |= {"__setattr__": _refuse_change, "__delattr__": _refuse_change}
        if slots:
            methods |= {"__getstate__": _state, "__setstate__": _set_state}
    return methods


def _written_init(cls: Any, *, frozen: bool, kw_only: bool) -> Callable[..., None]:
    """``__init__`` as the standard library writes it, from a dataclass with the same fields."""
    made = []
    for field in dataclasses.fields(cls):
        options = {name: getattr(field, name) for name in ("default", "default_factory", "init", "kw_only")}
        made.append((field.name, Any, dataclasses.field(**options)))
    after = {"__post_init__": cls.__post_init__} if hasattr(cls, "__post_init__") else {}
    options = {"repr": False, "eq": False, "frozen": frozen, "kw_only": kw_only}
    written = dataclasses.make_dataclass(cls.__name__, made, namespace=after, **options)
    return vars(written)["__init__"]  # type: ignore[no-any-return]


def _values(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """Reads these attributes."""
    if not names:
        return lambda _: ()
    read = attrgetter(*names)
    return read if len(names) > 1 else lambda value: (read(value),)


def _repr(self: Any) -> str:
    shown = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in dataclasses.fields(self) if each.repr)
    return f"{type(self).__qualname__}({shown})"


def _refuse_change(_: Any, name: str, *value: Any) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot {'assign to' if value else 'delete'} field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
